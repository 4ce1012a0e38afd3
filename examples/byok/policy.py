"""What the router promises, and nothing else: the numbers and lists that everything here goes by.

The same policy is declared in `invariants/providers.yaml`, against which llminv audits this router.
"""

from __future__ import annotations

from enum import StrEnum


class FaultClass(StrEnum):
    """Why an attempt failed, in the words of the policy."""

    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    SERVER_ERROR = "server_error"
    INVALID_KEY = "invalid_key"
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"
    QUOTA = "quota"
    BAD_REQUEST = "bad_request"
    CONTENT_POLICY = "content_policy"


# What the caller has to change would be refused by every provider: it is raised. All else moves on.
RAISED = frozenset({FaultClass.BAD_REQUEST, FaultClass.CONTENT_POLICY})
FALLBACK = frozenset(FaultClass) - RAISED

# Only what may well have passed a moment later is tried again at the same provider.
RETRIED = frozenset({FaultClass.RATE_LIMIT, FaultClass.TIMEOUT, FaultClass.SERVER_ERROR})
RETRIES_MAX = 2
BACKOFF_FIRST_S = 0.5
BACKOFF_FACTOR = 2.0
BACKOFF_CAP_S = 8.0
BACKOFF_JITTER = 0.25
RETRY_AFTER_CAP_S = 60.0

CONNECT_S = 5.0
FIRST_TOKEN_S = 20.0
IDLE_S = 20.0
ATTEMPT_S = 60.0
TOTAL_S = 300.0
