"""`llminv usage import`: logged requests and responses become recorded usage."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.project import Project
from llminv.cli.screen import screen_of
from llminv.declaration.usage import FOLDER, SUFFIX, Recorded, read_usage
from llminv.errors import UsageError
from llminv.evidence.files import ensure_writable, locked, read_text, write_atomically
from llminv.oracles.tokens.logs import recorded, records
from llminv.reports.text import counted

FORM = """\
\b
A log is JSON: one record, a list of records, or one record on each line.
  {"request": {...}, "response": {...}}
Both are the bodies as they went over the wire, of a call that was not streamed:
Chat Completions (OpenAI, DeepSeek), Messages (Anthropic) or generateContent
(Gemini). "provider" beside them names the declared provider, if that is not
openai, deepseek, anthropic or gemini; "model" the model.
Prompts and answers are copied into the project. Do not import what is secret.
"""


def usage_import(
    context: typer.Context,
    logs: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Logs to read.")],
    source: Annotated[
        str | None, typer.Option("--source", help="Where the figures are from; the file's name if left out.")
    ] = None,
) -> int:
    """Add logged calls to the recorded usage by which token counts are judged."""
    screen = screen_of(context)
    found: list[Recorded] = []
    for log in logs:
        text = read_text(log)
        if text is None:
            raise UsageError(f"{log}: no such file")
        for number, record in records(text):
            line = recorded(record, source or log.name)
            if isinstance(line, str):
                screen.err(f"{log}:{number}: skipped: {line}")
            else:
                found.append(line)
    if not found:
        raise UsageError("no call could be imported", "`llminv usage import --help` shows the form of a log")
    folder = Project.here().folder / FOLDER
    ensure_writable(folder)
    with locked(folder):
        for provider in dict.fromkeys(line.provider for line in found):
            file = folder / f"{provider}{SUFFIX}"
            added, known = _add(file, [line for line in found if line.provider == provider])
            screen.out(f"{file}: {counted(added, 'call')} added, {known} there before")
    return Exit.FINE


def _add(file: Path, lines: list[Recorded]) -> tuple[int, int]:
    """Append the lines that `file` does not hold; return how many that are, and how many it holds."""
    before = read_usage([file]) if file.exists() else ()
    text = read_text(file) or ""
    known = Counter(_key(line) for line in before)
    new = list({_key(line): line for line in lines if _key(line) not in known}.values())
    gap = "\n" if text and not text.endswith("\n") else ""
    write_atomically(file, text + gap + "".join(f"{_key(line)}\n" for line in new))
    return len(new), len(lines) - len(new)


def _key(line: Recorded) -> str:
    return line.model_dump_json(exclude_defaults=True)
