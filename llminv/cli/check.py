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
    promises = project.declarations.promises
    files = yaml_files([project.folder])
    found = f"{counted(len(promises), 'invariant')} in {counted(len(files), 'file')}"
    screen_of(context).out(f"{project.folder}: {found}, all right.")
    return Exit.FINE
