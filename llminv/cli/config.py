"""`[tool.llminv]` in the pyproject.toml of the current folder: which handler, which declarations.

Whatever stands there and is not known is an error with file and line: a setting that is silently
ignored would be believed.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from llminv.audit.worker import SCENARIO_LIMIT_S
from llminv.declaration.fields import near, shown
from llminv.errors import UsageError
from llminv.evidence.files import read_text
from llminv.evidence.toml_text import line_of

PYPROJECT = "pyproject.toml"
ISOLATIONS = ("none", "fork")


@dataclass(frozen=True)
class Config:
    """The settings: `handler` is a spec, `invariants` the folder of the declarations and of the ledger.

    `scenario_limit_s` is how long one scenario may take in real time. With the isolation "fork" each
    scenario is played in a fork of the loaded handler, for one that keeps state in its modules. `python` is
    the interpreter of the environment with the handler's libraries, "" for the one that llminv runs in.
    `jobs` is how many invariants are played at a time, None for one a processor, four at most.
    `ledgers` are folders with bugs that were found elsewhere, and stand in VALIDATED_BUG.md, too.
    """

    handler: str = "handler.py"
    invariants: str = "invariants"
    scenario_limit_s: float = SCENARIO_LIMIT_S
    isolation: str = "none"
    python: str = ""
    jobs: int | None = None
    ledgers: tuple[str, ...] = ()


def read_config(folder: Path) -> Config:
    """Return the settings of the project in `folder`; raise UsageError for what is wrong in them."""
    file = folder / PYPROJECT
    text = read_text(file)
    table = tool_table(text or "")
    names = [field.name for field in fields(Config)]
    for name, value in table.items():
        place = f"{PYPROJECT}:{line_of(text or '', f'tool.llminv.{name}') or 1}"
        if name not in names:
            raise UsageError(f"{place}: [tool.llminv] has no setting {shown(name)}{near(name, names)}")
        if problem := _problem(name, value):
            raise UsageError(f"{place}: {name}: {problem}")
    return Config(**{**table, "ledgers": tuple(table.get("ledgers", ()))})


def configured_above(folder: Path) -> Path | None:
    """Return the nearest folder above with settings of llminv, None where `folder` has a pyproject.toml."""
    if (folder / PYPROJECT).exists():
        return None
    for above in folder.absolute().parents:
        with suppress(UsageError):
            if tool_table(read_text(above / PYPROJECT) or ""):
                return above
    return None


def tool_table(text: str) -> dict[str, Any]:
    """Return `[tool.llminv]` of a pyproject.toml (Any: whatever TOML holds); empty where there is none."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+), column (\d+)", str(error))
        where = f"{PYPROJECT}:{place[1]}:{place[2]}" if place else PYPROJECT
        what = str(error).partition(" (at ")[0]
        raise UsageError(f"{where}: this is not TOML: {what}", "mend the file") from None
    table = document
    for path in ("tool", "tool.llminv"):
        table = table.get(path.rpartition(".")[2], {})
        if not isinstance(table, dict):
            raise UsageError(f"{PYPROJECT}:{line_of(text, path) or 1}: {path} is not a table")
    return table


def _problem(name: str, value: object) -> str:
    """Return what is wrong with the value of a setting, or ""."""
    if name == "scenario_limit_s":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < float(str(value)) < float("inf"):
            return f"expected a number of seconds above 0, found {value!r}"
    elif name == "jobs":
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            return f"expected a whole number above 0, found {value!r}"
    elif name == "ledgers":
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            return f"expected a list of folders, found {value!r}"
    elif not isinstance(value, str) or not value.strip():
        return f"expected text, found {value!r}"
    elif name == "isolation" and value not in ISOLATIONS:
        return f"{shown(value)} is no isolation{near(value, ISOLATIONS)}"
    return ""
