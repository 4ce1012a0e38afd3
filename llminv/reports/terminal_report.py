"""An audit as text for a terminal: a table of all invariants, then each that is not held, in full.

Returns text and writes none. A user's words only ever enter as `Text`, which rich takes as they are.
The same audit gives the same text: no durations, no dates.
"""

from __future__ import annotations

import io
import shlex
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from llminv.history import Raised
from llminv.reports.facts import counts, is_accepted, played, violations
from llminv.reports.text import counted, cut, folded, visible
from llminv.reports.timeline import timeline
from llminv.simulation.guard import ADVICE
from llminv.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from llminv.audit.events import Audit, InvariantResult
    from llminv.evidence.bug import Bug
    from llminv.history import ErrorInfo, History
    from llminv.kinds.interface import Kind
    from llminv.reports.facts import Violation
    from llminv.scenario import Scenario

WIDTH = 80
ID_WIDTH_MAX = 36
REASON_WIDTH_MIN = 12
# Behind each column.
GAP = 2
# Of a long message, and of what the handler printed, the beginning is shown.
MESSAGE_CHARACTERS_MAX = 1_000
CELL_CHARACTERS_MAX = 100
PRINTED_LINES_MAX = 20
CHAIN_MAX = 3

STYLES: Mapping[Status, str] = {
    Status.HELD: "green",
    Status.VIOLATED: "bold red",
    Status.UNKNOWN: "yellow",
    Status.NOT_OFFERED: "dim",
}


def render(
    audit: Audit,
    kinds: Mapping[str, Kind],
    recorded: Sequence[Bug] = (),
    *,
    writes: bool = True,
    options: Sequence[str] = (),
    width: int = WIDTH,
    color: bool = False,
) -> str:
    """Return the whole report.

    `recorded` are the bugs of the ledger, for what is accepted. `writes` says whether the run records
    what it found: only then is there a bug to replay. Without, a violation shows again in a run with the
    same seed and `options`.
    """
    parts = _report(audit, kinds, recorded, width=width, writes=writes, options=options)
    return _text(parts, width, color=color)


def render_history(
    scenario: Scenario, history: History, *, call: int = 0, width: int = WIDTH, color: bool = False
) -> str:
    """Return one history: its timeline, the error that `call` ended with, and what the handler printed."""
    return _text(_history(scenario, history, call), width, color=color)


