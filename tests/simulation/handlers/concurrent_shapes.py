"""Handlers that do several things at a time: each asks three times and says what came back, in order."""

import asyncio
import concurrent.futures
import threading

import openai

POOL = concurrent.futures.ThreadPoolExecutor(3)
ASKS = 3


def ask(client, request):
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=list(request.messages))
    return answer.choices[0].message.content


async def ask_async(client, request):
    answer = await client.chat.completions.create(model="gpt-4o-mini", messages=list(request.messages))
    return answer.choices[0].message.content


class Blocking:
    def __init__(self):
        self.client = openai.OpenAI(max_retries=0, timeout=20)


class OwnPool(Blocking):
    """A pool of threads for each call."""

    def complete(self, request):
        with concurrent.futures.ThreadPoolExecutor(ASKS) as pool:
            return " ".join(pool.map(ask, [self.client] * ASKS, [request] * ASKS))


class ModulePool(Blocking):
    """A pool of threads that lives as long as the process."""

    def complete(self, request):
        futures = [POOL.submit(ask, self.client, request) for _ in range(ASKS)]
        return " ".join(future.result() for future in futures)


class ToThread(Blocking):
    """Blocking calls off the event loop."""

    async def acomplete(self, request):
        asks = [asyncio.to_thread(ask, self.client, request) for _ in range(ASKS)]
        return " ".join(await asyncio.gather(*asks))


class OwnLoop:
    """An event loop of its own in a thread, for blocking callers."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.client = openai.AsyncOpenAI(max_retries=0, timeout=20)

    def complete(self, request):
        asks = [
            asyncio.run_coroutine_threadsafe(ask_async(self.client, request), self.loop) for _ in range(ASKS)
        ]
        return " ".join(future.result() for future in asks)

    def close(self):
        asyncio.run_coroutine_threadsafe(self.client.close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class LeftRunning(OwnLoop):
    """The same, never closed."""

    close = None


class Hedged(Blocking):
    """Asks again when two seconds have brought nothing, and takes what comes first."""

    def complete(self, request):
        first = POOL.submit(ask, self.client, request)
        done, _ = concurrent.futures.wait([first], timeout=2)
        waiting = [first] if done else [first, POOL.submit(ask, self.client, request)]
        done, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
        return done.pop().result()


class SetOfTasks:
    """Asks in tasks, and takes what came in the order of the set that `asyncio.wait` gives it."""

    async def acomplete(self, request):
        async def numbered(number):
            await asyncio.sleep(1)
            return number

        self.kept = [object() for _ in range(1_000)]  # so that addresses differ from play to play
        done, _ = await asyncio.wait({asyncio.create_task(numbered(number)) for number in range(ASKS * 4)})
        return " ".join(str(task.result()) for task in done)


class SetOfFutures:
    """The same in a pool of threads, in the order of the set that `concurrent.futures.wait` gives it."""

    def complete(self, request):
        self.kept = [object() for _ in range(1_000)]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            done, _ = concurrent.futures.wait([pool.submit(str, number) for number in range(ASKS * 4)])
        return " ".join(future.result() for future in done)
