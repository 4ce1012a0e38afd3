"""What every report says about an audit, whatever its form: bugs behind counterexamples, and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv.evidence.bug import accepted_because, bug_id, bug_key
from llminv.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llminv.audit.events import Audit, Counterexample, InvariantResult
    from llminv.evidence.bug import Bug


@dataclass(frozen=True)
class Violation:
    """A counterexample with the id of its bug; `accepted` is the reason why it is lived with, or empty.

    `is_recorded` says whether the bug stood in the ledger before.
    """

    counterexample: Counterexample
    bug: str
    accepted: str
    is_recorded: bool


def violations(audit: Audit, result: InvariantResult, recorded: Sequence[Bug]) -> list[Violation]:
    """Return the counterexamples of `result`, looked up among the `recorded` bugs."""
    by_key = {bug.key: bug for bug in recorded}
    found = []
    for counterexample in result.counterexamples:
        key = bug_key(audit.handler.spec, result.promise.invariant.id, counterexample.finding)
        bug = by_key.get(key)
        name = bug.id if bug else bug_id(key)
        found.append(
            Violation(counterexample, name, accepted_because(result.promise, name, bug), bug is not None)
        )
    return found


def is_accepted(audit: Audit, result: InvariantResult, recorded: Sequence[Bug]) -> bool:
    """Return whether `result` is violated by accepted bugs only, which does not fail a run."""
    found = [
        violation for violation in violations(audit, result, recorded) if violation.counterexample.replayed
    ]
    return result.verdict.status is Status.VIOLATED and all(violation.accepted for violation in found)


def played(result: InvariantResult) -> int:
    """Return how many scenarios were played to judge: examples, cells and drawn ones, without shrinking."""
    return min(result.plays, result.cells + result.drawn)


def counts(audit: Audit) -> dict[str, int]:
    """Return how many invariants have each verdict, in the order of the verdicts."""
    return {status.value: len(audit.of(status)) for status in Status}
