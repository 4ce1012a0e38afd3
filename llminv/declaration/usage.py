"""Recorded usage: what providers really billed, one JSON object a line, in `usage/` beside the declarations.

    {"provider": "openai", "model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}],
     "billed_input": 8, "output": "Hello!", "billed_output": 2, "source": "https://..."}

`text` may stand for `messages`: a prompt of that one user message. `tools` are those that were sent along.
`billed_output` is what `output` cost without reasoning: for the record, as it is no count of that text (see
`oracles.tokens.recorded`). `llminv usage import` writes such lines from logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from llminv.declaration.files import shown_path
from llminv.errors import DeclarationError, Place, Problem

FOLDER = "usage"
SUFFIX = ".jsonl"

Tokens = Annotated[int, Field(ge=0, strict=True)]


class Recorded(BaseModel):
    """One call that was billed; a figure that is None was not recorded. Messages and tools are JSON (Any)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str = Field(pattern="^[a-z][a-z0-9_-]*$")
    model: str = Field(min_length=1)
    messages: tuple[dict[str, Any], ...] = Field(min_length=1)
    tools: tuple[dict[str, Any], ...] = ()
    billed_input: Tokens | None = None
    output: str = ""
    billed_output: Tokens | None = None
    source: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, data: Any) -> Any:  # whatever JSON a line holds
        """Read `text` as the one message that it stands for."""
        if not isinstance(data, dict) or "text" not in data:
            return data
        if "messages" in data:
            raise ValueError("text and messages say the same: write one of them")
        rest = {key: value for key, value in data.items() if key != "text"}
        return {**rest, "messages": [{"role": "user", "content": data["text"]}]}

    @field_validator("messages", "tools")
    @classmethod
    def _without_none(cls, rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        """Leave out what has no value: a promise is written as TOML, which knows none."""
        return tuple({key: value for key, value in row.items() if value is not None} for row in rows)

    @model_validator(mode="after")
    def _says_something(self) -> Recorded:
        if self.billed_input is None and (self.billed_output is None or not self.output):
            raise ValueError("nothing that was billed: write billed_input, or output with billed_output")
        return self


def usage_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of recorded usage beside the declarations at `paths`, sorted by name."""
    folders = {(path if path.is_dir() else path.parent) / FOLDER for path in paths}
    return sorted(file for folder in folders if folder.is_dir() for file in folder.glob(f"*{SUFFIX}"))


def read_usage(files: Sequence[Path]) -> tuple[Recorded, ...]:
    """Return the lines of `files` in order; raise DeclarationError with every line that is wrong."""
    lines: list[Recorded] = []
    problems: list[Problem] = []
    for file in files:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(Place(shown_path(file), 1, 1), f"cannot be read: {error}"))
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                lines.append(Recorded.model_validate_json(line))
            except ValidationError as error:
                place = Place(shown_path(file), number, 1)
                problems += [Problem(place, _said(wrong["loc"], wrong["msg"])) for wrong in error.errors()]
    if problems:
        raise DeclarationError(problems)
    return tuple(lines)


def _said(steps: tuple[int | str, ...], message: str) -> str:
    name = ".".join(map(str, steps))
    message = message.removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
