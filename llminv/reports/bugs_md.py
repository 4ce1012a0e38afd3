"""VALIDATED_BUG.md: every recorded bug, with the minimal scenario that shows it and how to replay it.

A pure function of the ledger and of what `llminv verify` saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from llminv.evidence.version import parse
from llminv.reports.markdown import code, escape
from llminv.reports.sequence import sequence
from llminv.reports.text import cut
from llminv.reports.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

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


@dataclass(frozen=True)
class Elsewhere:
    """A bug of another ledger than the project's own, which stands in `folder`."""

    folder: Path
    bug: Bug
    standing: Standing

    @property
    def library(self) -> str:
        """The package in which it was found, or the spec of a handler that is no package."""
        found = parse(self.bug.found_in)
        return self.bug.handler if found.commit or not found.packages else next(iter(found.packages))


def bugs_md(
    bugs: Iterable[Bug], standings: Mapping[str, Standing], elsewhere: Iterable[Elsewhere] = ()
) -> str:
    """Return the generated part of VALIDATED_BUG.md, one section a bug, in the order given.

    `standings` has one for the id of each bug. Behind them stand those found `elsewhere`, one section a
    library.
    """
    lines = [line for bug in bugs for line in (*_bug(bug, standings[bug.id]), "")]
    for library, found in groupby(sorted(elsewhere, key=_by_library), key=lambda each: each.library):
        lines += [f"## {escape(library)}", ""]
        for each in found:
            place = (each.folder / f"{each.bug.id}.toml").as_posix()
            lines += [*_bug(each.bug, each.standing, "###", place), ""]
    return "\n".join(lines) if lines else "No bug is recorded.\n"


def _by_library(found: Elsewhere) -> tuple[str, str]:
    return found.library, found.bug.id


def _bug(bug: Bug, standing: Standing, level: str = "##", place: str = "") -> Iterator[str]:
    yield f"{level} {_HEADING}{bug.id}"
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
    yield f"- **Replay**: {code(f'llminv replay {place or bug.id}')}"
    yield ""
    yield "The minimal scenario, in virtual time:"
    yield ""
    yield from sequence(timeline(bug.scenario, bug.history))


def _fix(bug: Bug, standing: Standing) -> str:
    """Return where the bug is fixed, and whether anybody saw that."""
    return f"{escape(parse(bug.fixed_in).shown)}, {standing.status}" if bug.fixed_in else "not recorded"
