"""The ledgers of the examples: what was found in published libraries shows there again, and is told."""

import sys
import tempfile
from itertools import groupby
from pathlib import Path

import pytest
from environments import CURRENT, REPOSITORY, python_of

from llminv.audit.judge import judged
from llminv.audit.worker import Worker
from llminv.cli.config import read_config
from llminv.evidence.environments import has, installed_in
from llminv.evidence.ledger import Ledger
from llminv.evidence.replay import promise_of
from llminv.evidence.verified import BugStatus, read_verified
from llminv.evidence.verify import Verifier
from llminv.evidence.version import parse
from llminv.handler.adapters import ADAPTERS
from llminv.kinds import KINDS
from llminv.simulation.transport import IN_PROCESS

FOLDERS = sorted(REPOSITORY.glob("examples/*/bugs"))
BUGS = {bug.id: (bug, folder) for folder in FOLDERS for bug in Ledger(folder).bugs()}
# The others were found in gateways: nobody knows the version of another process.
LIBRARIES = {name: found for name, found in BUGS.items() if found[0].transport == IN_PROCESS}
ENVIRONMENTS = (CURRENT, "litellm", "pydantic-ai")
LIMIT_S = 60.0


def packages_of(environment):
    root = REPOSITORY / f".venv-routers-{environment}"
    own = [str(folder) for folder in root.glob("lib/*/site-packages")]
    return installed_in(sys.path if environment == CURRENT else own)


INSTALLED = {environment: packages_of(environment) for environment in ENVIRONMENTS}


def environment_of(bug):
    """Return the environment that has the versions in which a bug was found, or None."""
    found = parse(bug.found_in).packages
    return next((name for name, installed in INSTALLED.items() if has(installed, found)), None)


def place(bug):
    """What one worker can play: the library in one environment, with the same promises."""
    return bug.handler, environment_of(bug), repr(promise_of(bug, KINDS).setting())


HERE = sorted((bug for bug, _ in LIBRARIES.values() if environment_of(bug)), key=place)
GROUPS = [list(bugs) for _, bugs in groupby(HERE, key=place)]


@pytest.mark.usefixtures("vocabularies")
@pytest.mark.parametrize("bugs", GROUPS, ids=lambda bugs: bugs[0].handler)
def test_a_bug_shows_in_the_library_that_is_installed(bugs):
    handler, environment, _ = place(bugs[0])
    setting = promise_of(bugs[0], KINDS).setting()
    isolation = ADAPTERS[handler].isolation
    with Worker(setting, handler, LIMIT_S, isolation=isolation, python=python_of(environment)) as worker:
        for bug in bugs:
            history = worker.play(bug.scenario)
            said = judged(KINDS[bug.kind], promise_of(bug, KINDS), bug.scenario, history)
            assert said.finding(bug.code), bug.id


@pytest.mark.deep
@pytest.mark.usefixtures("vocabularies")
@pytest.mark.parametrize("name", LIBRARIES)
def test_what_was_verified_is_so(name):
    """In environments of their own, where the versions are not at hand."""
    bug, folder = BUGS[name]
    python = python_of(environment_of(bug) or CURRENT)
    verifier = Verifier(Ledger(folder), KINDS, folder=REPOSITORY, limit_s=LIMIT_S, python=python)
    assert verifier.verify(bug) == read_verified(folder)[name]


def test_every_ledger_is_told_with_the_projects_own():
    told = read_config(REPOSITORY).ledgers
    assert [REPOSITORY / folder for folder in told] == FOLDERS
    for folder in FOLDERS:
        ledger = Ledger(folder)
        for name, standing in ledger.standings(ledger.bugs()).items():
            seen = {BugStatus.OPEN, BugStatus.VERIFIED} if name in LIBRARIES else {BugStatus.UNVERIFIABLE}
            assert standing.status in seen, name


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_says_why_and_names_no_machine(name):
    bug, folder = BUGS[name]
    assert bug.root_cause
    assert bug.reference.startswith("https://")
    assert bool(parse(bug.found_in).packages) == (name in LIBRARIES)
    text = (folder / f"{name}.toml").read_text()
    machine = (
        REPOSITORY,
        Path.home(),
        Path(sys.prefix),
        Path(tempfile.gettempdir()),
        Path("/home"),
        Path("/Users"),
    )
    assert not [root for root in machine if f"{root}/" in text]


def row(bug, folder):
    found, fixed = parse(bug.found_in).packages, parse(bug.fixed_in).packages
    package, version = next(iter(found.items()))
    file = (folder / f"{bug.id}.toml").relative_to(REPOSITORY / "examples").as_posix()
    cells = (
        package if len(found) == 1 else bug.handler,
        version,
        f"[`{bug.invariant}`]({file})",
        KINDS[bug.kind].codes[bug.code],
        f"<{bug.reference}>",
        fixed.get(package, ""),
    )
    return "| " + " | ".join(cells) + " |"


def test_the_table_of_findings():
    readme = (REPOSITORY / "examples/README.md").read_text()
    rows = sorted(row(*found) for found in LIBRARIES.values())
    head = "| library | version | invariant | what | where it is told | fixed in |\n|---|---|---|---|---|---|"
    assert "\n".join([head, *rows]) + "\n" in readme
