"""An audit as JSON for programs: every key is always there, and the same audit gives the same text."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from llminv import __version__
from llminv.history import Measurements
from llminv.reports.facts import counts, is_accepted, violations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llminv.audit.events import Audit, InvariantResult
    from llminv.evidence.bug import Bug
    from llminv.kinds.interface import Kind
    from llminv.reports.facts import Violation

FORMAT = 1


def render(audit: Audit, kinds: Mapping[str, Kind], recorded: Sequence[Bug] = ()) -> str:
    """Return `audit` as JSON text in ASCII; scenarios and histories are as in a recorded bug."""
    value = {
        "format": FORMAT,
        "llminv": __version__,
        "handler": {"spec": audit.handler.spec, "offers": list(audit.handler.offers)},
        "seed": audit.seed,
        "counts": counts(audit),
        "results": [_result(audit, result, kinds, recorded) for result in audit.results],
    }
    return json.dumps(value, indent=2) + "\n"


def _result(
    audit: Audit, result: InvariantResult, kinds: Mapping[str, Kind], recorded: Sequence[Bug]
) -> dict[str, Any]:  # Any: JSON values
    promise, invariant = result.promise, result.promise.invariant
    codes = kinds[invariant.kind].codes
    return {
        "id": invariant.id,
        "domain": promise.domain,
        "title": invariant.title,
        "kind": invariant.kind,
        "statement": invariant.statement,
        "critical": invariant.critical,
        "declared_in": promise.place._asdict(),
        "verdict": result.verdict.status.value,
        "reason": result.verdict.reason,
        "accepted": is_accepted(audit, result, recorded),
        "plays": result.plays,
        "cells": result.cells,
        "drawn": result.drawn,
        "drawn_all": result.drawn_all,
        "labels": dict(sorted(result.labels.items())),
        "missing": list(result.missing),
        "counterexamples": [
            _violation(violation, codes) for violation in violations(audit, result, recorded)
        ],
    }


def _violation(violation: Violation, codes: Mapping[str, str]) -> dict[str, Any]:  # Any: JSON values
    found = violation.counterexample
    return {
        "bug": violation.bug,
        "accepted": violation.accepted,
        "replayed": found.replayed,
        "origin": found.origin,
        "plays": found.plays,
        "sentence": codes.get(found.finding.code, ""),
        "finding": asdict(found.finding),
        "scenario": found.scenario.to_json(),
        "history": replace(found.history, measurements=Measurements()).to_json(),
    }
