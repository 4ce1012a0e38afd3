"""What a consumer may have got when a stream has ended: the law of stream_completion, see there.

Where the policy lets an answer be resumed, what the consumer got may be put together from several attempts,
each of which said a part: pieces from the beginnings of broken answers, in the order of the attempts, and
then the whole of the last one, which must have been told what stands before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv.history import Attempt, History, Raised, Replied
from llminv.kinds.laws import routing, streams
from llminv.kinds.laws.routing import Route, told
from llminv.kinds.laws.streams import TEXT_CODES, Take
from llminv.scenario import Scenario
from llminv.simulation.dialects.values import Json
from llminv.verdict import Finding

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise

CODES = {
    "truncated_as_complete": "A stream broke off, and the consumer was told that it is complete.",
    "whole_as_error": "A stream was whole, and the consumer got an error, or another provider was asked.",
    "attempts_mixed": "The consumer got the beginning of a broken answer, and behind it another answer.",
    "not_resumed": "A stream broke off behind its first content, and no other provider was asked to go on.",
    **TEXT_CODES,
}


@dataclass(frozen=True)
class Ended:
    """A call that has ended: its route, what was to be said in each attempt, and what the consumer got."""

    promise: Promise
    route: Route
    takes: Sequence[Take]
    got: str

    @property
    def resumes(self) -> bool:
        """Whether the policy lets an answer be continued by another attempt."""
        return self.promise.policy.stream.broken_after_content == "resume"

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the end of the call: one thing at most."""
        whole = next((take for take in self.takes if take.whole), None)
        if isinstance(self.route.outcome, Replied):
            yield from self._truncated() if whole is None else self._given(whole)
        elif isinstance(self.route.outcome, Raised):
            yield from self._broken() if whole is None else self._given(whole)

    def _truncated(self) -> Iterator[Finding]:
        """Look at a normal end without a whole stream; without any stream it is another kind's affair."""
        last = next((take for take in reversed(self.takes) if take.broken), None)
        if last is not None:
            expected = (
                f"an error, or another attempt: {last.attempt.provider} broke off with {last.attempt.fault}, "
                f"behind {streams.marked(last.text, self.got)}"
            )
            observed = f"{told(self.route.outcome)}, behind {streams.marked(self.got, last.text)}"
            yield self._finding("truncated_as_complete", expected, observed, last)

    def _given(self, whole: Take) -> Iterator[Finding]:
        """Look at what became of the first whole stream."""
        provider = whole.attempt.provider
        following = next((take.attempt for take in self.takes[self.takes.index(whole) + 1 :]), None)
        if not whole.due:
            return
        if following is not None or isinstance(self.route.outcome, Raised):
            if routing.past_deadline(self.promise, self.route):
                return
            observed = told(self.route.outcome) if following is None else f"{following.provider} was called"
            expected = (
                f"the end of the stream: {provider} sent it whole, {streams.marked(whole.text, self.got)}"
            )
            observed += f", behind {streams.marked(self.got, whole.text)}"
            yield self._finding("whole_as_error", expected, observed, whole)
        elif self.got != whole.text and not self._joined(whole):
            code = "attempts_mixed" if self._mixed(whole.text) else streams.difference(whole.text, self.got)
            yield self._other_text(code or "", whole)

    def _broken(self) -> Iterator[Finding]:
        """Look at an error after streams that broke off: the consumer may have the beginning of one."""
        nearest = max(self.takes, key=lambda take: streams.same_start(take.text, self.got), default=None)
        begins = any(take.text.startswith(self.got) for take in self.takes)
        if not self.got or begins or (self.resumes and self._mixed("")):
            yield from self._left()
        elif nearest is not None:
            code = "attempts_mixed" if self._mixed("") else streams.difference(nearest.text, self.got)
            yield self._other_text(code or "", nearest)

    def _left(self) -> Iterator[Finding]:
        """Look at an answer that nobody was asked to go on with."""
        last = self.takes[-1] if self.takes else None
        untried = [provider for provider in self.route.order if provider not in self.route.tried]
        if last is None or not (self.resumes and self.got and last.broken and untried):
            return
        fault = last.attempt.fault or ""
        if self.promise.policy.stance(fault) == "fallback" and not routing.past_deadline(
            self.promise, self.route
        ):
            expected = f"{untried[0]} goes on where {last.attempt.provider} broke off with {fault}"
            yield self._finding("not_resumed", expected, told(self.route.outcome), last)

    def _joined(self, whole: Take) -> bool:
        """Return whether `whole` was told what the consumer had, and went on from there."""
        head = self.got.removesuffix(whole.text)
        return (
            self.resumes
            and self.got.endswith(whole.text)
            and self._mixed(whole.text)
            and any(head.strip() in text for text in _texts_of(whole.attempt))
        )

    def _mixed(self, end: str) -> bool:
        """Return whether pieces of broken answers, each from its beginning, and `end` are what came."""
        head = self.got[: len(self.got) - len(end)]
        texts = [take.text for take in self.takes if take.broken]
        if not head or not self.got.endswith(end):
            return False
        ends = {0}
        for text in texts:
            ends |= {
                place + length
                for place in ends
                for length in range(1, streams.same_start(text, head[place:]) + 1)
            }
        return any(text.startswith(head) for text in texts) or len(head) in ends

    def _other_text(self, code: str, take: Take) -> Finding:
        expected = f"what {take.attempt.provider} said: {streams.marked(take.text, self.got)}"
        observed = f"{streams.marked(self.got, take.text)}, then {told(self.route.outcome)}"
        return self._finding(code, expected, observed, take)

    def _finding(self, code: str, expected: str, observed: str, take: Take) -> Finding:
        attempt = take.attempt
        return Finding(
            code,
            expected,
            observed + streams.cut(take, self.got),
            attempt.call,
            attempt.provider,
            routing.class_of(attempt.fault),
            self.route.ended_at_s(),
        )


def ended(promise: Promise, scenario: Scenario, history: History, call: int) -> Ended:
    """Return a call as the law looks at it."""
    route = routing.route_of(promise, scenario, history, call)
    takes = streams.takes_of(promise, scenario, route)
    return Ended(promise, route, takes, routing.text_got(history, call))


def _texts_of(attempt: Attempt) -> Iterator[str]:
    """Yield every text in the body of a request."""
    try:
        waiting: list[Json] = [json.loads(attempt.request.body)] if attempt.request else []
    except ValueError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