def _text(parts: Iterator[RenderableType], width: int, *, color: bool) -> str:
    page = io.StringIO()
    console = Console(
        file=page,
        width=width,
        height=25,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in parts:
        # A command line is copied from the screen: it is never wrapped.
        console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
    return "".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def _report(
    audit: Audit,
    kinds: Mapping[str, Kind],
    recorded: Sequence[Bug],
    *,
    width: int,
    writes: bool,
    options: Sequence[str],
) -> Iterator[RenderableType]:
    yield Text(f"{visible(audit.handler.spec)} offers {', '.join(audit.handler.offers) or 'nothing'}")
    yield ""
    yield _summary(audit, kinds, recorded, width)
    for result in audit.results:
        for violation in violations(audit, result, recorded):
            yield ""
            yield from _violation(result, violation, kinds[result.promise.invariant.kind])
            yield ""
            is_recorded = writes or violation.is_recorded
            yield _next_step(audit, result, violation, is_recorded=is_recorded, options=options)
        if result.verdict.status is Status.UNKNOWN:
            yield ""
            yield from _unknown(result)
    for warning in _warnings(audit):
        yield ""
        yield warning
    if absent := audit.of(Status.NOT_OFFERED):
        yield ""
        yield Text(f"Not offered: {', '.join(result.promise.invariant.id for result in absent)}")
    yield ""
    yield _closing(audit, recorded)


def _warnings(audit: Audit) -> Iterator[Text]:
    """Say what the simulation refused, and what it could not see."""
    hosts = sorted({host for result in audit.results for host in result.refused})
    if hosts:
        yield Text(f"Refused, for no provider is there: {', '.join(map(visible, hosts))}", style="yellow")
    if audit.handler.unseen:
        names = ", ".join(audit.handler.unseen)
        yield Text(
            f"Imported, and beyond what the simulation can see: {names}. "
            f"What it sends is not audited; {ADVICE}.",
            style="yellow",
        )


def _summary(audit: Audit, kinds: Mapping[str, Kind], recorded: Sequence[Bug], width: int) -> Table:
    table = Table(box=None, padding=(0, GAP, 0, 0), header_style="bold")
    ids = [result.promise.invariant.id for result in audit.results]
    words = [
        "accepted" if is_accepted(audit, result, recorded) else result.verdict.status.value
        for result in audit.results
    ]
    # In a narrow terminal an id is folded: what the verdict is has to be read whole.
    others = max(map(len, ["Verdict", *words])) + len("Played") + 4 * GAP + REASON_WIDTH_MIN
    wide = min(max(map(len, ids), default=0), ID_WIDTH_MAX, width - others)
    table.add_column("Invariant", overflow="fold", width=max(wide, len("Invariant")))
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Played", no_wrap=True, justify="right")
    table.add_column("Finding or reason", overflow="fold", ratio=1)
    for name, word, result in zip(ids, words, audit.results, strict=True):
        table.add_row(
            Text(name),
            Text(word, style=STYLES[result.verdict.status]),
            str(played(result)),
            Text("\n".join(_reasons(result, kinds))),
        )
    return table


def _reasons(result: InvariantResult, kinds: Mapping[str, Kind]) -> Iterator[str]:
    if result.verdict.status is Status.VIOLATED:
        codes = kinds[result.promise.invariant.kind].codes
        for found in result.counterexamples:
            yield codes.get(found.finding.code, found.finding.code)
    if result.verdict.reason:
        yield folded(cut(_reason(result), CELL_CHARACTERS_MAX))


def _violation(result: InvariantResult, violation: Violation, kind: Kind) -> Iterator[RenderableType]:
    found, invariant = violation.counterexample, result.promise.invariant
    head = "VIOLATED" if found.replayed else "NOT CONFIRMED"
    style = STYLES[Status.VIOLATED if found.replayed else Status.UNKNOWN]
    yield Text.assemble((head, style), f" {invariant.id}: {found.finding.code}")
    yield Text(kind.codes.get(found.finding.code, ""))
    yield ""
    yield from _history(found.scenario, found.history, found.finding.call, violation)


def _next_step(
    audit: Audit,
    result: InvariantResult,
    violation: Violation,
    *,
    is_recorded: bool,
    options: Sequence[str],
) -> Text:
    """Return the one command that shows the violation again."""
    if not violation.counterexample.replayed:
        return Text("  It did not show again in a fresh process, so it is not recorded as a bug.")
    if is_recorded:
        return Text(f"  llminv replay {violation.bug}", no_wrap=True)
    name = result.promise.invariant.id
    command = ["llminv", "run", "--handler", audit.handler.spec, "--select", name, "--seed", str(audit.seed)]
    return Text(f"  {visible(shlex.join([*command, *options]))}", no_wrap=True)


def _judgement(violation: Violation) -> Table:
    finding = violation.counterexample.finding
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    table.add_row("Expected", _message(finding.expected))
    table.add_row("Observed", _message(finding.observed))
    if violation.accepted:
        table.add_row("Accepted", _message(violation.accepted))
    return table


def _history(
    scenario: Scenario, history: History, call: int, violation: Violation | None = None
) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, justify="right", style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in timeline(scenario, history):
        table.add_row(Text(row.at), Text(f"{row.who} > {row.whom}" if row.who else ""), Text(row.what))
    yield _indented(table)
    told = ""
    if violation is not None:
        told = violation.counterexample.finding.observed
        yield ""
        yield _indented(_judgement(violation))
    outcome = history.outcome(call)
    if isinstance(outcome, Raised):
        yield ""
        yield _indented(_error(outcome.error, "Raised", told))
        for behind in outcome.chain[:CHAIN_MAX]:
            yield _indented(_error(behind, "after", told))
    if history.printed.strip():
        yield ""
        yield _indented(_printed(history.printed))


def _error(error: ErrorInfo, lead: str, told: str) -> Group:
    """Show an error with its frames, and with its message unless what is `told` above holds that already."""
    name = f"{error.module}.{error.type}" if error.module not in ("", "builtins") else error.type
    head = Text(f"{lead} {visible(name)}", style="bold")
    if error.message not in told:
        head = Text.assemble(head, ": ", _message(error.message))
    return Group(head, *(Text(f"  {visible(frame)}") for frame in error.frames))


def _printed(printed: str) -> Group:
    lines = [visible(cut(line, MESSAGE_CHARACTERS_MAX)) for line in printed.rstrip().splitlines()]
    shown = [Text(f"  {line}") for line in lines[:PRINTED_LINES_MAX]]
    more = len(lines) - len(shown)
    if more > 0:
        shown.append(Text(f"  … {counted(more, 'line')} more"))
    return Group(Text("Printed by the handler", style="bold"), *shown)


def _unknown(result: InvariantResult) -> Iterator[RenderableType]:
    yield Text.assemble(("UNKNOWN", STYLES[Status.UNKNOWN]), f" {result.promise.invariant.id}")
    yield _message(_reason(result))
    if result.missing:
        yield _indented(
            Group(Text("Never seen:"), *(Text(f"  {visible(label)}") for label in result.missing))
        )
    if result.missing and result.first is not None:
        yield ""
        yield _indented(Text("The first scenario, for a start:"))
        yield ""
        yield from _history(*result.first, call=0)


def _reason(result: InvariantResult) -> str:
    """Return the reason of a verdict, without the labels that are listed on lines of their own."""
    reason = result.verdict.reason
    lists_labels = result.missing and all(label in reason for label in result.missing)
    return reason.partition(": ")[0] if lists_labels else reason


def _closing(audit: Audit, recorded: Sequence[Bug]) -> Text:
    accepted = sum(is_accepted(audit, result, recorded) for result in audit.results)
    words = []
    for word, number in counts(audit).items():
        note = f" ({accepted} accepted)" if word == Status.VIOLATED.value and accepted else ""
        words.append(f"{number} {word}{note}")
    return Text(f"{counted(len(audit.results), 'invariant')}: {', '.join(words)}. Seed {audit.seed}.")


def _message(text: str) -> Text:
    return Text(folded(cut(text, MESSAGE_CHARACTERS_MAX)))


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2))
