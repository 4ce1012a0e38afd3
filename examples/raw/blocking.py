"""Deadlines for blocking reads: a transport for `httpx.Client` that keeps to `within`.

A read timeout starts anew with every byte, so by itself httpx cannot bound an exchange with a server that
drips bytes or pings. httpcore, on which it stands, lets others open its sockets
(https://www.encode.io/httpcore/network-backends/): here every wait of one is given what is left of the time.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpcore
import httpx

_ends_at_s: ContextVar[float] = ContextVar("ends_at_s", default=math.inf)


@contextmanager
def within(limit_s: float) -> Iterator[None]:
    """Let everything within, in this thread, wait no longer than `limit_s` in all."""
    token = _ends_at_s.set(time.monotonic() + limit_s)
    try:
        yield
    finally:
        _ends_at_s.reset(token)


def _left_s(timeout_s: float | None) -> float:
    left_s = _ends_at_s.get() - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("out of time")
    return left_s if timeout_s is None else min(left_s, timeout_s)


class BoundedTransport(httpx.HTTPTransport):
    """Connects with bounded sockets. httpx has no option for that, so its pool is replaced."""

    def __init__(self, ssl_context: ssl.SSLContext, limits: httpx.Limits) -> None:
        super().__init__(verify=ssl_context, limits=limits)
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_BoundedBackend(),
        )


class _BoundedBackend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout_s = _left_s(timeout)
        return _BoundedStream(super().connect_tcp(host, port, timeout_s, local_address, socket_options))


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, _left_s(timeout)))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
