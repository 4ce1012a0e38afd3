"""`llminv verify`: every bug as its file says, or not, and what is left behind."""

import shutil

import pytest
from repositories import RIGHT, WRONG, Repository

from llminv.cli import main
from llminv.cli.verify import STATUS
from llminv.evidence.verified import BugStatus

BUG = "fallback-chain-stopped-openai-rate-limit-912ba6"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A project with a bug that a run recorded, found in v1 of it; v2 is right, and v3 wrong again."""
    repository = Repository.new(tmp_path_factory.mktemp("template") / "project")
    repository.write("pyproject.toml", "handler.py:Router", "broken.py:Stops")
    commit = repository.commit()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository.folder)
        assert main(["run", "--seed", "1", "--select", "fallback"]) == 1
    file = repository.folder / f"invariants/bugs/{BUG}.toml"
    text = file.read_text()
    assert f'found_in = "{commit}"\n' in text
    repository.git("tag", "v1", commit)
    found_on = next(line for line in text.splitlines() if line.startswith("found_on"))
    # What is the same every day can be pinned whole.
    file.write_text(text.replace(commit, "v1").replace(found_on, 'found_on = "2026-01-31"'))
    for tag, old, new in (("v2", WRONG, RIGHT), ("v3", RIGHT, WRONG)):
        repository.write("broken.py", old, new)
        repository.commit()
        repository.git("tag", tag)
    return repository.folder


@pytest.fixture
def repository(template, tmp_path, monkeypatch) -> Repository:
    """A copy of that project, the current folder."""
    shutil.copytree(template, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return Repository(tmp_path / "project")


@pytest.fixture
def bug(repository):
    return repository.folder / f"invariants/bugs/{BUG}.toml"


def say(bug, field, value):
    """Let a person fill in a field of the bug, or change it."""
    lines = [line for line in bug.read_text().splitlines(keepends=True) if not line.startswith(f"{field} =")]
    lines.insert(lines.index("\n") + 1, f'{field} = "{value}"\n')
    bug.write_text("".join(lines))


def verified(repository):
    return repository.folder / "invariants/bugs/verified.toml"


def test_open_then_fixed(repository, bug, cli, snapshot):
    repository.git("checkout", "--quiet", "v2")
    first, again = cli("verify"), cli("verify")
    say(bug, "fixed_in", "v2")
    snapshot("verify", first, again, cli("verify", bug.stem))
    assert verified(repository).read_text() == VERIFIED
    document = (repository.folder / "VALIDATED_BUG.md").read_text()
    assert "- **Fix**: commit v2, fixed (verified)\n" in document
    assert "), fixed (verified)\n" in (repository.folder / "INVARIANTS.md").read_text()
    assert cli("docs", "--check").out.count("up to date") == 2


VERIFIED = f"""\
# What `llminv verify` saw when it played each bug where it was found and where it is fixed.

format = 1

[bugs.{BUG}]
status = "fixed (verified)"
reason = "it FAILS on commit v1 and PASSES on commit v2"
found_in = "v1"
fixed_in = "v2"
llminv_version = "0.1.0"
"""


def test_every_status_has_an_exit_status():
    assert list(STATUS) == list(BugStatus)


@pytest.mark.parametrize(
    ("found_in", "fixed_in", "status", "said"),
    [
        ("v1", "v2", 1, "regressed: it PASSES on commit v2, and FAILS again on the checkout\n"),
        ("v2", "", 1, "unreproducible: it PASSES on commit v2\n"),
        ("gone", "", 2, "unverifiable: commit gone is not in this repository\n"),
    ],
)
def test_the_exit_status(repository, bug, cli, found_in, fixed_in, status, said):
    say(bug, "found_in", found_in)
    if fixed_in:
        say(bug, "fixed_in", fixed_in)
    answer = cli("verify")
    assert (answer.status, answer.out) == (status, f"{bug.stem}  {said}")
    assert cli("bugs").out.splitlines()[1].split("  ")[2].strip() == said.partition(":")[0]


def test_no_bug(project, cli):
    answer = cli("verify")
    assert (answer.status, answer.out, answer.err) == (0, "", "No bug is recorded.\n")


@pytest.mark.parametrize("fixed_in", ["v9", "a==1"])
def test_a_fix_that_does_not_exist(repository, bug, cli, fixed_in):
    """Said before anything is played."""
    say(bug, "fixed_in", fixed_in)
    answer = cli("verify")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith(f"error: invariants/bugs/{bug.name}:5: fixed_in: the")
    assert not verified(repository).exists()


def test_an_entry_of_another_claim_counts_no_more(repository, bug, cli):
    cli("verify")
    say(bug, "fixed_in", "v2")
    assert "fixed (unverified)" in cli("bugs").out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"open"', '"opne"', "6: 'opne' is no status: did you mean 'open'?"),
        ('"open"', '"fixed (verified)"', "6: 'fixed (verified)' contradicts fixed_in, which is ''"),
        ('"open"', "3", "6: field 'bugs.{bug}.status': found 3, expected str"),
        ("reason =", "raison =", "7: field 'bugs.{bug}' has no field 'raison': did you mean 'reason'?"),
        ("format = 1", "format = 7", "3: format version 7 is not known; this llminv reads 1"),
        ("format = 1", "format = 1\nfixed = 2", "4: the file has no field 'fixed': it has format and bugs"),
        ("status =", "status", "6: not TOML: "),
    ],
)
def test_a_file_that_somebody_broke(repository, bug, cli, old, new, message):
    text = VERIFIED.replace("fixed (verified)", "open").replace('fixed_in = "v2"\n', "")
    assert old in text
    verified(repository).write_text(text.replace(old, new))
    for command in (["verify"], ["bugs"], ["docs"], ["run"]):
        answer = cli(*command)
        assert (answer.status, answer.out) == (2, "")
        expected = message.format(bug=bug.stem)
        assert answer.err.startswith(f"error: invariants/bugs/verified.toml:{expected}")


def test_a_status_that_the_replay_contradicts(repository, bug, cli):
    """Nobody ever saw this fix hold, whatever stands there."""
    say(bug, "fixed_in", "v3")
    cli("verify")
    file = verified(repository)
    file.write_text(file.read_text().replace("(unverified)", "(verified)"))
    answer = cli("verify")
    assert answer.status == 1
    assert answer.err.splitlines()[0] == (
        "invariants/bugs/verified.toml:6: the status was 'fixed (verified)', which the replay contradicts"
    )
    assert 'status = "fixed (unverified)"' in file.read_text()


def test_a_bug_that_is_gone_goes_from_the_file(repository, bug, cli):
    cli("verify")
    other = bug.with_stem("other")
    other.write_text(bug.read_text().replace(f'id = "{bug.stem}"', 'id = "other"'))
    bug.unlink()
    cli("verify", "other")
    text = verified(repository).read_text()
    assert "[bugs.other]" in text
    assert bug.stem not in text


def test_a_ledger_in_another_folder(repository, bug, cli):
    """What is so is written beside its bugs; the project's documents are about its own ledger."""
    elsewhere = repository.folder / "found"
    elsewhere.mkdir()
    bug.rename(elsewhere / bug.name)
    answer = cli("verify", f"found/{bug.name}")
    assert (answer.status, answer.out) == (0, f"{BUG}  open: it FAILS on commit v1\n")
    assert answer.err == "found/verified.toml: written\n"
    assert cli("bugs", "show", f"found/{bug.name}").out.startswith(f"{BUG}: open\n")


def test_an_unknown_bug(repository, cli):
    answer = cli("verify", "fallbak")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("error: no bug fallbak is recorded in invariants/bugs\n")
