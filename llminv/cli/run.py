"""`llminv run`: the audit. The report goes to stdout, all else to stderr.

Everything that can be wrong in this folder is found before the first scenario is played: settings,
declarations, the ledger, both documents, and whether they can be written.
"""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.options import InvariantsOption, JobsOption, MaxExamplesOption, PythonOption, SelectOption
from llminv.cli.project import Project
from llminv.cli.record import Records
from llminv.cli.screen import ColorOption, Screen, screen_of
from llminv.declaration.fields import near, shown
from llminv.errors import UsageError
from llminv.handler.adapters import adapter_of
from llminv.kinds import KINDS
from llminv.reports.facts import is_accepted
from llminv.reports.text import counted
from llminv.simulation.faults import FAULTS
from llminv.simulation.transport import IN_PROCESS
from llminv.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llminv.audit.events import Audit
    from llminv.declaration.promise import Promise
    from llminv.evidence.bug import Bug

# The names of TRANSPORTS.
TransportName = Literal["in-process", "loopback"]
# The names of FORMATS.
FormatName = Literal["terminal", "json", "junit"]
# A seed that is drawn is short enough to be typed again.
SEEDS = 2**32


def run(
    context: typer.Context,
    handler: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Audit this handler, or the ready adapter of that name; unless it is the configured one, "
            "write nothing.",
        ),
    ] = None,
    invariants: InvariantsOption = None,
    select: SelectOption = None,
    python: PythonOption = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Draw as the run with this seed did.")
    ] = None,
    max_examples: MaxExamplesOption = None,
    jobs: JobsOption = None,
    no_write: Annotated[
        bool, typer.Option("--no-write", help="Record no bug and write no document.")
    ] = False,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write documents and bugs below this folder.")
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Do not fail because of an unknown.")
    ] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 whatever the verdicts are.")] = False,
    transport: Annotated[
        TransportName | None,
        typer.Option(
            metavar="NAME",
            help="in-process: virtual time (the default, but for a gateway); loopback: real sockets in real "
            "time, for policies and handlers with short timeouts.",
        ),
    ] = None,
    form: Annotated[
        FormatName, typer.Option("--format", metavar="NAME", help="The report: terminal, json or junit.")
    ] = "terminal",
    color: ColorOption = "auto",
) -> int:
    """Audit the handler, and record what breaks its invariants."""
    screen = screen_of(context)
    project = Project.here(invariants, handler=handler, python=python, jobs=jobs)
    spec = project.config.handler
    records = Records.planned(project, spec, out=out, no_write=no_write)
    promises = selected(project.declarations.promises, select or [])
    chosen = transport_of(spec, transport, promises)

    from llminv.audit.engine import run as audit_run
    from llminv.reports.terminal import TerminalListener

    options = project.options(secrets.randbelow(SEEDS) if seed is None else seed, max_examples, chosen)
    with TerminalListener(
        sys.stdout,
        sys.stderr,
        KINDS,
        recorded=records.known,
        writes=records.to_own_ledger,
        options=_given(
            {"--invariants": invariants, "--python": python, "-n": max_examples, "--transport": transport}
        ),
        form=form,
        color=color,
        environ=os.environ,
    ) as listener:
        audit = audit_run(promises, spec, KINDS, options, listener)
    for line in records.write(audit, chosen):
        screen.err(line)
    status = exit_status(audit, records.known, allow_unknown=allow_unknown)
    _explain(audit, status, screen)
    return Exit.FINE if exit_zero else status


def _given(options: Mapping[str, object]) -> list[str]:
    """Return the options that a run has to have again, without those that are the defaults."""
    return [
        word
        for name, value in options.items()
        if value not in (None, IN_PROCESS)
        for word in (name, str(value))
    ]


def selected(promises: Sequence[Promise], ids: Sequence[str]) -> list[Promise]:
    """Return the promises with these ids (none: all) in the order of the declarations.

    Raises UsageError, with the nearest word, for an id that is not declared.
    """
    known = [promise.invariant.id for promise in promises]
    for word in ids:
        if word not in known:
            raise UsageError(f"no invariant {shown(word)} is declared{near(word, known)}")
    return [promise for promise in promises if not ids or promise.invariant.id in ids]


def transport_of(spec: str, asked: str | None, promises: Sequence[Promise]) -> str:
    """Return the transport for a handler: the one that was asked for, or else what fits the handler.

    Raises UsageError for faults that cannot be seen: whether another process tried to connect to a port that
    refuses, nobody can tell.
    """
    adapter = adapter_of(spec)
    only = adapter.transport if adapter is not None else ""
    if not only:
        return asked or IN_PROCESS
    for promise in promises:
        names = KINDS[promise.invariant.kind].faults(promise)
        unseen = [name for name in names if FAULTS[name].before_request]
        if unseen:
            raise UsageError(
                f"{promise.invariant.id}: {', '.join(unseen)} cannot be seen where another process connects",
                "name the faults that are meant, in place of their classes, in `fallback` or `failures`",
            )
    return asked or only


def exit_status(audit: Audit, recorded: Sequence[Bug], *, allow_unknown: bool) -> Exit:
    """Return the exit status of a finished audit: a violation wins over an unknown."""
    if any(not is_accepted(audit, result, recorded) for result in audit.of(Status.VIOLATED)):
        return Exit.VIOLATED
    if len(audit.of(Status.NOT_OFFERED)) == len(audit.results):
        return Exit.NO_VERDICT
    # An accepted bug says nothing about what was not judged because of something else.
    unjudged = [result for result in audit.of(Status.VIOLATED) if result.verdict.reason]
    if not allow_unknown and (unjudged or audit.of(Status.UNKNOWN)):
        return Exit.NO_VERDICT
    return Exit.FINE


def _explain(audit: Audit, status: Exit, screen: Screen) -> None:
    """Say why there is no verdict, where the report alone would not make that clear."""
    if status is not Exit.NO_VERDICT:
        return
    unknown = audit.of(Status.UNKNOWN)
    if unknown:
        screen.err(f"No verdict for {counted(len(unknown), 'invariant')}: --allow-unknown lets that pass.")
    else:
        screen.err("No verdict: the handler offers nothing that the selected invariants are about.")
