"""Python starts with this where it is on PYTHONPATH: names and connections beyond this process are refused."""

import sys

REFUSED = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind", "socket.sendto"}


def refuse(event, arguments):
    if event in REFUSED:
        raise ConnectionRefusedError(f"there is no network here: {event} {arguments[1:]}")


sys.addaudithook(refuse)
