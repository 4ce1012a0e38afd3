"""`llminv prove`: are the invariants able to fail? Known bugs are planted in the handler, to be caught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llminv.audit.proof import Proof, Result
from llminv.cli.exit_codes import Exit
from llminv.cli.list import aligned
from llminv.cli.options import InvariantsOption, JobsOption, MaxExamplesOption, PythonOption, SelectOption
from llminv.cli.project import Project
from llminv.cli.record import foreign, up_to_date
from llminv.cli.run import selected
from llminv.cli.screen import ColorOption, Screen, screen_of
from llminv.evidence.files import ensure_writable
from llminv.evidence.proofs import PROOFS_TOML, proven, read_proofs, write_proofs
from llminv.kinds import KINDS
from llminv.reports.documents import documents
from llminv.reports.text import counted

if TYPE_CHECKING:
    from llminv.declaration.promise import Promise


def prove(
    context: typer.Context,
    handler: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Plant bugs in this handler, or in the ready adapter of that name; unless it is the "
            "configured one, write nothing.",
        ),
    ] = None,
    invariants: InvariantsOption = None,
    select: SelectOption = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Draw other scenarios.")] = 0,
    max_examples: MaxExamplesOption = None,
    jobs: JobsOption = None,
    no_write: Annotated[bool, typer.Option("--no-write", help="Write neither proofs nor documents.")] = False,
    python: PythonOption = None,
    color: ColorOption = "auto",
) -> int:
    """Plant known bugs in the handler: each must be caught, or its invariant cannot fail."""
    del color  # the screen has it
    screen = screen_of(context)
    project = Project.here(invariants, handler=handler, python=python, jobs=jobs)
    spec = project.config.handler
    promises = selected(project.declarations.promises, select or [])
    reason = "--no-write" if no_write else foreign(project, spec)
    if not reason:
        ensure_writable(project.folder)
        read_proofs(project.folder)

    from llminv.audit.prove import prove as put_to_proof

    def tell(promise: Promise, proofs: tuple[Proof, ...]) -> None:
        screen.out("\n".join(_told(promise, proofs)))

    found = put_to_proof(promises, spec, KINDS, project.options(seed, max_examples), tell)
    for line in _summary(found):
        screen.out(line)
    if reason:
        screen.err(f"Nothing was written: {reason}.")
    else:
        for line in _write(project, spec, promises, found):
            screen.err(line)
    return _status(found, screen)


def _told(promise: Promise, proofs: tuple[Proof, ...]) -> Iterator[str]:
    """Yield what is said of one invariant."""
    yield promise.invariant.id
    rows = [(f"  {proof.result}", proof.saboteur, proof.code, _why(proof)) for proof in proofs]
    yield from aligned(rows) if rows else ["  no saboteur had an occasion to act"]
    yield ""


def _why(proof: Proof) -> str:
    word = "after" if proof.result == Result.CAUGHT else "in"
    played = f"{word} {counted(proof.scenarios, 'scenario')}" if proof.scenarios else ""
    forged = "proves the checker alone" if proof.forges and proof.result == Result.CAUGHT else ""
    return ", ".join(filter(None, (played, forged, proof.reason)))


def _summary(found: Mapping[str, tuple[Proof, ...]]) -> Iterator[str]:
    """Yield the counts, and the invariants that let a bug through, by name."""
    counts = Counter(proof.result for proofs in found.values() for proof in proofs)
    yield ", ".join(f"{counts[result]} {result}" for result in Result)
    for invariant, proofs in found.items():
        survived = [proof.saboteur for proof in proofs if proof.result == Result.SURVIVED]
        if survived:
            yield f"{invariant} does not notice {', '.join(dict.fromkeys(survived))}"


def _write(
    project: Project, spec: str, promises: list[Promise], found: Mapping[str, tuple[Proof, ...]]
) -> Iterator[str]:
    """Write the proofs, and the documents that tell of them; yield a line for each file."""
    entries = {
        promise.invariant.id: proven(promise, spec, found[promise.invariant.id]) for promise in promises
    }
    declared = project.declarations.promises
    if write_proofs(project.folder, entries, {promise.invariant.id for promise in declared}):
        yield f"{project.folder / PROOFS_TOML}: written"
    yield from up_to_date(lambda: documents(Path(), declared, project.ledger, KINDS, project.others))


def _status(found: Mapping[str, tuple[Proof, ...]], screen: Screen) -> Exit:
    results = {proof.result for proofs in found.values() for proof in proofs}
    if Result.SURVIVED in results:
        return Exit.VIOLATED
    if Result.CAUGHT not in results:
        screen.err("No verdict: no saboteur applies to the handler and the selected invariants.")
        return Exit.NO_VERDICT
    return Exit.FINE
