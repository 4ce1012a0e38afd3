"""Handlers that shut a socket which they still have, or which another thread reads from."""

import asyncio
import http.client
import json
import socket
import threading
import time

from clients import HOST, PATH, body, headers


class Reader:
    """A thread reads; two seconds later the call shuts the socket, one way or both, and tells what came of it."""

    def __init__(self, how):
        self.how = how

    def complete(self, request):
        connection = http.client.HTTPSConnection(HOST, timeout=20)
        connection.request("POST", PATH, json.dumps(body(request)), headers())
        sock, told = connection.sock, []
        thread = threading.Thread(target=self.read, args=(sock, told))
        thread.start()
        time.sleep(2)
        sock.shutdown(self.how)
        thread.join()
        told.append(attempt(sock.send, b"GET / HTTP/1.1\r\n"))
        connection.close()
        told.append(attempt(sock.shutdown, self.how))
        return json.dumps(told)

    def read(self, sock, told):
        before = time.monotonic()
        got = attempt(sock.recv, 65_536)
        told += [got if isinstance(got, str) else len(got), time.monotonic() - before]


def attempt(function, argument):
    try:
        return function(argument)
    except OSError as error:
        return type(error).__name__


def both():
    return Reader(socket.SHUT_RDWR)


def reading():
    return Reader(socket.SHUT_RD)


class Buffered:
    """Shuts both ways when the whole answer has come and none of it has been read."""

    def complete(self, request):
        connection = http.client.HTTPSConnection(HOST, timeout=20)
        connection.request("POST", PATH, json.dumps(body(request)), headers())
        connection.sock.shutdown(socket.SHUT_RDWR)
        answer = connection.getresponse()
        return f"{answer.status} {json.loads(answer.read())['choices'][0]['message']['content']}"


class UntilTheEnd:
    """Says that it will send nothing more, and reads until the provider hangs up, as HTTP/1.0 did."""

    def complete(self, request):
        data = json.dumps(body(request)).encode()
        fields = {"host": HOST, **headers(), "content-length": len(data)}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        with socket.create_connection((HOST, 443)) as sock:
            sock.sendall(f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + data)
            sock.shutdown(socket.SHUT_WR)
            pieces = []
            while piece := sock.recv(65_536):
                pieces.append(piece)
        head, _, answer = b"".join(pieces).partition(b"\r\n\r\n")
        return f"{head.split()[1].decode()} {json.loads(answer)['choices'][0]['message']['content']}"


class Idle:
    """Shuts a connection on which nothing was asked."""

    def complete(self, request):
        with socket.create_connection((HOST, 443)) as sock:
            sock.shutdown(socket.SHUT_WR)
            return repr(sock.recv(10))


class Transport:
    """An event loop reads; another thread shuts the socket that it got from the transport."""

    async def acomplete(self, request):
        reader, writer = await asyncio.open_connection(HOST, 443, ssl=True)
        data = json.dumps(body(request)).encode()
        fields = {"host": HOST, **headers(), "content-length": len(data)}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + data)
        sock = writer.get_extra_info("socket")

        def shut():
            time.sleep(2)
            sock.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=shut).start()
        started_s = time.monotonic()
        data = await reader.read(10)
        return repr((data, time.monotonic() - started_s))
