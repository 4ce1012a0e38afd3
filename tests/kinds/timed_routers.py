"""A correct router over bare HTTP that keeps the whole policy on time; and for each finding code one that does not."""

from __future__ import annotations

import email.utils
import http.client
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from whole_router import FAILURES, NoProviderAvailable, ProviderFailed, WholeRouter


class Refused(ProviderFailed):
    """An error status, with all that was said about retrying."""

    def __init__(self, status, headers, words):
        super().__init__(status)
        self.status, self.headers, self.words = status, headers, words


class OnTime(WholeRouter):
    retries = 2
    retried = frozenset({408, 429, 500, 502, 504})
    retry_after_cap_s = 60.0
    connect_s, first_token_s, idle_s, attempt_s, total_s = 5.0, 20.0, 20.0, 60.0, 300.0
    stream = None

    def complete(self, request):
        (answer,) = self.route(request, self.once)
        return answer

    def route(self, request, once):
        ends_s = time.monotonic() + self.total_s
        failures = []
        for made in self.formats:
            provider = made()
            for retry in range(self.retries + 1):
                left_s = ends_s - time.monotonic()
                if left_s <= 0:
                    break
                begun = False
                try:
                    for piece in once(provider, request, self.limit(left_s)):
                        begun = True
                        yield piece
                    return
                except FAILURES as error:
                    if begun:
                        raise
                    failures.append(self.failed(provider, error))
                    pause_s = self.pause(error, retry)
                if pause_s is None or time.monotonic() + pause_s >= ends_s:
                    break
                time.sleep(pause_s)
        raise NoProviderAvailable("; ".join(failures))

    def limit(self, left_s):
        return min(self.attempt_s, left_s)

    def once(self, provider, request, limit_s):
        answer, read = self.open(provider, request, limit_s, streaming=False)
        with answer.connection:
            yield self.reply(provider, b"".join(iter(lambda: read(answer.read1), b"")))

    def open(self, provider, request, limit_s, streaming):
        """Return the answer, and what calls one of its methods within the limits."""
        ends_s = time.monotonic() + limit_s
        connection = http.client.HTTPSConnection(provider.host, timeout=self.connect_s)
        connection.connect()
        sock = connection.sock
        limit_s = self.first_token_s

        def read(method):
            self.set_timeout(sock, min(limit_s, ends_s - time.monotonic()))
            return method()

        try:
            headers = provider.headers(os.environ[f"{provider.name.upper()}_API_KEY"])
            body = json.dumps(provider.body(request, streaming)).encode()
            connection.request("POST", provider.url(streaming), body, headers)
            answer = read(connection.getresponse)
            answer.connection = sock
            limit_s = self.idle_s
            if answer.status != 200:
                raise Refused(answer.status, answer.headers, answer.read().decode("utf-8", "replace"))
        except BaseException:
            sock.close()
            raise
        return answer, read

    def set_timeout(self, sock, limit_s):
        sock.settimeout(max(0.001, limit_s))

    def pause(self, error, retry):
        if retry == self.retries or not self.passes(error):
            return None
        asked_s = self.asked_s(error) if isinstance(error, Refused) else None
        if asked_s is None:
            return self.backoff(retry)
        return asked_s if asked_s <= self.retry_after_cap_s else None

    def backoff(self, retry):
        return min(8.0, 0.5 * 2.0**retry)

    def passes(self, error):
        return isinstance(error, TimeoutError) or getattr(error, "status", None) in self.retried

    def asked_s(self, error):
        """Return what the provider asks for, in seconds, None for nothing."""
        after, after_ms = error.headers.get("retry-after", ""), error.headers.get("retry-after-ms", "")
        if after_ms.isdigit():
            return int(after_ms) / 1000
        if after.isdigit():
            return int(after) or None
        date = email.utils.parsedate_to_datetime(after) if after.endswith("GMT") else None
        if date is not None:
            return max(0.0, date.timestamp() - time.time()) or None
        for detail in (
            json.loads(error.words)["error"].get("details", ()) if "RetryInfo" in error.words else ()
        ):
            if "retryDelay" in detail:
                return float(detail["retryDelay"].removesuffix("s"))
        return None


# retry_budget


class OnceTooOften(OnTime):
    retries = 3


class OnceTooFew(OnTime):
    retries = 1


class AsksForMore(OnTime):
    """Asks once more after the answer, as if to be sure."""

    def once(self, provider, request, limit_s):
        for _ in range(2):
            (reply,) = super().once(provider, request, limit_s)
        yield reply


class RetriesOverload(OnTime):
    retried = OnTime.retried | {503, 529}


class Deaf(OnTime):
    def asked_s(self, error):
        return None


class Obedient(OnTime):
    retry_after_cap_s = float("inf")


class WaitsForNothing(OnTime):
    """Waits as long as the provider asks for before it goes on to the next one."""

    def pause(self, error, retry):
        pause_s = super().pause(error, retry)
        if pause_s is None and isinstance(error, Refused):
            time.sleep(self.asked_s(error) or 0)
        return pause_s


class Hasty(OnTime):
    def backoff(self, retry):
        return 0.0


class Quadruples(OnTime):
    def backoff(self, retry):
        return min(8.0, 0.5 * 4.0**retry)


class WaitsForBetterTimes(OnTime):
    def pause(self, error, retry):
        while True:
            time.sleep(3600)


# deadline


class ConnectsSlowly(OnTime):
    connect_s = 10.0


class WaitsForHeaders(OnTime):
    first_token_s = 30.0


class ReadsSlowly(OnTime):
    idle_s = 30.0


class NoAttemptLimit(OnTime):
    attempt_s = 300.0


class LastAttemptUncut(OnTime):
    def limit(self, left_s):
        return self.attempt_s


class NoTotal(OnTime):
    total_s = 10.0**6


class Impatient(OnTime):
    first_token_s = 15.0


class Unlimited(OnTime):
    def set_timeout(self, sock, limit_s):
        sock.settimeout(None)


# streams


class Streams(OnTime):
    complete = None

    def stream(self, request):
        yield from self.route(request, self.streamed)

    def streamed(self, provider, request, limit_s):
        answer, read = self.open(provider, request, limit_s, streaming=True)
        with answer.connection:
            lines = self.Lines(self, answer, read)
            for chunk in self.chunks(provider, lines):
                lines.heard(chunk)
                yield chunk

    class Lines:
        """The lines of an answer; what is no progress uses up the time for the next token."""

        def __init__(self, router, answer, read):
            self.router, self.answer, self._read = router, answer, read
            self.begun = False
            self.due_s = time.monotonic() + router.first_token_s

        def heard(self, chunk):
            if chunk.text or chunk.finish_reason:
                self.begun = True
                self.due_s = time.monotonic() + self.router.idle_s

        def __iter__(self):
            while line := self._read(self.readline):
                self.noticed(line)
                yield line

        def noticed(self, line):
            pass

        def readline(self):
            sock = self.answer.connection
            self.router.set_timeout(sock, min(sock.gettimeout(), self.due_s - time.monotonic()))
            return self.answer.readline()


class PingsAreProgress(Streams):
    class Lines(Streams.Lines):
        def noticed(self, line):
            self.due_s = time.monotonic() + self.router.idle_s


class ImpatientStreams(Streams):
    idle_s = 2.0
