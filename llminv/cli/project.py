"""What most commands need of the current folder: its settings, its declarations, its ledger."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from llminv.cli.config import PYPROJECT, Config, configured_above, read_config
from llminv.declaration.files import PACKAGED as FOLDER
from llminv.declaration.load import Declarations, load
from llminv.errors import UsageError
from llminv.evidence.ledger import Ledger
from llminv.evidence.replay import limit_of
from llminv.handler.adapters import Adapter, adapter_of
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.transport import IN_PROCESS

if TYPE_CHECKING:
    from llminv.audit.engine import Options

BUGS = "bugs"
# More of a handler's processes than this are not started unasked, however many processors there are.
JOBS_MAX = 4
# The declarations for everybody; the others of this repository ask for what not every handler has.
PACKAGED = ("cost.yaml", "llm.yaml", "prices.yaml", "providers.yaml", "streaming.yaml", "tokens.yaml")


def packaged() -> list[Path]:
    """Return the declarations that come with llminv."""
    return [FOLDER / name for name in PACKAGED]


def _with(adapter: Adapter) -> list[Path]:
    """Return the files of declarations that come with an adapter."""
    return [*adapter.declarations, *(file for file in packaged() if file.stem in adapter.library)]


@dataclass(frozen=True)
class Project:
    """The current folder as a project; nothing is read but the settings until it is asked for.

    `config` is what a command goes by, `configured` what stands in pyproject.toml. With an `adapter`,
    the declarations are those that come with it.
    """

    config: Config
    configured: Config
    adapter: Adapter | None = None

    @classmethod
    def here(
        cls,
        invariants: str | None = None,
        *,
        handler: str | None = None,
        python: str | None = None,
        jobs: int | None = None,
    ) -> Project:
        """Return the project of the current folder, with what a command line says instead of its settings.

        A ready adapter that is asked for by its name brings its own declarations and its isolation, but for
        what the command line or, where it is the configured handler, the folder says itself.
        """
        configured = read_config(Path())
        config = replace(
            configured,
            invariants=configured.invariants if invariants is None else invariants,
            handler=handler or configured.handler,
            python=python or configured.python,
            jobs=jobs or configured.jobs,
        )
        adapter = adapter_of(config.handler)
        if adapter is None:
            return cls(config, configured)
        if config.isolation == Config().isolation:
            config = replace(config, isolation=adapter.isolation)
        config = replace(config, scenario_limit_s=limit_of(config.handler, config.scenario_limit_s))
        own = invariants is None and (handler is not None or not Path(config.invariants).exists())
        return cls(config, configured, adapter if own else None)

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
        if self.adapter is None and not self.folder.exists() and (above := configured_above(Path())):
            raise UsageError(
                f"{self.folder}: no such file or folder",
                f"the settings stand in {above / PYPROJECT}: run llminv in {above}",
            )
        return load([self.folder] if self.adapter is None else _with(self.adapter), models, tuple(DIALECTS))

    @property
    def python(self) -> Path | None:
        """The interpreter of the handler's environment; None for that of this process."""
        if not self.config.python:
            return None
        python = Path(self.config.python)
        if not os.access(python, os.X_OK) or python.is_dir():
            raise UsageError(f"{python} is not an interpreter", "name one as .venv/bin/python is")
        return python

    def options(self, seed: int = 0, max_examples: int | None = None, transport: str = IN_PROCESS) -> Options:
        """Return how the handler is audited; where time is real, one scenario after the other."""
        from llminv.audit.engine import Options  # and Hypothesis, which few commands need

        return Options(
            seed=seed,
            max_examples=max_examples,
            scenario_limit_s=self.config.scenario_limit_s,
            isolation=self.config.isolation,
            transport=transport,
            python=self.python,
            jobs=(self.config.jobs or min(processors(), JOBS_MAX)) if transport == IN_PROCESS else 1,
        )

    @property
    def ledger(self) -> Ledger:
        """The recorded bugs."""
        return Ledger(self.folder / BUGS)

    @property
    def others(self) -> tuple[Ledger, ...]:
        """The ledgers of what was found elsewhere; raises UsageError for one that is not there."""
        for folder in self.config.ledgers:
            if not Path(folder).is_dir():
                raise UsageError(
                    f"{PYPROJECT}: ledgers: there is no folder {folder}", "name those that hold bugs"
                )
        return tuple(Ledger(Path(folder)) for folder in self.config.ledgers)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
