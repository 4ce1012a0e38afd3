"""What verification says of a bug: played where it was found, at its fix, and on the checkout."""

import dataclasses
import sys
import zipfile
from datetime import date
from importlib import metadata
from pathlib import Path

import pytest
from repositories import RIGHT, WRONG, Repository, wheel

from llminv.audit.events import Counterexample, HandlerInfo
from llminv.declaration.load import load
from llminv.errors import LedgerError, UsageError
from llminv.evidence import environments
from llminv.evidence.bug import from_counterexample
from llminv.evidence.ledger import Ledger
from llminv.evidence.verified import BugStatus
from llminv.evidence.verify import Verifier
from llminv.evidence.version import Version
from llminv.history import History
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.dialects import DIALECTS
from llminv.verdict import Finding

SCENARIO = Scenario((Call("complete"),), (Script(0, "openai", then=Act("http_429")),))
FINDING = Finding(
    "chain_stopped", "expected then", "observed then", provider="openai", fault_class="rate_limit"
)


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Repository:
    """A repository whose only commit has the bug; the project is a folder in it, and the current one."""
    repository = Repository.new(tmp_path / "top", "service")
    monkeypatch.chdir(repository.folder)
    return repository


@pytest.fixture
def ledger(repository) -> Ledger:
    return Ledger(Path("invariants/bugs"))


@pytest.fixture
def recorded(repository, ledger):
    """Record the bug as found in a version; its fields are those that people fill in."""
    models = {name: kind.model for name, kind in KINDS.items()}
    promise = load([Path("invariants")], models, tuple(DIALECTS)).promises[0]

    def record(version, handler="broken.py:Stops", **fields):
        bug = from_counterexample(
            promise,
            Counterexample(FINDING, SCENARIO, History(), "cell", 1, replayed=True),
            HandlerInfo(handler, ("complete",)),
            version=version,
            transport="in-process",
            seed=1,
            today=date(2026, 1, 31),
            folder=repository.folder,
        )
        bug = dataclasses.replace(bug, **fields)
        ledger.add(bug)
        return bug

    return record


@pytest.fixture
def verify(ledger):
    def verified(bug):
        standing = Verifier(ledger, KINDS, folder=Path.cwd(), limit_s=10).verify(bug)
        assert (standing.found_in, standing.fixed_in) == (bug.found_in, bug.fixed_in)
        return standing.status, standing.reason

    return verified


def commits(repository, *texts):
    """Commit broken.py with each of the texts in turn, and return the hashes."""
    hashes, now = [], WRONG
    for text in texts:
        repository.write("broken.py", now, text)
        now = text
        hashes.append(repository.commit())
    return hashes


def test_open(repository, recorded, verify):
    (commit,) = commits(repository, WRONG)
    assert verify(recorded(Version(commit))) == (BugStatus.OPEN, f"it FAILS on commit {commit[:12]}")


def test_fixed(repository, recorded, verify):
    found, fixed = commits(repository, WRONG, RIGHT)
    bug = recorded(Version(found), fixed_in=fixed[:10])
    repository.write("handler.py", "import json", "import json  # not committed")
    repository.git("stash")
    repository.write("handler.py", "import os", "import os  # nor this")
    before = repository.state()
    expected = f"it FAILS on commit {found[:12]} and PASSES on commit {fixed[:10]}"
    assert verify(bug) == (BugStatus.VERIFIED, expected)
    assert repository.state() == before, "nothing of the user's was touched"


def test_a_fix_that_does_not_hold(repository, recorded, verify):
    found, fixed = commits(repository, WRONG, f"{WRONG}  # mended")
    status, reason = verify(recorded(Version(found), fixed_in=fixed))
    assert (status, reason) == (
        BugStatus.UNVERIFIED,
        f"it FAILS on commit {found[:12]}, and still on commit {fixed[:12]}",
    )


def test_a_bug_that_came_back(repository, recorded, verify):
    found, fixed, _ = commits(repository, WRONG, RIGHT, f"{WRONG}  # again")
    status, reason = verify(recorded(Version(found), fixed_in=fixed))
    assert status == BugStatus.REGRESSED
    assert reason == f"it PASSES on commit {fixed[:12]}, and FAILS again on the checkout"


def test_a_checkout_without_the_fix_has_not_lost_it(repository, recorded, verify):
    found, fixed = commits(repository, WRONG, RIGHT)
    repository.git("checkout", "--quiet", found)
    assert verify(recorded(Version(found), fixed_in=fixed))[0] == BugStatus.VERIFIED


