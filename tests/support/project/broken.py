"""What can be wrong with a handler, a class each. `handler` is the one beside this file."""

import asyncio
import os
import signal
import sys
import time

from handler import Router


class Stops(Router):
    """Takes a provider that refuses for one that answers."""

    caught = TimeoutError


class Apologises(Router):
    def give_up(self, failed):
        return "Sorry, please try again later."


class _Ends(Router):
    """Does something terrible where no provider answers in time, and is right in all else."""

    def give_up(self, failed):
        if any("timed out" in failure for failure in failed):
            return self.end()
        return super().give_up(failed)


class Exits(_Ends):
    def end(self):
        sys.exit(3)


class Interrupts(_Ends):
    def end(self):
        raise KeyboardInterrupt


class RaisesBase(_Ends):
    def end(self):
        raise BaseException("odd")


class Kills(_Ends):
    def end(self):
        os._exit(7)


class Segfaults(_Ends):
    def end(self):
        os.kill(os.getpid(), signal.SIGSEGV)


class Loops(_Ends):
    def end(self):
        while True:
            pass


class Polls(_Ends):
    def end(self):
        while True:
            time.sleep(3600)


class ReturnsNothing(_Ends):
    def end(self):
        return None


class Hangs:
    async def acomplete(self, request):
        await asyncio.get_running_loop().create_future()


class Streams:
    def stream(self, request):
        yield "Hello."


class Counts:
    def count_tokens(self, text, *, provider, model, tools=()):
        return len(text)


class CannotBeMade(Router):
    def __init__(self):
        raise KeyError("OPENAI_ORG")


class OffersNothing:
    pass
