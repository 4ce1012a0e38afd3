"""Handlers that need threads which were started when this module was loaded."""

import asyncio
import queue
import threading

LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, name="llm-loop", daemon=True).start()

ASKED = queue.Queue()
ANSWERS = queue.Queue()
LOCK = threading.Lock()


def answer():
    while True:
        ANSWERS.put(ASKED.get() + 1)


ANSWERING = threading.Thread(target=answer, name="answering", daemon=True)
ANSWERING.start()


async def reply():
    return "done"


class ByLoop:
    def complete(self, request):
        return asyncio.run_coroutine_threadsafe(reply(), LOOP).result(400)


class ByQueue:
    def complete(self, request):
        ASKED.put(1)
        return str(ANSWERS.get())


class ByNobody:
    """Gets on without them: a thread that is no more is not waited for, and locks are handed on."""

    def complete(self, request):
        ANSWERING.join(1 if ANSWERING.is_alive() else None)
        ASKED.put(1)
        told = []
        with LOCK:
            thread = threading.Thread(target=lambda: [LOCK.acquire(), told.append("had it"), LOCK.release()])
            thread.start()
        thread.join()
        return told[0]
