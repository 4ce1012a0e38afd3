"""Routers that stream: a correct one, variants of it that are correct too, and variants with one bug each."""

import json
import re
import time
from dataclasses import replace

from whole_router import FAILURES, Anthropic, Chat, NoProviderAvailable, WholeRouter

from llminv.contract import Chunk, Request

END_OF_LINE = re.compile(rb"\r\n|\n|\r")


class Right(WholeRouter):
    """Reads events by the standard, and takes a stream for whole when it has said why it ends."""

    complete = None
    formats = (Chat, Anthropic)

    def chunks(self, provider, answer):
        stopped, ended = False, "message_stop" if isinstance(provider, Anthropic) else None
        for data in self.events(answer):
            if data and data != "[DONE]":
                body = json.loads(data)
                text, _, finish, usage, model = provider.parts(body)
                stopped = stopped or finish is not None
                ended = None if body.get("type") == ended else ended
                yield Chunk(text or "", None, finish, usage, provider.name, model)
        if not stopped or ended:
            raise ValueError("the stream broke off")

    def events(self, answer):
        data = []
        for line in self.lines(answer):
            field, _, value = line.partition(":")
            if field == "data":
                data.append(value.removeprefix(" "))
            elif not line and data:
                yield "\n".join(data)
                data = []

    def lines(self, answer):
        rest = b""
        while read := answer.read1():
            rest += read
            last = rest.endswith(b"\r")  # the other half of CR LF may follow
            *lines, rest = END_OF_LINE.split(rest[:-1] if last else rest)
            rest += b"\r" if last else b""
            yield from (line.decode() for line in lines)
        yield from (line.decode() for line in END_OF_LINE.split(rest))


class Strings(Right):
    """Its chunks are nothing but text."""

    def stream(self, request):
        for chunk in super().stream(request):
            yield chunk.text


class Holds(Right):
    """Hands out nothing before the answer is whole."""

    def chunks(self, provider, answer):
        yield from list(super().chunks(provider, answer))


class Resumes(Right):
    """Asks the next provider to go on where a stream broke off."""

    def stream(self, request):
        had, failures = "", []
        for made in self.formats:
            provider = made()
            try:
                for chunk in self.chunks(provider, self.ask(provider, self.told(request, had), True)):
                    had += chunk.text
                    yield chunk
                return
            except FAILURES as error:
                failures.append(self.failed(provider, error))
        raise NoProviderAvailable("; ".join(failures))

    def told(self, request, had):
        said = [{"role": "assistant", "content": had.rstrip()}] if had else []
        return Request([*request.messages, *said])


class AsksAnew(Resumes):
    """Asks the next provider from the start, and leaves out what the consumer has."""

    def stream(self, request):
        had, failures = "", []
        for made in self.formats:
            provider = made()
            said = ""
            try:
                for chunk in self.chunks(provider, self.ask(provider, request, True)):
                    said += chunk.text
                    if not (said.startswith(had) or had.startswith(said)):
                        raise NoProviderAvailable("another answer: " + "; ".join(failures))
                    yield Chunk(said[len(had) :])
                    had = max(had, said, key=len)
                return
            except FAILURES as error:
                failures.append(self.failed(provider, error))
        raise NoProviderAvailable("; ".join(failures))


class StartsAgain(Resumes):
    """The next provider says it all again."""

    def told(self, request, had):
        return request


class TakesAnyEnd(Right):
    """A stream that is over is a whole one."""

    def chunks(self, provider, answer):
        try:
            yield from super().chunks(provider, answer)
        except FAILURES:
            return


class WantsDone(Right):
    """Knows the end of a stream by its last event alone."""

    def events(self, answer):
        data = None
        for data in super().events(answer):
            yield data
        if '"chat.completion.chunk"' in (data or ""):
            raise ValueError("no [DONE]")


class Refuses(Right):
    """Takes an empty answer for none."""

    def chunks(self, provider, answer):
        had = False
        for chunk in super().chunks(provider, answer):
            had = had or bool(chunk.text)
            yield chunk
        if not had:
            raise ValueError("no text")


class Strips(Right):
    """Takes the white space from what it hands out."""

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield Chunk(chunk.text.strip())


class Stutters(Right):
    """Says the first chunk with text twice."""

    def chunks(self, provider, answer):
        said = False
        for chunk in super().chunks(provider, answer):
            yield chunk
            if chunk.text and not said:
                said = True
                yield chunk


class Western(Right):
    """Knows one alphabet."""

    def chunks(self, provider, answer):
        for chunk in super().chunks(provider, answer):
            yield Chunk(chunk.text.encode("latin-1", "replace").decode("latin-1"))


class MixesUp(Right):
    """Hands out a piece of its own before an error."""

    def chunks(self, provider, answer):
        try:
            yield from super().chunks(provider, answer)
        except FAILURES:
            yield Chunk("sorry")
            raise


class Waits(Right):
    limit_s = None


class NeverTires(Right):
    """Asks the same provider again and again."""

    def stream(self, request):
        while True:
            try:
                yield from super().stream(request)
                return
            except FAILURES:
                time.sleep(3_600)


class Lines(Right):
    """Ends a line where Python does."""

    def lines(self, answer):
        yield from answer.read().decode().splitlines()


class EachRead(Right):
    """Decodes each read by itself, and drops what it cannot decode."""

    broken = "ignore"

    def lines(self, answer):
        rest = ""
        while read := answer.read1():
            rest += read.decode("utf-8", self.broken)
            last = rest.endswith("\r")
            *lines, rest = re.split("\r\n|\n|\r", rest[:-1] if last else rest)
            rest += "\r" if last else ""
            yield from lines
        yield from re.split("\r\n|\n|\r", rest)


class Replaces(EachRead):
    """Decodes each read by itself, with signs in place of what it cannot decode."""

    broken = "replace"


class Shows(Right):
    """Hands out comments as text."""

    def chunks(self, provider, answer):
        self.comments = []
        for chunk in super().chunks(provider, answer):
            yield from map(Chunk, self.comments)
            self.comments = []
            yield chunk

    def lines(self, answer):
        for line in super().lines(answer):
            self.comments += [line] if line.startswith(":") else []
            yield line


class WaitsForLess(Right):
    """Waits for more where a read holds no end of a line, without a limit, and for nothing else."""

    limit_s = None

    def lines(self, answer):
        first = answer.read1()
        if b"\n" not in first and b"\r" not in first:
            answer.connection.sock.recv(1 << 20)
            while answer.connection.sock.recv(1 << 20):
                pass
        yield from (line.decode() for line in END_OF_LINE.split(first + answer.read()))


class UsageInOneRead(Right):
    """Looks for the usage in each read by itself."""

    def chunks(self, provider, answer):
        read1, found = answer.read1, []

        def looked():
            data = read1()
            found.append(b'_tokens"' in data)
            return data

        answer.read1 = looked
        for chunk in super().chunks(provider, answer):
            yield chunk if any(found) else replace(chunk, usage=None)


class ReadsForEver(Right):
    """Asks again as long as no line ends as it knows."""

    def lines(self, answer):
        data = answer.read()
        while b"\n" not in data:
            time.sleep(3_600)
        yield from (line.decode() for line in END_OF_LINE.split(data))
