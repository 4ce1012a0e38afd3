"""A bug: a counterexample that failed again on replay, with everything needed to play and judge it again.

llminv writes a bug once; from then on `root_cause`, `fixed_in`, `reference` and `accepted` belong to
people. The promise stands in it as it was when the bug was found, so that evidence does not change
when somebody edits the YAML. Nothing here touches a file: that is the ledger's part.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from llminv import __version__
from llminv.codec import from_json, to_json
from llminv.evidence.machine import without_folders
from llminv.history import History, Measurements
from llminv.scenario import Scenario
from llminv.simulation.transport import IN_PROCESS

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from llminv.audit.events import Counterexample, HandlerInfo
    from llminv.declaration.promise import Promise
    from llminv.evidence.version import Version
    from llminv.verdict import Finding

FORMAT = 1

# The fields of a bug that people fill in; llminv never changes them.
OWNED_BY_PEOPLE = ("root_cause", "fixed_in", "reference", "accepted")

# A file name may have 255 bytes: this leaves room for the digits, ".toml" and a temporary name.
_SLUG_MAX = 160


class BugKey(NamedTuple):
    """What makes two counterexamples the same bug."""

    handler: str
    invariant: str
    code: str
    provider: str | None
    fault_class: str | None


def bug_key(handler: str, invariant: str, finding: Finding) -> BugKey:
    """Return the key of what `finding` says about `invariant`, kept by the handler with this spec."""
    return BugKey(handler, invariant, finding.code, finding.provider, finding.fault_class)


def bug_id(key: BugKey) -> str:
    """Return the readable id of the bug with this key: no other key has it.

    It is a file name and a Markdown anchor, and holds nothing but a-z, 0-9 and hyphens.
    """
    words = " ".join(part for part in key[1:] if part)
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:_SLUG_MAX].strip("-")
    digits = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:6]
    return f"{slug}-{digits}" if slug else digits


@dataclass(frozen=True)
class Bug:
    """One recorded bug.

    `found_on` is an ISO date, `transport` a name of TRANSPORTS. `promise` is what `Promise.to_json` made
    (Any: whatever JSON holds). `found_in` and `fixed_in` are versions as `llminv.evidence.version` spells
    them. `root_cause`, `fixed_in`, `reference` and `accepted` (the reason why it is lived with) are empty
    until somebody fills them in.
    """

    format: int
    id: str
    invariant: str
    kind: str
    title: str
    statement: str
    code: str
    expected: str
    observed: str
    handler: str
    llminv_version: str
    found_on: str
    seed: int
    scenario: Scenario
    promise: Mapping[str, Any]
    history: History
    found_in: str = ""
    transport: str = IN_PROCESS
    provider: str | None = None
    fault_class: str | None = None
    root_cause: str = ""
    fixed_in: str = ""
    reference: str = ""
    accepted: str = ""

    @property
    def key(self) -> BugKey:
        """What the same bug is recognised by."""
        return BugKey(self.handler, self.invariant, self.code, self.provider, self.fault_class)

    def to_json(self) -> dict[str, Any]:
        """Return the bug as JSON-able values, without the fields that are empty."""
        value: dict[str, Any] = to_json(self)
        return value

    @classmethod
    def from_json(cls, data: Any) -> Bug:
        """Read what `to_json` made; raise ValueError with the path of what does not fit."""
        bug: Bug = from_json(cls, data)
        return bug


def accepted_because(promise: Promise, bug_id: str, recorded: Bug | None) -> str:
    """Return the reason why the bug with this id does not fail a run, "" where it does.

    Either the declaration accepts it or somebody wrote the reason into the ledger, where it is `recorded`.
    """
    declared = (accepted.reason for accepted in promise.invariant.accepted if accepted.bug == bug_id)
    return next(declared, recorded.accepted if recorded else "")


def from_counterexample(
    promise: Promise,
    counterexample: Counterexample,
    handler: HandlerInfo,
    *,
    version: Version,
    transport: str,
    seed: int,
    today: date,
    folder: Path,
) -> Bug:
    """Return the bug that `counterexample` shows on the handler of this version, in the project `folder`.

    What may differ between two plays (what was printed and logged, the measurements) is left out: a
    replay shows it again. Raise ValueError for a counterexample that a fresh process did not show again:
    that is not a bug.
    """
    if not counterexample.replayed:
        raise ValueError(f"{promise.invariant.id}: a counterexample that did not fail on replay is not a bug")
    finding = counterexample.finding
    kept = dataclasses.replace(counterexample.history, printed="", logged=(), measurements=Measurements())
    expected, observed, events = without_folders([finding.expected, finding.observed, kept.to_json()], folder)
    key = bug_key(handler.spec, promise.invariant.id, finding)
    return Bug(
        format=FORMAT,
        id=bug_id(key),
        invariant=promise.invariant.id,
        kind=promise.invariant.kind,
        title=promise.invariant.title,
        statement=promise.invariant.statement,
        code=finding.code,
        expected=expected,
        observed=observed,
        handler=handler.spec,
        llminv_version=__version__,
        found_on=today.isoformat(),
        seed=seed,
        scenario=counterexample.scenario,
        promise=promise.to_json(),
        history=History.from_json(events),
        found_in=str(version),
        transport=transport,
        provider=finding.provider,
        fault_class=finding.fault_class,
    )
