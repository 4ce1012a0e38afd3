"""What most commands need of the current folder: its settings, its declarations, its ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from llminv.cli.config import Config, read_config
from llminv.declaration.load import Declarations, load
from llminv.errors import UsageError
from llminv.evidence.ledger import Ledger
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

BUGS = "bugs"


@dataclass(frozen=True)
class Project:
    """The current folder as a project; nothing is read but the settings until it is asked for.

    `config` is what a command goes by, `configured` what stands in pyproject.toml.
    """

    config: Config
    configured: Config

    @classmethod
    def here(cls, invariants: str | None = None) -> Project:
        """Return the project of the current folder, with other declarations where `invariants` says so."""
        configured = read_config(Path())
        config = configured if invariants is None else replace(configured, invariants=invariants)
        return cls(config, configured)

    @property
    def folder(self) -> Path:
        """The folder of the declarations."""
        folder = Path(self.config.invariants)
        if folder.is_file():
            raise UsageError(f"{folder} is a file", "name the folder that holds the declarations")
        return folder

    @cached_property
    def declarations(self) -> Declarations:
        """Everything declared; raises DeclarationError unless all of it is right."""
        models = {name: kind.model for name, kind in KINDS.items()}
        return load([self.folder], models, tuple(DIALECTS))

    @property
    def ledger(self) -> Ledger:
        """The recorded bugs."""
        return Ledger(self.folder / BUGS)
