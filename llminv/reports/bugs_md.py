"""VALIDATED_BUG.md: every recorded bug, with the minimal scenario that shows it and how to replay it.

A pure function of the ledger and of what `llminv verify` saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llminv.evidence.version import parse
from llminv.reports.markdown import code, escape
from llminv.reports.sequence import sequence
from llminv.reports.text import cut
from llminv.reports.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llminv.evidence.bug import Bug
    from llminv.evidence.verified import Standing

VALIDATED_BUG_MD = "VALIDATED_BUG.md"

_HEADING = "VALIDATED_BUG: "
# The ledger keeps the whole text; a message of pages helps nobody here.
CHARACTERS_MAX = 1_000


def anchor(bug: Bug) -> str:
    """Return the fragment under which Git hosts find the heading of `bug`."""
    # They drop the colon and put a hyphen for the blank; an id holds neither.
    return f"validated_bug-{bug.id}"


def bugs_md(bugs: Iterable[Bug], standings: Mapping[str, Standing]) -> str:
    """Return the generated part of VALIDATED_BUG.md, one section a bug, in the order given.

    `standings` has one for the id of each bug.
    """
    lines = [line for bug in bugs for line in (*_bug(bug, standings[bug.id]), "")]
    return "\n".join(lines) if lines else "No bug is recorded.\n"


def _bug(bug: Bug, standing: Standing) -> Iterator[str]:
    yield f"## {_HEADING}{bug.id}"
    yield ""
    yield f"- **Invariant**: {escape(bug.title)} ({code(bug.invariant)}, kind {code(bug.kind)})"
    yield f"- **Statement**: {escape(bug.statement)}"
    yield f"- **Status**: {escape(standing.shown)}"
    yield f"- **Expected**: {escape(cut(bug.expected, CHARACTERS_MAX))}"
    yield f"- **Observed**: {escape(cut(bug.observed, CHARACTERS_MAX))}"
    yield f"- **Root cause**: {escape(bug.root_cause) or 'not recorded'}"
    yield f"- **Fix**: {_fix(bug, standing)}"
    if bug.reference:
        yield f"- **Reference**: {escape(bug.reference)}"
    if bug.accepted:
        yield f"- **Accepted**: {escape(bug.accepted)}"
    yield (
        f"- **Found**: {escape(bug.found_on)} in {code(bug.handler)} ({escape(parse(bug.found_in).shown)}), "
        f"finding {code(bug.code)}, seed {bug.seed}, llminv {escape(bug.llminv_version)}"
    )
    yield f"- **Replay**: {code(f'llminv replay {bug.id}')}"
    yield ""
    yield "The minimal scenario, in virtual time:"
    yield ""
    yield from sequence(timeline(bug.scenario, bug.history))


def _fix(bug: Bug, standing: Standing) -> str:
    """Return where the bug is fixed, and whether anybody saw that."""
    return f"{escape(parse(bug.fixed_in).shown)}, {standing.status}" if bug.fixed_in else "not recorded"
