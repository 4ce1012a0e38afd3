"""INVARIANTS.md: what is promised, how each promise is checked, and the bugs recorded against it.

A pure function of the declarations, the ledger with what was verified of it, and the proofs: the same ones
give the same text, whatever ran.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from llminv.audit.proof import Result
from llminv.evidence.proofs import digest
from llminv.reports.bugs_md import VALIDATED_BUG_MD, anchor
from llminv.reports.markdown import code, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from llminv.audit.proof import Proof
    from llminv.declaration.promise import Promise
    from llminv.errors import Place
    from llminv.evidence.bug import Bug
    from llminv.evidence.proofs import Proven
    from llminv.evidence.verified import Standing
    from llminv.kinds.interface import Kind

INVARIANTS_MD = "INVARIANTS.md"


def invariants_md(
    promises: Iterable[Promise],
    bugs: Iterable[Bug],
    standings: Mapping[str, Standing],
    proofs: Mapping[str, Proven],
    kinds: Mapping[str, Kind],
) -> str:
    """Return the generated part of INVARIANTS.md, by domain, in the order of the declarations."""
    recorded = tuple(bugs)
    domains: dict[str, list[Promise]] = {}
    for promise in promises:
        domains.setdefault(promise.domain, []).append(promise)
    if not domains:
        return "No invariant is declared.\n"
    lines: list[str] = []
    for domain, members in domains.items():
        lines += [f"## {escape(domain)}", ""]
        for promise in members:
            kind, entry = kinds[promise.invariant.kind], proofs.get(promise.invariant.id)
            lines += [*_invariant(promise, recorded, standings, entry, kind), ""]
    return "\n".join(lines)


def _invariant(
    promise: Promise,
    bugs: Sequence[Bug],
    standings: Mapping[str, Standing],
    entry: Proven | None,
    kind: Kind,
) -> Iterator[str]:
    invariant = promise.invariant
    yield f"### {escape(invariant.title)}"
    yield ""
    yield f"- **Invariant**: {escape(invariant.statement)}"
    yield (
        f"- **Test**: {code(kind.name)}: {escape(kind.summary)} It {escape(kind.describe(promise))}. "
        f"Just this one: {code(f'llminv run --select {invariant.id}')}"
    )
    yield f"- **Critical**: {escape(invariant.critical)}"
    found = [
        f"[{code(bug.id)}]({VALIDATED_BUG_MD}#{anchor(bug)}), {standings[bug.id].status}"
        for bug in bugs
        if bug.invariant == invariant.id
    ]
    yield f"- **Bug Found**: {'; '.join(found) or 'none recorded'}"
    yield f"- **Proven by**: {_proven_by(promise, entry)}"
    for accepted in invariant.accepted:
        yield f"- **Accepted**: {code(accepted.bug)}: {escape(accepted.reason)}"
    yield f"- **max_examples**: {invariant.max_examples}"
    yield f"- **Declared in**: {_place(promise.place)}"


def _proven_by(promise: Promise, entry: Proven | None) -> str:
    """Return which planted bugs it has caught, and which not."""
    prove = code(f"llminv prove --select {promise.invariant.id}")
    if entry is None:
        return f"nothing yet ({prove})"
    if entry.promise != digest(promise):
        return f"nothing since it was declared anew ({prove})"
    caught = [_planted(proof) for proof in entry.of(Result.CAUGHT)]
    survived = [_planted(proof) for proof in entry.of(Result.SURVIVED)]
    said = f"{', '.join(caught) or 'nothing'}, in {code(entry.handler)}"
    return f"{said}. **Not noticed**: {', '.join(survived)}" if survived else said


def _planted(proof: Proof) -> str:
    forged = ", forged" if proof.forges else ""
    return f"{code(proof.saboteur)} ({proof.code}{forged})"


def _place(place: Place) -> str:
    return f"[{code(f'{place.file}:{place.line}')}]({quote(place.file)}#L{place.line})"
