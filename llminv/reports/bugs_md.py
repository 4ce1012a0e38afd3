"""VALIDATED_BUG.md: every recorded bug, with the minimal scenario that shows it and how to replay it.

A pure function of the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llminv.reports.markdown import code, escape, table
from llminv.reports.text import cut
from llminv.reports.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llminv.evidence.bug import Bug

VALIDATED_BUG_MD = "VALIDATED_BUG.md"

_HEADING = "VALIDATED_BUG: "
# The ledger keeps the whole text; a message of pages helps nobody here.
CHARACTERS_MAX = 1_000


def anchor(bug: Bug) -> str:
    """Return the fragment under which Git hosts find the heading of `bug`."""
    # They drop the colon and put a hyphen for the blank; an id holds neither.
    return f"validated_bug-{bug.id}"


def bugs_md(bugs: Iterable[Bug]) -> str:
    """Return the generated part of VALIDATED_BUG.md, one section a bug, in the order given."""
    lines = [line for bug in bugs for line in (*_bug(bug), "")]
    return "\n".join(lines) if lines else "No bug is recorded.\n"


def _bug(bug: Bug) -> Iterator[str]:
    yield f"## {_HEADING}{bug.id}"
    yield ""
    yield f"- **Invariant**: {escape(bug.title)} ({code(bug.invariant)}, kind {code(bug.kind)})"
    yield f"- **Statement**: {escape(bug.statement)}"
    yield f"- **Expected**: {escape(cut(bug.expected, CHARACTERS_MAX))}"
    yield f"- **Observed**: {escape(cut(bug.observed, CHARACTERS_MAX))}"
    yield f"- **Root cause**: {escape(bug.root_cause) or 'not recorded'}"
    yield f"- **Fix**: {escape(bug.fixed_in) or 'not recorded'}"
    if bug.reference:
        yield f"- **Reference**: {escape(bug.reference)}"
    if bug.accepted:
        yield f"- **Accepted**: {escape(bug.accepted)}"
    yield (
        f"- **Found**: {escape(bug.found_on)} in {code(bug.handler)} ({escape(bug.handler_version)}), "
        f"finding {code(bug.code)}, seed {bug.seed}, llminv {escape(bug.llminv_version)}"
    )
    yield f"- **Replay**: {code(f'llminv replay {bug.id}')}"
    yield ""
    yield "The minimal scenario, in virtual time:"
    yield ""
    rows = timeline(bug.scenario, bug.history)
    yield from table(
        ("Time", "From", "To", "What"),
        [(row.at, escape(row.who), escape(row.whom), escape(row.what)) for row in rows],
        "><<<",
    )
