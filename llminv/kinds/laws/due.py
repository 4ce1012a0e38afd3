"""What a policy makes due after an attempt: the next provider, the error, or the answer.

Nothing is due where more than one behaviour is right:
- after a fault on which the policy is silent;
- after what `AMBIGUOUS` lists, unless the policy names the fault itself;
- after an answer that comes later than the policy's timeouts let it;
- in a stream, after what breaks it off behind the first content; after a fault that the policy raises while
  broken streams fall back; and, where broken streams are errors, after what is no stream from the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from llminv.declaration.models import Policy
from llminv.kinds.laws.routing import STREAM
from llminv.scenario import Act, Said
from llminv.simulation.faults import FAULTS, Effect, Where
from llminv.simulation.plan import SLOW_GAP_S, SLOW_HEADERS_S

# Faults after which more than one behaviour is right, and why.
AMBIGUOUS: Mapping[str, str] = MappingProxyType(
    {
        "http_307": "a client may follow it, and then meets a loop, which has no class",
        "wrong_content_type": "RFC 9110 section 8.3 lets a client believe the type or look inside",
    }
)
EMPTY = Act(said=Said(text=""))


class Due(Enum):
    """What has to follow an attempt after which the same provider is not tried again."""

    NEXT = auto()
    ERROR = auto()
    ANSWER = auto()


def due(policy: Policy, operation: str, act: Act) -> Due | None:
    """Return what has to follow `act` in a call of `operation`, None where nothing is due."""
    if act.fault is None:
        empty = act.said is not None and act.said.text == "" and not act.said.tool_calls
        malformed = empty and policy.empty_answer == "malformed"
        return _by_stance(policy, "no_choices") if malformed else Due.ANSWER
    if act.fault in AMBIGUOUS and act.fault not in (*policy.fallback, *policy.raise_):
        return None
    stance = _by_stance(policy, act.fault)
    if FAULTS[act.fault].answers and stance is None:
        return Due.ANSWER if _in_time(policy, act.fault) else None
    if operation in STREAM and FAULTS[act.fault].where is Where.BODY:
        return _in_stream(policy, act, stance)
    return stance


def _by_stance(policy: Policy, fault: str) -> Due | None:
    stance = policy.stance(fault)
    return None if stance is None else Due.NEXT if stance == "fallback" else Due.ERROR


def _in_time(policy: Policy, fault: str) -> bool:
    limits = policy.timeouts
    waits = {"slow_headers": (SLOW_HEADERS_S, limits.first_token_s), "slow_drip": (SLOW_GAP_S, limits.idle_s)}
    wait_s, limit_s = waits.get(fault, (0.0, 1.0))
    return wait_s < min(limit_s, limits.attempt_s, limits.total_s)


def _in_stream(policy: Policy, act: Act, stance: Due | None) -> Due | None:
    if act.after or stance is None:
        return None
    if policy.stream.broken_before_content == "fallback":
        return stance if stance is Due.NEXT else None
    opened = act.fault is not None and FAULTS[act.fault].effect is not Effect.BODY
    return Due.ERROR if opened or stance is Due.ERROR else None
