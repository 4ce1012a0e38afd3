"""What a program keeps for the life of its process: clients, a connection, what it has counted."""

import asyncio

import openai

BLOCKING = openai.OpenAI(max_retries=1, timeout=20)
WAITING = openai.AsyncOpenAI(max_retries=1, timeout=20)
POOL = []


class Clients:
    """One client of each sort, all of them shared."""

    def asked(self, request):
        return {"model": "gpt-4o-mini", "messages": list(request.messages)}

    def complete(self, request):
        return BLOCKING.chat.completions.create(**self.asked(request)).choices[0].message.content

    async def acomplete(self, request):
        answer = await WAITING.chat.completions.create(**self.asked(request))
        return answer.choices[0].message.content


class Kept(asyncio.Protocol):
    """A connection in a pool that believes what its protocol is told."""

    def __init__(self):
        self.is_lost = False
        self.answered = asyncio.get_running_loop().create_future()

    def data_received(self, data):
        if not self.answered.done():
            self.answered.set_result(data.split(b" ", 2)[1].decode())

    def connection_lost(self, error):
        self.is_lost = True


class Pool:
    """Says whether it took a connection from the pool, and the status that came over it."""

    async def acomplete(self, request):
        alive = [row for row in POOL if not row[1].is_lost]
        loop = asyncio.get_running_loop()
        row = alive[0] if alive else await loop.create_connection(Kept, "api.openai.com", 443, ssl=True)
        POOL[:] = [row]
        transport, protocol = row
        protocol.answered = loop.create_future()
        body = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}'
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\ncontent-length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body)
        async with asyncio.timeout(20):
            return f"{'kept' if alive else 'new'} {await protocol.answered}"
