"""The handler for aiohttp, in a file of its own: not every environment has that library."""

from __future__ import annotations

import aiohttp
from impatient import LIMIT_S, Async, asked, text_of, url


class Aiohttp(Async):
    def __init__(self):
        self.made = None

    @property
    def client(self):
        if self.made is None:  # it wants a running loop
            timeout = aiohttp.ClientTimeout(sock_connect=LIMIT_S, sock_read=LIMIT_S)
            self.made = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(ssl=False))
        return self.made

    async def ask(self, messages):
        async with self.client.post(url(), json=asked(messages), allow_redirects=False) as answer:
            return text_of(answer.status, await answer.read())

    async def tell(self, messages):
        async with self.client.post(
            url(), json=asked(messages, stream=True), allow_redirects=False
        ) as answer:
            yield f"{answer.status} "
            async for line in answer.content:
                yield line.decode("utf-8", "replace")
