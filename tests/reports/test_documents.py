"""INVARIANTS.md and VALIDATED_BUG.md, stated whole."""

import dataclasses
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from llminv.audit.proof import Proof, Result
from llminv.declaration.models import Accepted
from llminv.errors import Place, UsageError
from llminv.evidence.ledger import Ledger
from llminv.evidence.proofs import proven
from llminv.evidence.verified import standing
from llminv.history import History
from llminv.reports.bugs_md import Elsewhere, bugs_md
from llminv.reports.documents import documents
from llminv.reports.invariants_md import invariants_md
from llminv.reports.markdown import escape

INVARIANTS = """\
## LLM Integration Domain

### Provider Fallback Chain

- **Invariant**: A failing provider routes the request to the next one in the chain.
- **Test**: `fallback_order`: A failing provider routes the request to the next one. It plays each fault at each of openai, anthropic. Just this one: `llminv run --select provider-fallback-chain`
- **Critical**: agents stop working when no provider answers
- **Bug Found**: [`provider-fallback-chain-chain-stopped-openai-rate-limit-af6715`](VALIDATED_BUG.md#validated_bug-provider-fallback-chain-chain-stopped-openai-rate-limit-af6715), unverifiable
- **Proven by**: nothing yet (`llminv prove --select provider-fallback-chain`)
- **max_examples**: 100
- **Declared in**: [`invariants/llm.yaml:6`](invariants/llm.yaml#L6)
"""
BUG = """\
## VALIDATED_BUG: provider-fallback-chain-chain-stopped-openai-rate-limit-af6715

- **Invariant**: Provider Fallback Chain (`provider-fallback-chain`, kind `fallback_order`)
- **Statement**: A failing provider routes the request to the next one in the chain.
- **Status**: unverifiable: uncommitted code
- **Expected**: anthropic is tried after openai failed with http_429
- **Observed**: RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached'}}
- **Root cause**: not recorded
- **Fix**: not recorded
- **Found**: 2026-01-31 in `app/handler.py:Handler` (commit 111111111111 dirty httpx==0.28.1), finding `chain_stopped`, seed 7, llminv 0.1.0
- **Replay**: `llminv replay provider-fallback-chain-chain-stopped-openai-rate-limit-af6715`

The minimal scenario, in virtual time:

```mermaid
sequenceDiagram
    participant p0 as caller
    participant p1 as handler
    participant p2 as openai
    p0->>p1: 0.000 s acomplete "Say hello."
    p1->>p2: 0.002 s attempt 1, model m-1
    p2-->>p1: 0.004 s 429, http_429: Too many requests.
    p1-->>p0: 0.004 s raises RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached'}}
```
"""


def told(*bugs):
    """How things are with bugs of which nothing was verified."""
    return {bug.id: standing(bug, {}) for bug in bugs}


def ledger_of(folder, *bugs):
    ledger = Ledger(folder / "bugs")
    for bug in bugs:
        ledger.add(bug)
    return ledger


def with_fields(promise, **fields):
    return promise.model_copy(update={"invariant": promise.invariant.model_copy(update=fields)})


def test_invariants_md(promise, kinds, bug):
    assert invariants_md([promise], [bug], told(bug), {}, kinds) == INVARIANTS


def test_bugs_md(bug):
    assert bugs_md([bug], told(bug)) == BUG


def test_what_was_found_elsewhere_stands_below_its_library(bug):
    first, second = (dataclasses.replace(bug, id=id_, found_in="alib==1.0") for id_ in ("one", "two"))
    found = [Elsewhere(Path("ex/bugs"), each, standing(each, {})) for each in (second, bug, first)]
    text = bugs_md([bug], told(bug), found)
    assert text.startswith(BUG + "\n## alib\n\n### VALIDATED_BUG: one\n")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    own = f"VALIDATED_BUG: {bug.id}"
    assert headings == [
        f"## {own}",
        "## alib",
        "### VALIDATED_BUG: one",
        "### VALIDATED_BUG: two",
        f"## {escape(bug.handler)}",
        f"### {own}",
    ]
    assert "- **Replay**: `llminv replay ex/bugs/one.toml`\n" in text