def test_what_does_not_show_where_it_was_found(repository, recorded, verify):
    (commit,) = commits(repository, RIGHT)
    assert verify(recorded(Version(commit))) == (
        BugStatus.UNREPRODUCIBLE,
        f"it PASSES on commit {commit[:12]}",
    )


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (Version("a" * 40, is_dirty=True), "uncommitted code"),
        (Version(), "code under no version"),
        (Version("a" * 40), "commit aaaaaaaaaaaa is not in this repository"),
    ],
)
def test_code_that_nobody_has(repository, recorded, verify, version, reason):
    commits(repository, WRONG)
    assert verify(recorded(version)) == (BugStatus.UNVERIFIABLE, reason)


def test_a_handler_that_was_not_there_yet(repository, recorded, verify):
    repository.write("broken.py", "class Stops", "class Other")
    found = repository.commit()
    repository.write("broken.py", "class Other", "class Stops")
    fixed = repository.commit()
    status, reason = verify(recorded(Version(found), fixed_in=fixed))
    assert (status, reason) == (
        BugStatus.UNVERIFIABLE,
        f"on commit {found[:12]}: broken.py has no attribute 'Stops'",
    )


def test_a_fix_that_cannot_be_played(repository, recorded, verify):
    found, fixed = commits(repository, WRONG, "caught = undefined")
    status, reason = verify(recorded(Version(found), fixed_in=fixed))
    assert status == BugStatus.UNVERIFIED
    assert reason.endswith(
        f"; on commit {fixed[:12]}: handler 'broken.py:Stops' raised while it was loaded: "
        "NameError: name 'undefined' is not defined"
    )


def test_a_source_folder_comes_from_the_commit(repository, recorded, verify, monkeypatch):
    """What is on the path of this process because of an editable install is not what was committed."""
    source = repository.folder / "src"
    (source / "way_finder").mkdir(parents=True)
    for name in ("broken.py", "handler.py"):
        (repository.folder / name).rename(source / "way_finder" / name)
    text = (source / "way_finder/broken.py").read_text()
    (source / "way_finder/broken.py").write_text(text.replace("from handler", "from way_finder.handler"))
    found = repository.commit()
    repository.write("src/way_finder/broken.py", WRONG, RIGHT)
    fixed = repository.commit()
    monkeypatch.setattr(sys, "path", [*sys.path, str(source)])
    monkeypatch.setenv("PYTHONPATH", str(source))
    bug = recorded(Version(found), handler="way_finder.broken:Stops", fixed_in=fixed)
    assert verify(bug)[0] == BugStatus.VERIFIED


def test_a_package_below_src_comes_from_the_commit(repository, recorded, verify):
    source = repository.folder / "src/way_found"
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    for name in ("broken.py", "handler.py"):
        (repository.folder / name).rename(source / name)
    repository.write("src/way_found/broken.py", "from handler", "from .handler")
    found = repository.commit()
    repository.write("src/way_found/broken.py", WRONG, RIGHT)
    assert verify(recorded(Version(found), handler="way_found.broken:Stops"))[0] == BugStatus.OPEN


def test_a_handler_outside_of_the_commit(repository, recorded, verify):
    (commit,) = commits(repository, WRONG)
    status, reason = verify(recorded(Version(commit), handler=f"{repository.folder}/broken.py:Stops"))
    assert status == BugStatus.UNVERIFIABLE
    assert reason.endswith("is found in the checkout only")


@pytest.mark.parametrize(
    ("fixed_in", "message"),
    [
        ("b" * 40, f"there is no commit {'b' * 40} in this repository"),
        ("no-such-tag", "there is no commit no-such-tag in this repository"),
        ("abc dirty", "what is not committed can be no fix"),
        ("routes==2", "the bug was found with no version of routes: see found_in"),
    ],
)
def test_a_fix_that_does_not_exist(repository, recorded, ledger, verify, fixed_in, message):
    (commit,) = commits(repository, WRONG)
    bug = recorded(Version(commit), fixed_in=fixed_in)
    with pytest.raises(LedgerError) as raised:
        verify(bug)
    file = ledger.folder / f"{bug.id}.toml"
    line = 1 + next(i for i, line in enumerate(file.read_text().splitlines()) if "fixed_in =" in line)
    assert raised.value.message == f"{file}:{line}: fixed_in: {message}"
    assert raised.value.hint


