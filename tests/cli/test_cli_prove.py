"""`llminv prove`: every planted bug is caught, and an invariant that cannot fail is named."""

import tomllib

import pytest

from llminv.saboteurs import SABOTEURS

TOOTHLESS = """
  - id: toothless
    title: Toothless
    kind: custom
    statement: All is well.
    critical: nothing
    checker: checkers.py:always_content
    codes: {bad: Something is wrong.}
    scenario:
      - calls: [{operation: complete}]
      - {calls: [{operation: complete}], acts: [{call: 0, provider: openai, then: {fault: http_429}}]}
"""
CHECKERS = """
def always_content(promise, scenario, history):
    return []

def only_what_the_provider_said(promise, scenario, history):
    from llminv.verdict import Finding
    reply = getattr(history.outcome(0), "reply", None)
    good = reply is not None and reply.text.startswith("Hello from ")
    return [] if good else [Finding("bad", "a greeting", "none")]
"""


@pytest.fixture
def with_own_law(project, edit):
    """A project with an invariant that can never fail."""
    (project / "checkers.py").write_text(CHECKERS)
    declared = project / "invariants/llm.yaml"
    declared.write_text(declared.read_text() + TOOTHLESS)


def test_every_planted_bug_is_caught(project, cli, snapshot):
    snapshot("prove", cli("prove"))
    proofs = tomllib.loads((project / "invariants/proofs.toml").read_text())
    assert proofs["invariants"].keys() == {"fallback", "exhaustion", "keys"}
    assert (project / "INVARIANTS.md").read_text().count("- **Proven by**: `") == 3
    assert cli("docs", "--check").status == 0
    again = cli("prove", "--select", "keys")
    assert (again.status, again.err) == (0, "")


def test_a_toothless_invariant_is_named(with_own_law, cli):
    answer = cli("prove", "--no-write", "--select", "toothless")
    assert (answer.status, answer.err) == (1, "Nothing was written: --no-write.\n")
    *_, counts, named = answer.out.splitlines()
    assert counts.startswith("0 caught, ")
    assert named.startswith("toothless does not notice asks_again, waits_for_ever, ")
    assert "  caught " not in answer.out
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "survived another_text any finding in 4 scenarios, it acted, and was not found" in lines


def test_a_law_of_ones_own_that_notices_something_is_proven(with_own_law, edit, cli):
    edit("invariants/llm.yaml", "always_content", "only_what_the_provider_said")
    answer = cli("prove", "--no-write", "--select", "toothless")
    assert answer.status == 0
    assert "  caught  only_the_first       any finding  after 2 scenarios\n" in answer.out
    assert " 0 survived, 0 not applicable" in answer.out


def test_another_handler_writes_nothing(project, cli):
    answer = cli("prove", "--handler", "broken.py:Stops", "--select", "keys")
    assert "Nothing was written: --handler is not the configured handler.py:Router" in answer.err
    assert not (project / "invariants/proofs.toml").exists()


def test_a_handler_that_breaks_the_invariant_everywhere_proves_nothing(project, cli):
    """Apologising, the handler never holds where all fail: what is found there is no merit of the invariant."""
    answer = cli("prove", "--no-write", "--handler", "broken.py:Apologises", "--select", "exhaustion")
    assert answer.status == 2
    assert "found only where the handler breaks the invariant by itself" in answer.out


def test_nothing_applies(project, cli):
    answer = cli("prove", "--no-write", "--handler", "broken.py:Counts", "--select", "keys")
    assert answer.status == 2
    assert "the handler does not offer complete or acomplete" in answer.out
    assert "No verdict: no saboteur applies" in answer.err


def test_what_can_be_planted_is_listed(cli):
    answer = cli("list", "saboteurs")
    head, *rows = answer.out.splitlines()
    assert head.split("  ")[0] == "SABOTEUR"
    assert len(rows) == len(SABOTEURS)
    (row,) = [" ".join(line.split()) for line in rows if line.startswith("no_retries ")]
    assert row == (
        "no_retries network too_few_attempts https://github.com/googleapis/python-genai/issues/2044 "
        "a handler that asks each provider once, whatever the policy says"
    )


def test_broken_proofs_stop_it_before_any_work(project, cli):
    (project / "invariants/proofs.toml").write_text("format = 9\n")
    answer = cli("prove")
    assert (answer.status, answer.out) == (2, "")
    assert "proofs.toml:1: format version 9 is not known" in answer.err
