"""Tries to get past the simulation with the interpreter's own sockets, which nobody has replaced."""

import _socket

from llminv.contract import Request


class Handler:
    def complete(self, request: Request) -> str:
        with_no_wrapper = _socket.socket()
        try:
            with_no_wrapper.connect(("127.0.0.1", 9))
        finally:
            with_no_wrapper.close()
        return "it got out"