def text_of(repository, caught):
    """A module with the router and its broken copies, the first of which catches what is said."""
    handler = (repository.folder / "handler.py").read_text()
    broken = (repository.folder / "broken.py").read_text().replace("from handler import Router", "")
    return handler + broken.replace(WRONG, caught)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder for the index and the environments of this file: making one takes a second."""
    return tmp_path_factory.mktemp("packages")


@pytest.fixture
def packages(repository, shared, monkeypatch):
    """Versions of a package `routes`, which has the router in it, in a folder that pip takes for the index."""
    for version, text in (("1.0", WRONG), ("1.1", RIGHT), ("1.2", f"{WRONG}  # again")):
        wheel(shared / "index", "routes", version, text_of(repository, text))
    (repository.folder / "adapter.py").write_text("from routes import Stops\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shared / "index"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared / "cache"))
    return shared / "cache/llminv/environments"


def test_a_version_of_a_package(repository, recorded, verify, packages, monkeypatch):
    """Both versions are really installed, each in an environment of its own, without anything of llminv."""
    found = Version(packages={"routes": "1.0"})
    bug = recorded(found, handler="adapter.py:Stops", fixed_in="routes==1.1")
    expected = (BugStatus.VERIFIED, "it FAILS on routes==1.0 and PASSES on routes==1.1")
    assert verify(bug) == expected
    made = [folder for folder in packages.iterdir() if folder.is_dir()]
    assert len(made) >= 2
    for folder in made:
        names = {path.name for path in folder.glob("lib/*/site-packages/*")}
        assert {name.partition("-")[0] for name in names if name.endswith(".dist-info")} == {"routes"}
    monkeypatch.setenv("PIP_FIND_LINKS", str(packages / "nowhere"))
    assert verify(bug) == expected, "what was made is kept"


def test_a_version_that_does_not_exist(repository, recorded, verify, packages, ledger):
    bug = recorded(Version(packages={"routes": "1.0"}), handler="adapter.py:Stops", fixed_in="routes==9.9")
    with pytest.raises(LedgerError) as raised:
        verify(bug)
    assert raised.value.message.startswith(f"{ledger.folder / bug.id}.toml:")
    assert (
        ": fixed_in: pip cannot install routes==9.9: No matching distribution found" in raised.value.message
    )
    assert raised.value.hint == "`pip download --no-deps routes==9.9` shows more"


@pytest.mark.deep
def test_a_version_that_does_not_hold(repository, recorded, verify, packages):
    bug = recorded(Version(packages={"routes": "1.0"}), handler="adapter.py:Stops", fixed_in="routes==1.2")
    assert verify(bug)[0] == BugStatus.UNVERIFIED
    gone = recorded(Version(packages={"routes": "0.9"}), handler="adapter.py:Stops")
    status, reason = verify(gone)
    assert status == BugStatus.UNVERIFIABLE
    assert reason.startswith("pip cannot install routes==0.9: ")


@pytest.mark.parametrize(
    ("installed", "status"),
    [("1.1", BugStatus.VERIFIED), ("1.2", BugStatus.REGRESSED), ("1.1rc1", BugStatus.VERIFIED)],
)
def test_a_later_release_that_has_the_bug_again(
    repository, recorded, verify, packages, monkeypatch, tmp_path, installed, status
):
    """What is installed here counts where it came after the fix, and the others have nothing of it."""
    text = WRONG if installed != "1.1" else RIGHT
    wheel(tmp_path / "here", "routes", installed, text_of(repository, text))
    with zipfile.ZipFile(next((tmp_path / "here").iterdir())) as archive:
        archive.extractall(tmp_path / "installed")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    bug = recorded(Version(packages={"routes": "1.0"}), handler="adapter.py:Stops", fixed_in="routes==1.1")
    assert verify(bug)[0] == status


def test_an_environment_needs_pip(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environments, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="there is no pip in"):
        environments.environment({"routes": "1.0"})


def test_what_is_here_needs_no_environment():
    for python in (None, Path(sys.executable)):
        installed = environments.installed_in(environments.search_path(python))
        assert environments.has(installed, {"Pytest": metadata.version("pytest"), "import_linter": None})
        assert not environments.has(installed, {"pytest": "0.1"})
        assert not environments.has(installed, {"no-such-package": None})
    with pytest.raises(UsageError, match="does not run"):
        environments.search_path(Path("/no/such/python"))