def test_ledgers_of_others_are_told_with_ones_own(tmp_path, promise, kinds, bug):
    other = dataclasses.replace(bug, id="theirs", found_in="alib==1.0")
    (_, alone) = documents(tmp_path, [promise], ledger_of(tmp_path / "one", bug), kinds)
    theirs = ledger_of(tmp_path / "two", other)
    (invariants, both) = documents(tmp_path, [promise], ledger_of(tmp_path / "one"), kinds, [theirs])
    assert both.new.startswith(alone.new.partition("<!-- llminv:end -->")[0].rstrip())
    assert "### VALIDATED_BUG: theirs" in both.new
    assert "theirs" not in invariants.new


def test_without_a_bug(promise, kinds):
    assert "- **Bug Found**: none recorded\n" in invariants_md([promise], [], {}, {}, kinds)
    assert bugs_md([], {}) == "No bug is recorded.\n"
    assert invariants_md([], [], {}, {}, kinds) == "No invariant is declared.\n"


def test_a_bug_stands_with_its_own_invariant_only(promise, kinds, bug):
    other = with_fields(promise, id="other", title="Other")
    second = dataclasses.replace(bug, id="second")
    text = invariants_md([promise, other], [bug, second], told(bug, second), {}, kinds)
    first, second = text.split("### Other")
    assert f"[`{bug.id}`](VALIDATED_BUG.md#validated_bug-{bug.id}), unverifiable; [`second`]" in first
    assert "none recorded" in second


def test_proofs_are_told_for_as_long_as_they_hold(promise, kinds):
    results = (
        Proof("chain_stopped", "only_the_first", Result.CAUGHT.value, 2),
        Proof("outside_chain", "asks_a_stranger", Result.CAUGHT.value, 1, forges=True),
        Proof("hang", "waits_for_ever", Result.SURVIVED.value, 105, "it acted"),
        Proof("out_of_order", "skips_the_first", Result.NOT_APPLICABLE.value, reason="one provider"),
    )

    def told_of(promise, entry):
        (line,) = [
            line
            for line in invariants_md([promise], [], {}, {promise.invariant.id: entry}, kinds).splitlines()
            if "Proven by" in line
        ]
        return line.removeprefix("- **Proven by**: ")

    entry = proven(promise, "app.py:Handler", results)
    assert told_of(promise, entry) == (
        "`only_the_first` (chain_stopped), `asks_a_stranger` (outside_chain, forged), in `app.py:Handler`. "
        "**Not noticed**: `waits_for_ever` (hang)"
    )
    assert told_of(with_fields(promise, title="Another"), entry) == told_of(promise, entry)
    fewer = promise.model_copy(update={"policy": promise.policy.model_copy(update={"chain": ("openai",)})})
    assert told_of(fewer, entry) == (
        "nothing since it was declared anew (`llminv prove --select provider-fallback-chain`)"
    )


def test_domains_keep_together_and_in_order(promise, kinds):
    members = [promise.model_copy(update={"domain": domain}) for domain in ("B", "A", "B")]
    text = invariants_md(members, [], {}, {}, kinds)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "## B",
        "### Provider Fallback Chain",
        "### Provider Fallback Chain",
        "## A",
        "### Provider Fallback Chain",
    ]


def test_what_people_fill_in(bug):
    bug = dataclasses.replace(
        bug,
        found_in="1" * 40,
        root_cause="except APIError only.\n\nSee `_ask`.",
        fixed_in="1a2b3c",
        reference="https://example.com/1",
        accepted="next release",
    )
    text = bugs_md([bug], told(bug))
    assert "- **Status**: fixed (unverified): \\`llminv verify\\` has not played it there yet\n" in text
    assert (
        "- **Root cause**: except APIError only. See \\`\\_ask\\`.\n"
        "- **Fix**: commit 1a2b3c, fixed (unverified)\n"
        "- **Reference**: https://example.com/1\n"
        "- **Accepted**: next release\n"
    ) in text


def test_an_accepted_bug_is_shown_with_its_reason(promise, kinds):
    accepted = with_fields(promise, accepted=(Accepted(bug="a-1", reason="fixed | in June"),))
    assert "- **Accepted**: `a-1`: fixed \\| in June\n" in invariants_md([accepted], [], {}, {}, kinds)


NASTY = "x | y `z`\n<!-- llminv:end -->\n# heading <script>"


