"""The invariants of a project as items of pytest: `pytest --llminv`, or `llminv_invariants = true`.

One item an invariant, beside the other tests; each audits the configured handler and fails with the report.
An operation that is not offered is a skip, an accepted bug an expected failure. It writes nothing: bugs are
recorded by `llminv run`. pytest loads this file whenever it runs, so it imports nothing else of llminv before
it is asked to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llminv.cli.project import Project
    from llminv.declaration.promise import Promise
    from llminv.evidence.bug import Bug

INI = "llminv_invariants"
SEED = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the setting."""
    group = parser.getgroup("llminv")
    group.addoption("--llminv", action="store_true", help="audit the declared invariants")
    group.addoption("--llminv-seed", type=int, default=SEED, metavar="N", help=f"what to draw by ({SEED})")
    group.addoption(
        "--llminv-max-examples", type=int, metavar="N", help="scenarios to draw for each invariant"
    )
    parser.addini(INI, "audit the declared invariants in every run", type="bool", default=False)


@pytest.hookimpl(tryfirst=True)  # so that -k and -m choose among these items, too
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the invariants to what was collected."""
    if config.getoption("--llminv") or config.getini(INI):
        items += Invariants.from_parent(session, name="llminv", nodeid="llminv").collect()


class Violated(Exception):
    """An invariant is violated, or there is no verdict; the message is the report."""


class Invariants(pytest.Collector):
    """All that the project in the current folder declares."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each invariant; what is wrong with the declarations is an error of usage."""
        from llminv.cli.project import Project
        from llminv.errors import LlminvError

        project = Project.here()
        try:
            recorded = project.ledger.bugs()
            promises = project.declarations.promises
        except LlminvError as error:
            raise pytest.UsageError(f"llminv: {error}") from None
        for promise in promises:
            item: InvariantItem = InvariantItem.from_parent(self, name=promise.invariant.id)
            item.project, item.promise, item.recorded = project, promise, recorded
            yield item


class InvariantItem(pytest.Item):
    """One invariant, audited when it is its turn."""

    project: Project
    promise: Promise
    recorded: Sequence[Bug]

    def runtest(self) -> None:
        """Audit; raise Violated with the report."""
        from llminv.audit.engine import run
        from llminv.errors import LlminvError
        from llminv.kinds import KINDS
        from llminv.reports.facts import is_accepted
        from llminv.reports.terminal_report import render
        from llminv.verdict import Status

        options = self.project.options(
            self.config.getoption("--llminv-seed"), self.config.getoption("--llminv-max-examples")
        )
        try:
            audit = run([self.promise], self.project.config.handler, KINDS, options)
        except LlminvError as error:
            raise Violated(f"llminv: {error}") from None
        (result,) = audit.results
        if result.verdict.status is Status.NOT_OFFERED:
            pytest.skip(f"not offered: {result.verdict.reason}")
        if is_accepted(audit, result, self.recorded):
            pytest.xfail("violated by accepted bugs only")
        if result.verdict.status is not Status.HELD:
            codes = dict.fromkeys(bug.finding.code for bug in result.counterexamples)
            what = ", ".join(codes) or result.verdict.reason
            report = render(audit, KINDS, self.recorded, writes=False)
            raise Violated(f"{result.verdict.status.value}: {what}\n\n{report}")

    # The type of what pytest hands over is private to it, hence Any.
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the report alone: the traceback would be one of llminv."""
        if isinstance(excinfo.value, Violated):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Return where it is declared: file, line (from 0) and title."""
        place = self.promise.place
        return place.file, place.line - 1, self.promise.invariant.title
