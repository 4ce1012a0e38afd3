"""`llminv init`: declarations, settings and a handler to start from. It overwrites nothing.

The declarations of `starter/` are those that the handler keeps, so that the first run shows what a run is
like and not what a stub lacks; `--all` writes those that come with llminv.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from llminv.cli.config import PYPROJECT, Config, read_config, tool_table
from llminv.cli.exit_codes import Exit
from llminv.cli.project import packaged
from llminv.cli.screen import screen_of
from llminv.declaration.files import SUFFIXES
from llminv.declaration.usage import FOLDER, usage_files
from llminv.errors import UsageError
from llminv.evidence.files import ensure_writable, read_text, write_atomically, write_new

HANDLER_FILE = "handler.py"
STARTER = Path(__file__).with_name("starter")
TABLE = f"""\
[tool.llminv]
handler = "{HANDLER_FILE}:Handler"
invariants = "{Config().invariants}"
"""


def init(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Write all declarations there are, more than the handler keeps.")
    ] = False,
) -> int:
    """Write what a project needs to start; overwrite nothing."""
    screen = screen_of(context)
    here = Path()
    ensure_writable(here)
    config = read_config(here)
    for line in (
        *_declared(Path(config.invariants), everything=everything),
        _handled(here / HANDLER_FILE, config),
    ):
        screen.out(line)
    screen.out(_configured(here / PYPROJECT))
    screen.err("next: `llminv run`; then let the handler call your own LLM layer")
    return Exit.FINE


def _declared(folder: Path, *, everything: bool) -> Iterator[str]:
    """Copy the declarations, unless there are others: providers and policy can stand in one file only."""
    sources = packaged() if everything else sorted(STARTER.iterdir())
    names = {source.name for source in packaged()}
    if folder.is_dir() and (
        own := sorted(
            file.name for file in folder.iterdir() if file.suffix in SUFFIXES and file.name not in names
        )
    ):
        yield f"{folder}: kept as it was, it holds {', '.join(own)}"
        return
    usage = usage_files(packaged()) if everything else []
    ensure_writable(folder / FOLDER if usage else folder)
    for source in sources:
        yield _created(folder / source.name, source.read_text("utf-8"))
    for source in usage:
        yield _created(folder / FOLDER / source.name, source.read_text("utf-8"))


def _handled(file: Path, config: Config) -> str:
    if config.handler.partition(":")[0] != HANDLER_FILE:
        return f"{file}: not needed, the handler is {config.handler}"
    return _created(file, (files("llminv.cli") / "handler_stub.py").read_text("utf-8"))


def _created(file: Path, text: str) -> str:
    return f"{file}: {'written' if write_new(file, text) else 'kept as it was'}"


def _configured(file: Path) -> str:
    """Append the settings to `file`, whose other text stays as it is; create it where there is none."""
    old = read_text(file) or ""
    if tool_table(old):
        return f"{file}: kept as it was, it has [tool.llminv]"
    line_end = "\r\n" if "\r\n" in old else "\n"
    gap = "" if not old else line_end if old.endswith("\n") else line_end * 2
    new = old + gap + TABLE.replace("\n", line_end)
    try:
        tool_table(new)
    except UsageError:
        hint = f"add it by hand:\n{TABLE.rstrip()}"
        raise UsageError(f"{file}: [tool.llminv] cannot be appended to what stands there", hint) from None
    write_atomically(file, new)
    return f"{file}: [tool.llminv] {'added' if old else 'written'}"
