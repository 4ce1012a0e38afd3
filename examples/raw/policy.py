"""What the router promises, and nothing else; declared in the same words in `invariants/providers.yaml`."""

from __future__ import annotations

import random
from enum import StrEnum, auto


class FaultClass(StrEnum):
    """Why an attempt failed."""

    RATE_LIMIT = auto()
    TIMEOUT = auto()
    SERVER_ERROR = auto()
    INVALID_KEY = auto()
    UNAVAILABLE = auto()
    MALFORMED = auto()
    QUOTA = auto()
    BAD_REQUEST = auto()
    CONTENT_POLICY = auto()


# Every provider would refuse these: they go to the caller. All others move on to the next provider.
RAISED = frozenset({FaultClass.BAD_REQUEST, FaultClass.CONTENT_POLICY})
# What may well have passed a moment later is tried again at the same provider.
RETRIED = frozenset({FaultClass.RATE_LIMIT, FaultClass.TIMEOUT, FaultClass.SERVER_ERROR})
RETRIES_MAX = 2
BACKOFF_FIRST_S = 0.5
BACKOFF_CAP_S = 8.0
BACKOFF_JITTER = 0.25
RETRY_AFTER_CAP_S = 60.0

CONNECT_S = 5.0
FIRST_TOKEN_S = 20.0  # from the start of an attempt to the first sign of an answer
IDLE_S = 20.0  # from one sign of an answer to the next; pings and comments are none
ATTEMPT_S = 60.0
TOTAL_S = 300.0


def pause_s(fault_class: FaultClass, retry: int, retry_after_s: float | None) -> float | None:
    """Return the pause before retry number `retry`, counted from 0; None: go on to the next provider.

    A provider that asks for more patience than the cap is given up: asked sooner, it would only count that
    against us.
    """
    if retry >= RETRIES_MAX or fault_class not in RETRIED:
        return None
    if retry_after_s is not None:
        return retry_after_s if retry_after_s <= RETRY_AFTER_CAP_S else None
    backoff_s = min(BACKOFF_FIRST_S * 2.0**retry, BACKOFF_CAP_S)
    return backoff_s * random.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)  # noqa: S311 - spreads load
