"""Handlers that wait until a socket is ready before they read from it, each in another way."""

import http.client
import json
import os
import select
import selectors
import threading
import time

from clients import HOST, PATH, body, headers

LIMIT_S = 20


class Waits:
    """Asks, waits until there is something to read, but not for ever, and reads."""

    def __init__(self, readable):
        self.readable = readable

    def complete(self, request):
        connection = http.client.HTTPSConnection(HOST)
        connection.request("POST", PATH, json.dumps(body(request)), headers())
        started_s = time.monotonic()
        if not self.readable(connection.sock):
            connection.close()
            return f"nothing after {time.monotonic() - started_s} s"
        waited_s = time.monotonic() - started_s
        connection.sock.settimeout(0)  # no more waiting
        return f"{connection.getresponse().status} after {waited_s} s"


def by_select(sock):
    readable, writable, _ = select.select([sock], [], [sock], LIMIT_S)
    assert not writable
    assert all(one is sock for one in readable)
    return readable


def by_poll(sock):
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    assert poll.poll() == [(sock.fileno(), select.POLLOUT)]
    poll.modify(sock, select.POLLIN)
    got = poll.poll(LIMIT_S * 1000)
    assert [event for _, event in got] in ([], [select.POLLIN])
    poll.unregister(sock)
    assert poll.poll(0) == []
    return got


def by_selector(sock, kind=selectors.DefaultSelector):
    with kind() as selector:
        selector.register(sock, selectors.EVENT_WRITE, "mine")
        assert [(key.data, events) for key, events in selector.select()] == [("mine", selectors.EVENT_WRITE)]
        selector.modify(sock, selectors.EVENT_READ)
        got = selector.select(LIMIT_S)
        assert all(key.fileobj is sock and events == selectors.EVENT_READ for key, events in got)
        selector.unregister(sock)
        return got


def by_poll_selector(sock):
    return by_selector(sock, selectors.PollSelector)


def by_pieces(sock):
    """Looks again and again for a moment, and at a pipe as well, on which nothing comes."""
    reader, writer = os.pipe()
    try:
        ends_s = time.monotonic() + LIMIT_S
        while (left_s := ends_s - time.monotonic()) > 0:
            if select.select([sock, reader], [], [], min(0.25, left_s))[0] == [sock]:
                return True
        return False
    finally:
        os.close(reader)
        os.close(writer)


def select_():
    return Waits(by_select)


def poll():
    return Waits(by_poll)


def selector():
    return Waits(by_selector)


def poll_selector():
    return Waits(by_poll_selector)


def pieces():
    return Waits(by_pieces)


class TwoAtOnce:
    """Asks over two connections, the second of which another thread closes, and takes what is there first."""

    def complete(self, request):
        connections = [http.client.HTTPSConnection(HOST) for _ in range(2)]
        for connection in connections:
            connection.request("POST", PATH, json.dumps(body(request)), headers())
        sockets = [connection.sock for connection in connections]
        threading.Thread(target=lambda: [time.sleep(2), sockets[1].shutdown(2)]).start()
        with selectors.DefaultSelector() as selector:
            for number, sock in enumerate(sockets):
                selector.register(sock, selectors.EVENT_READ, number)
            started_s = time.monotonic()
            got = [key.data for key, _ in selector.select(LIMIT_S)]
            return repr((got, sockets[1].recv(10), time.monotonic() - started_s))
