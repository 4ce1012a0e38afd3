"""README agrees with the code: its tables of kinds and commands, and every option that it shows."""

import re
from pathlib import Path

import pytest

from llminv.cli.app import COMMANDS, GROUPS
from llminv.contract import OPERATIONS
from llminv.declaration.load import load
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SHOWN = sorted(set(re.findall(r"(?:\$ |`)llminv ([a-z]+)((?: -[-a-z]+)*)", README)))


def rows(header):
    """The first cells of the table that begins with `header`, without their formatting."""
    table = README.split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    return [line.split("|")[1].strip().strip("`") for line in table.splitlines()[2:]]


def test_every_kind_is_listed():
    assert sorted(rows("kind")) == sorted(KINDS)


def test_every_command_is_listed():
    words = [*COMMANDS, *(f"{group} {word}" for group, (_, words) in GROUPS.items() for word in words)]
    shown = [re.sub(r"llminv | [A-Z]+", "", cell) for cell in rows("command")]
    assert sorted(shown) == sorted(words)


def test_every_operation_is_listed():
    assert rows("operation") == [*OPERATIONS]


@pytest.mark.parametrize(("command", "options"), SHOWN)
def test_every_command_shown_exists(cli, command, options):
    said = cli(command, "--help")
    assert said.status == 0
    assert [option for option in options.split() if option not in said.out] == []


def test_the_audit_that_is_shown_is_the_one_that_runs():
    models = {name: kind.model for name, kind in KINDS.items()}
    declared = [
        promise.invariant.id for promise in load([ROOT / "invariants"], models, tuple(DIALECTS)).promises
    ]
    shown = README.split("Finding or reason\n", 1)[1].split("\n\n", 1)[0]
    assert [line.split()[0] for line in shown.splitlines() if not line.startswith(" ")] == declared
