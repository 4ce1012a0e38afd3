"""The options that several commands have: the same words, and the same meaning, everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

InvariantsOption = Annotated[
    str | None, typer.Option("--invariants", metavar="DIR", help="The folder of the declarations.")
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="ID", help="Only this invariant; can be repeated."),
]
PythonOption = Annotated[
    str | None,
    typer.Option(
        "--python", metavar="PATH", help="The interpreter of the environment with the handler's libraries."
    ),
]
MaxExamplesOption = Annotated[
    int | None,
    typer.Option("-n", "--max-examples", min=1, metavar="N", help="Scenarios to draw for each invariant."),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        metavar="N",
        help="Invariants to play at a time, each in a process of its own; one a processor (four at most) if "
        "left out, and always one over loopback.",
    ),
]
