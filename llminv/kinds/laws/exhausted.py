"""How a call has to end that no provider answers: with the declared error, and never with a reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llminv.history import ErrorInfo, Raised, Replied
from llminv.kinds.laws.routing import told
from llminv.verdict import Finding

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise


def otherwise(promise: Promise, outcome: object, call: int, why: str) -> Finding | None:
    """Return what is wrong with the end of a call that had to raise the declared error; `why` it had to."""
    declared = promise.policy.exhausted
    expected = f"{declared} is raised: {why}"
    if isinstance(outcome, Replied):
        return Finding("failure_as_content", expected, told(outcome), call, at_s=outcome.at_s)
    if isinstance(outcome, Raised) and not _is_a(outcome.error, declared):
        return Finding("wrong_error", expected, told(outcome), call, at_s=outcome.at_s)
    return None


def _is_a(error: ErrorInfo, declared: str) -> bool:
    name = declared.rpartition(".")[2]
    return name == error.type or name in error.bases
