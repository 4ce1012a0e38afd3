"""`llminv replay`: a recorded bug, played again in a fresh process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated

import typer

from llminv.cli.bugs import recorded_bug
from llminv.cli.exit_codes import Exit
from llminv.cli.options import PythonOption
from llminv.cli.project import Project
from llminv.cli.screen import ColorOption, Screen, screen_of, wrapped
from llminv.evidence.replay import Outcome, Replay, replay, replay_here
from llminv.kinds import KINDS
from llminv.reports.color import wants_color
from llminv.reports.text import folded
from llminv.reports.wire import wire

STATUS: Mapping[Outcome, Exit] = MappingProxyType(
    {Outcome.FAILS: Exit.VIOLATED, Outcome.PASSES: Exit.FINE, Outcome.UNKNOWN: Exit.NO_VERDICT}
)


STYLES: Mapping[Outcome, str] = MappingProxyType(
    {Outcome.FAILS: "bad", Outcome.PASSES: "good", Outcome.UNKNOWN: "unclear"}
)


def replay_(
    context: typer.Context,
    bug: Annotated[str, typer.Argument(metavar="BUG", help="The id of a recorded bug, or its file.")],
    handler: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Play it on this handler, not on the recorded one.")
    ] = None,
    python: PythonOption = None,
    show_bytes: Annotated[
        bool, typer.Option("--bytes", help="Show what went over the wire, too; keys as <key:...>.")
    ] = False,
    pdb: Annotated[
        bool, typer.Option("--pdb", help="Play in this process; enter pdb where the handler raised.")
    ] = False,
    color: ColorOption = "auto",
) -> int:
    """Play a recorded bug again: FAILS, PASSES or UNKNOWN."""
    del color  # the screen has it
    screen = screen_of(context)
    project = Project.here(python=python)
    recorded, _ = recorded_bug(bug, project)
    if pdb:
        result, raised = replay_here(recorded, KINDS, handler=handler)
    else:
        limit_s = project.config.scenario_limit_s
        result, raised = (
            replay(recorded, KINDS, handler=handler, limit_s=limit_s, python=project.python),
            None,
        )
    screen.out("\n".join(_report(result, screen)))
    if show_bytes and result.history is not None:
        screen.out("\n".join(["", *wire(result.history)]))
    if pdb:
        _debug(raised, screen)
    return STATUS[result.outcome]


def _report(result: Replay, screen: Screen) -> Iterator[str]:
    """Yield the lines of what came of it: the outcome first, then the timeline."""
    from llminv.reports.terminal import terminal_width
    from llminv.reports.terminal_report import render_history

    width = terminal_width(sys.stdout)
    word = screen.styled(STYLES[result.outcome], result.outcome, sys.stdout)
    yield f"{word} {result.bug.id} on {result.handler}"
    yield from wrapped(_sentence(result), width)
    if result.history is None:
        return
    finding = result.finding
    call = finding.call if finding else 0
    color = wants_color(screen.color, sys.stdout, os.environ)
    yield ""
    yield render_history(result.bug.scenario, result.history, call=call, width=width, color=color).rstrip(
        "\n"
    )
    if finding:
        yield ""
        yield from wrapped(f"  Expected  {folded(finding.expected)}", width, " " * 12)
        yield from wrapped(f"  Observed  {folded(finding.observed)}", width, " " * 12)


def _sentence(result: Replay) -> str:
    if result.outcome is Outcome.UNKNOWN:
        return folded(result.reason)
    codes = KINDS[result.bug.kind].codes
    if result.outcome is Outcome.FAILS:
        return codes.get(result.bug.code, result.bug.code)
    others = "; ".join(codes.get(finding.code, finding.code) for finding in result.findings)
    also = f" It shows another finding: {others}" if others else ""
    return f"The finding {result.bug.code} does not show.{also}"


def _debug(raised: BaseException | None, screen: Screen) -> None:
    if raised is None:
        screen.err("The handler raised nothing: there is no place for the debugger to stop at.")
        return
    import pdb  # noqa: T100 - a debugger is what --pdb asks for

    pdb.post_mortem(raised.__traceback__)
