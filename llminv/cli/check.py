"""`llminv check`: the declarations alone; no handler is loaded."""

from __future__ import annotations

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.project import Project
from llminv.cli.screen import screen_of
from llminv.declaration.files import yaml_files
from llminv.reports.text import counted


def check(context: typer.Context) -> int:
    """Check the declarations, without a handler."""
    project = Project.here()
    declarations, screen = project.declarations, screen_of(context)
    files = yaml_files([project.folder])
    for warning in declarations.warnings:
        screen.err(f"warning: {warning}")
    found = f"{counted(len(declarations.promises), 'invariant')} in {counted(len(files), 'file')}"
    screen.out(f"{project.folder}: {found}, all right.")
    return Exit.FINE
