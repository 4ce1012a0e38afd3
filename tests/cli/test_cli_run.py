"""`llminv run`: everything it says, and what it leaves behind."""

import json

import pytest

BUG = "fallback-chain-stopped-openai-rate-limit"
STOPS = ("--handler", "broken.py:Stops")
SEED = ("--seed", "1")


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture
def stops(edit):
    """The configured handler is the one that does not catch a rate limit."""
    edit("pyproject.toml", "handler.py:Router", "broken.py:Stops")


def the_bug(project):
    (file,) = (project / "invariants/bugs").glob(f"{BUG}-*.toml")
    return file


def test_held(project, cli, snapshot):
    snapshot("run_held", cli("run", *SEED))
    assert (project / "INVARIANTS.md").exists()
    assert not (project / "invariants/bugs").exists()


def test_violated_recorded_and_known(project, stops, cli, snapshot):
    snapshot("run_violated", cli("run", *SEED), cli("run", *SEED, "--select", "fallback"))
    assert the_bug(project).stem in (project / "VALIDATED_BUG.md").read_text()


def test_the_same_tree_and_seed_say_and_write_the_same(project, stops, cli):
    first, second = cli("run", *SEED, "--out", "one"), cli("run", *SEED, "--out", "two")
    assert first.out == second.out
    assert files(project / "one") == files(project / "two")


def test_nothing_is_written(project, stops, cli, snapshot):
    before = files(project)
    snapshot("run_no_write", cli("run", *SEED, "--no-write", "--select", "fallback"))
    assert files(project) == before


def test_another_handler_writes_nothing(project, cli, snapshot):
    before = files(project)
    snapshot("run_other_handler", cli("run", *SEED, *STOPS, "--select", "fallback"))
    assert files(project) == before


def test_the_line_that_shows_it_again(project, cli):
    """What is not recorded is drawn again: with the same declarations and as many examples."""
    (project / "invariants").rename(project / "others")
    answer = cli("run", *SEED, *STOPS, "--invariants", "others", "-n", "2", "--select", "fallback")
    (line,) = [line.strip() for line in answer.out.splitlines() if line.startswith("  llminv run")]
    assert line == (
        "llminv run --handler broken.py:Stops --select fallback --seed 1 --invariants others -n 2"
    )
    assert cli(*line.split()[1:]).out == answer.out


def test_other_declarations_write_nothing(project, cli):
    (project / "invariants").rename(project / "others")
    before = files(project)
    answer = cli("run", *SEED, *STOPS, "--invariants", "others")
    assert (answer.status, files(project)) == (1, before)


def test_out(project, cli, snapshot):
    before = files(project)
    snapshot("run_out", cli("run", *SEED, *STOPS, "--select", "fallback", "--out", "found/here"))
    new = files(project).keys() - before.keys()
    assert {name for name in new if not name.startswith("found/here/bugs/")} == {
        "found/here/INVARIANTS.md",
        "found/here/VALIDATED_BUG.md",
    }
    (bug,) = (project / "found/here/bugs").glob("*.toml")
    assert cli("replay", str(bug.relative_to(project))).status == 1


def test_accepted_in_the_ledger(project, stops, cli, snapshot):
    cli("run", *SEED, "--select", "fallback")
    file = the_bug(project)
    file.write_text(file.read_text().replace("\nformat =", '\naccepted = "the next release"\nformat ='))
    snapshot("run_accepted", cli("run", *SEED, "--select", "fallback"))


def test_accepted_in_the_declaration(project, stops, cli, edit):
    cli("run", *SEED, "--select", "fallback")
    accepted = f"id: fallback\n    accepted: {{bug: {the_bug(project).stem}, reason: the next release}}"
    edit("invariants/llm.yaml", "id: fallback", accepted)
    answer = cli("run", *SEED, "--select", "fallback")
    assert answer.status == 0
    assert "Accepted  the next release" in answer.out


def test_not_offered(project, cli, snapshot):
    snapshot("run_not_offered", cli("run", *SEED, "--handler", "broken.py:Counts"))


@pytest.mark.parametrize(("option", "status"), [(None, 2), ("--allow-unknown", 0), ("--exit-zero", 0)])
def test_unknown(project, cli, option, status):
    arguments = ["run", *SEED, "--handler", "broken.py:Kills", "--select", "exhaustion"]
    assert cli(*arguments, *filter(None, [option])).status == status


def test_exit_zero_is_for_verdicts_only(project, cli):
    assert cli("run", *SEED, *STOPS, "--exit-zero").status == 0
    assert cli("run", "--handler", "nowhere.py:Handler", "--exit-zero").status == 2


def test_a_violation_wins_over_an_unknown(project, cli):
    answer = cli("run", *SEED, *STOPS)
    assert answer.status == 1
    assert "2 violated, 1 unknown" in answer.out


def test_the_seed_is_drawn_and_printed(project, cli):
    seeds = [cli("run", "--no-write", "--select", "fallback").out.split()[-1] for _ in range(2)]
    assert all(seed.rstrip(".").isdigit() for seed in seeds)
    assert seeds[0] != seeds[1]


def test_max_examples(project, cli):
    played = cli("run", *SEED, "--no-write", "-n", "1", "--select", "fallback").out.splitlines()[3].split()
    assert played[:2] == ["fallback", "held"]
    assert int(played[2]) < int(cli("run", *SEED, "--no-write").out.splitlines()[3].split()[2])


def test_colour(project, cli, monkeypatch):
    arguments = ("run", *SEED, "--no-write", "--select", "fallback")
    assert "\033[" in cli(*arguments, "--color", "always").out
    assert "\033[" not in cli(*arguments).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\033[" in cli(*arguments).out
    assert "\033[" not in cli(*arguments, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in cli(*arguments).out


def test_a_key_stands_nowhere(project, stops, cli):
    from llminv.simulation.sites import canary

    answer = cli("run", *SEED)
    said = json.dumps([answer, files(project)])
    assert not [name for name in ("openai", "deepseek") if canary(name) in said]


def test_isolation_is_handed_on(project, cli, edit):
    """A handler that remembers in its module how often it was called differs from play to play."""
    edit("handler.py", "class Router:", "CALLS = []\n\n\nclass Router:")
    edit("handler.py", "        failed = []", "        CALLS.append(1)\n        failed = [str(len(CALLS))]")
    arguments = ("run", *SEED, "--no-write", "--select", "exhaustion")
    assert "not deterministic: " in cli(*arguments).out
    edit("pyproject.toml", "[tool.llminv]", "[tool.llminv]\nisolation = 'fork'")
    assert cli(*arguments).status == 0