def test_text_of_users_cannot_change_the_document(promise, kinds, bug, tmp_path):
    nasty = with_fields(promise, title=NASTY, statement=NASTY, critical=NASTY).model_copy(
        update={"domain": NASTY, "place": Place("a b/`|.yaml", 1, 1)}
    )
    broken = dataclasses.replace(
        bug, title=NASTY, statement=NASTY, expected=NASTY, observed=NASTY, root_cause=NASTY, handler=NASTY
    )
    plain = documents(tmp_path, [promise], ledger_of(tmp_path / "one", bug), kinds)
    found = documents(tmp_path, [nasty], ledger_of(tmp_path / "two", broken), kinds)
    lines = [[len(document.new.splitlines()) for document in two] for two in (plain, found)]
    assert lines[0] == lines[1]
    for document in found:
        tokens = MarkdownIt("commonmark").enable("table").parse(document.new)
        inner = [child for token in tokens for child in token.children or ()]
        html = [token.content.strip() for token in (*tokens, *inner) if token.type.startswith("html")]
        assert html == ["<!-- llminv:begin -->", "<!-- llminv:end -->"]
    assert "- **Declared in**: [``a b/`|.yaml:1``](a%20b/%60%7C.yaml#L1)" in found[0].new


def test_a_long_error_message_is_cut(bug):
    text = bugs_md([dataclasses.replace(bug, observed="x" * 5000)], told(bug))
    assert f"- **Observed**: {'x' * 1000}… (4000 more)\n" in text


def test_new_documents(tmp_path, promise, kinds, bug):
    first, second = documents(tmp_path, [promise], ledger_of(tmp_path, bug), kinds)
    assert (first.path, second.path) == (tmp_path / "INVARIANTS.md", tmp_path / "VALIDATED_BUG.md")
    assert first.is_stale
    assert first.old is None
    assert first.new == f"# Invariants\n\n<!-- llminv:begin -->\n{INVARIANTS.strip()}\n<!-- llminv:end -->\n"
    assert second.new == f"# Validated bugs\n\n<!-- llminv:begin -->\n{BUG.strip()}\n<!-- llminv:end -->\n"


def test_a_document_is_brought_up_to_date_around_the_users_text(tmp_path, promise, kinds):
    file = tmp_path / "INVARIANTS.md"
    file.write_text("Ours.\n\n<!-- llminv:begin -->\nold\n<!-- llminv:end -->\nOurs too.")
    (document, _) = documents(tmp_path, [promise], ledger_of(tmp_path), kinds)
    assert document.is_stale
    assert document.new.startswith("Ours.\n\n<!-- llminv:begin -->\n## LLM Integration Domain\n")
    assert document.new.endswith("\n<!-- llminv:end -->\nOurs too.")
    file.write_text(document.new)
    (document, _) = documents(tmp_path, [promise], ledger_of(tmp_path), kinds)
    assert not document.is_stale
    assert document.diff() == ""


def test_the_diff(tmp_path, kinds):
    (tmp_path / "INVARIANTS.md").write_text("a\n<!-- llminv:begin -->\nold\n<!-- llminv:end -->")
    (document, missing) = documents(tmp_path, [], ledger_of(tmp_path), kinds)
    assert (
        document.diff()
        == """\
--- INVARIANTS.md (now)
+++ INVARIANTS.md (up to date)
@@ -1,4 +1,4 @@
 a
 <!-- llminv:begin -->
-old
+No invariant is declared.
 <!-- llminv:end -->
\\ No newline at end of file
"""
    )
    assert missing.diff().splitlines()[2:] == [
        "@@ -0,0 +1,5 @@",
        "+# Validated bugs",
        "+",
        "+<!-- llminv:begin -->",
        "+No bug is recorded.",
        "+<!-- llminv:end -->",
    ]


def test_broken_markers_name_the_file(tmp_path, promise, kinds):
    (tmp_path / "VALIDATED_BUG.md").write_text("<!-- llminv:end -->")
    with pytest.raises(UsageError, match=r"VALIDATED_BUG\.md: the markers are not one pair"):
        documents(tmp_path, [promise], ledger_of(tmp_path), kinds)


def test_nothing_but_the_ledger_and_the_declarations_counts(promise, kinds, bug):
    standings = told(bug)
    assert invariants_md([promise], [bug], standings, {}, kinds) == invariants_md(
        iter([promise]), iter([bug]), standings, {}, kinds
    )
    assert "The minimal scenario" in bugs_md([dataclasses.replace(bug, history=History())], standings)
