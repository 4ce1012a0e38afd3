"""How long a handler may pause before it asks a provider again: by its backoff, or by what it was advised.

Advice is what an error says about retrying. It binds where a public document says that clients wait for it:
Retry-After in whole seconds or as an HTTP date with a rate limit or an overload (RFC 9110 section 10.2.3,
RFC 6585 section 4), retry-after-ms from the providers whose own SDK prefers it (openai-python and
anthropic-sdk-python, `_parse_retry_after_header`), RetryInfo from Gemini (google/rpc/error_details.proto).
Where it does not bind (a decimal number, a Retry-After with a 500), advice and backoff are both right.
Zero, a date gone by and what is no number are no advice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv.scenario import Act
from llminv.simulation.clock import HORIZON_S
from llminv.simulation.faults import FAULTS, Effect

if TYPE_CHECKING:
    from llminv.declaration.models import Policy
    from llminv.history import Attempt

# The classes of errors with which a Retry-After is documented: 429, and 503 with its kin.
ADVISED = frozenset({"rate_limit", "unavailable"})
MS_DIALECTS = frozenset({"openai-chat", "anthropic-messages"})
INFO_DIALECTS = frozenset({"gemini"})
DATE = "date:"
# What is no advice.
NO_ADVICE = ("0", "-1", "nan", "soon", f"{DATE}-5")

_WHOLE = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)s")


def asked_max_s(policy: Policy) -> float:
    """Return the longest advice for which a world has the time, were all attempts of a call to follow it."""
    return HORIZON_S / (2 * (1 + policy.retries.max) * len(policy.chain))


@dataclass(frozen=True)
class Pause:
    """The pause that is right before a retry, in seconds; `advice` is what the provider asked for, in words.

    `binds` says that less than `least_s` goes against the advice; `over_cap` that the advice is above the
    cap, so that giving the provider up is right as well.
    """

    least_s: float
    most_s: float
    advice: str = ""
    binds: bool = False
    over_cap: bool = False

    def __str__(self) -> str:
        return f"{self.least_s:g} to {self.most_s:g} s"


@dataclass(frozen=True)
class _Asked:
    seconds: float
    binds: bool
    words: str


def backoff(policy: Policy, retry: int) -> Pause:
    """Return the policy's own pause before retry number `retry`, counted from 0, with its jitter."""
    declared = policy.retries.backoff
    pause_s = min(declared.cap_s, declared.first_s)
    for _ in range(retry):
        pause_s = min(declared.cap_s, pause_s * declared.factor)
    return Pause(pause_s * (1 - declared.jitter), pause_s * (1 + declared.jitter))


def before_retry(policy: Policy, dialect: str, act: Act, attempt: Attempt, retry: int) -> Pause:
    """Return the pause that is right between `attempt`, which failed by `act`, and retry number `retry`.

    Advice within the cap: not before it, and later by no more than the backoff and the jitter add. Above the
    cap it is not waited for; whether the cap is waited for instead, the backoff, or nothing, is left open.
    """
    own = backoff(policy, retry)
    cap_s, jitter = policy.retries.retry_after_cap_s, policy.retries.backoff.jitter
    asked = [one for one in _asked(dialect, act, attempt) if one.seconds > 0]
    if not asked:
        return own
    over_cap = any(one.seconds > cap_s for one in asked)
    allowed = [
        (one.seconds, one.seconds * (1 + jitter) + own.most_s) for one in asked if one.seconds <= cap_s
    ]
    if over_cap:
        allowed.append((own.least_s, max(cap_s, own.most_s)))
    if not all(one.binds for one in asked):
        allowed.append((own.least_s, own.most_s))
    least_s, most_s = min(least for least, _ in allowed), max(most for _, most in allowed)
    words = " and ".join(one.words for one in asked)
    return Pause(least_s, most_s, words, all(one.binds for one in asked) and not over_cap, over_cap)


def _asked(dialect: str, act: Act, attempt: Attempt) -> Iterator[_Asked]:
    """Yield what the error of `attempt` asks for, as seconds from the moment at which the handler had it."""
    fault = FAULTS[act.fault] if act.fault is not None else None
    if fault is None or fault.effect is not Effect.ERROR:
        return
    documented = fault.fault_class in ADVISED
    if act.retry_after_ms is not None and _NUMBER.fullmatch(act.retry_after_ms):
        binds = documented and dialect in MS_DIALECTS
        yield _Asked(float(act.retry_after_ms) / 1000, binds, f"retry-after-ms: {act.retry_after_ms}")
    text = act.retry_after or ""
    if text.startswith(DATE):
        # The date goes out with the error, in whole seconds of a clock that begins at one.
        at_s = math.floor(attempt.started_at_s + float(text.removeprefix(DATE)))
        yield _Asked(at_s - attempt.ended_at_s, documented, f"a Retry-After with the date of second {at_s}")
    elif _NUMBER.fullmatch(text):
        binds = documented and _WHOLE.fullmatch(text) is not None
        yield _Asked(float(text), binds, f"Retry-After: {text}")
    info = _DURATION.fullmatch(act.retry_info or "")
    if info is not None and dialect in INFO_DIALECTS:
        yield _Asked(float(info[1]), documented, f"RetryInfo: {act.retry_info}")


def form_of(act: Act, cap_s: float) -> str | None:
    """Return in which form `act` gives advice, None where it gives none."""
    text = act.retry_after
    if act.retry_info is not None:
        return "RetryInfo"
    if act.retry_after_ms is not None:
        return "retry-after-ms"
    if text is None:
        return None
    if text.startswith(DATE):
        return "a date" if float(text.removeprefix(DATE)) > 0 else "a date gone by"
    if not _NUMBER.fullmatch(text):
        return "nonsense"
    if float(text) > cap_s:
        return "more seconds than the cap"
    if not _WHOLE.fullmatch(text):
        return "a decimal number"
    return "seconds" if float(text) > 0 else "zero"


def advice(policy: Policy, dialect: str, fault: str) -> Iterator[Act]:
    """Yield `fault` with advice in each form, as different from the backoff as the cap allows."""
    seconds = math.floor(backoff(policy, 0).most_s) + 2
    cap_s = policy.retries.retry_after_cap_s
    if seconds + 1 <= cap_s:
        yield Act(fault, retry_after=f"{seconds}")
        yield Act(fault, retry_after=f"{DATE}{seconds + 1}")
        yield Act(fault, retry_after=f"{seconds}.5")
        yield Act(fault, retry_after_ms=f"{seconds * 1000}")
        if dialect in INFO_DIALECTS:
            yield Act(fault, retry_info=f"{seconds}s")
    if cap_s < HORIZON_S:  # there is no waiting longer than the world lasts
        yield Act(fault, retry_after=f"{math.floor(cap_s) + 1}")
    yield from (Act(fault, retry_after=text) for text in NO_ADVICE)
