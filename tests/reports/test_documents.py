"""INVARIANTS.md and VALIDATED_BUG.md, stated whole."""

import dataclasses

import pytest
from markdown_it import MarkdownIt

from llminv.declaration.models import Accepted
from llminv.errors import Place, UsageError
from llminv.history import History
from llminv.reports.bugs_md import bugs_md
from llminv.reports.documents import documents
from llminv.reports.invariants_md import invariants_md

INVARIANTS = """\
## LLM Integration Domain

### Provider Fallback Chain

- **Invariant**: A failing provider routes the request to the next one in the chain.
- **Test**: `fallback_order`: A failing provider routes the request to the next one. It plays each fault at each of openai, anthropic. Just this one: `llminv run --select provider-fallback-chain`
- **Critical**: agents stop working when no provider answers
- **Bug Found**: [`provider-fallback-chain-chain-stopped-openai-rate-limit-af6715`](VALIDATED_BUG.md#validated_bug-provider-fallback-chain-chain-stopped-openai-rate-limit-af6715)
- **max_examples**: 100
- **Declared in**: [`invariants/llm.yaml:6`](invariants/llm.yaml#L6)
"""
BUG = """\
## VALIDATED_BUG: provider-fallback-chain-chain-stopped-openai-rate-limit-af6715

- **Invariant**: Provider Fallback Chain (`provider-fallback-chain`, kind `fallback_order`)
- **Statement**: A failing provider routes the request to the next one in the chain.
- **Expected**: anthropic is tried after openai failed with http_429
- **Observed**: RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached'}}
- **Root cause**: not recorded
- **Fix**: not recorded
- **Found**: 2026-01-31 in `app/handler.py:Handler` (git 1234 dirty), finding `chain_stopped`, seed 7, llminv 0.1.0
- **Replay**: `llminv replay provider-fallback-chain-chain-stopped-openai-rate-limit-af6715`

The minimal scenario, in virtual time:

| Time | From | To | What |
| ---: | --- | --- | --- |
| 0.000 s | caller | handler | acomplete "Say hello." |
| 0.002 s | handler | openai | attempt 1, model m-1 |
| 0.004 s | openai | handler | 429, http_429: Too many requests. |
| 0.004 s | handler | caller | raises RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached'}} |
"""


def with_fields(promise, **fields):
    return promise.model_copy(update={"invariant": promise.invariant.model_copy(update=fields)})


def test_invariants_md(promise, kinds, bug):
    assert invariants_md([promise], [bug], kinds) == INVARIANTS


def test_bugs_md(bug):
    assert bugs_md([bug]) == BUG


def test_without_a_bug(promise, kinds):
    assert "- **Bug Found**: none recorded\n" in invariants_md([promise], [], kinds)
    assert bugs_md([]) == "No bug is recorded.\n"
    assert invariants_md([], [], kinds) == "No invariant is declared.\n"


def test_a_bug_stands_with_its_own_invariant_only(promise, kinds, bug):
    other = with_fields(promise, id="other", title="Other")
    text = invariants_md([promise, other], [bug, dataclasses.replace(bug, id="second")], kinds)
    first, second = text.split("### Other")
    assert f"[`{bug.id}`](VALIDATED_BUG.md#validated_bug-{bug.id}), [`second`]" in first
    assert "none recorded" in second


def test_domains_keep_together_and_in_order(promise, kinds):
    members = [promise.model_copy(update={"domain": domain}) for domain in ("B", "A", "B")]
    text = invariants_md(members, [], kinds)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "## B",
        "### Provider Fallback Chain",
        "### Provider Fallback Chain",
        "## A",
        "### Provider Fallback Chain",
    ]


def test_what_people_fill_in(bug):
    text = bugs_md(
        [
            dataclasses.replace(
                bug,
                root_cause="except APIError only.\n\nSee `_ask`.",
                fixed_in="1a2b3c",
                reference="https://example.com/1",
                accepted="next release",
            )
        ]
    )
    assert (
        "- **Root cause**: except APIError only. See \\`\\_ask\\`.\n"
        "- **Fix**: 1a2b3c\n"
        "- **Reference**: https://example.com/1\n"
        "- **Accepted**: next release\n"
    ) in text


def test_an_accepted_bug_is_shown_with_its_reason(promise, kinds):
    accepted = with_fields(promise, accepted=(Accepted(bug="a-1", reason="fixed | in June"),))
    assert "- **Accepted**: `a-1`: fixed \\| in June\n" in invariants_md([accepted], [], kinds)


NASTY = "x | y `z`\n<!-- llminv:end -->\n# heading <script>"


def test_text_of_users_cannot_change_the_document(promise, kinds, bug, tmp_path):
    nasty = with_fields(promise, title=NASTY, statement=NASTY, critical=NASTY).model_copy(
        update={"domain": NASTY, "place": Place("a b/`|.yaml", 1, 1)}
    )
    broken = dataclasses.replace(
        bug, title=NASTY, statement=NASTY, expected=NASTY, observed=NASTY, root_cause=NASTY, handler=NASTY
    )
    plain = [len(document.new.splitlines()) for document in documents(tmp_path, [promise], [bug], kinds)]
    found = documents(tmp_path, [nasty], [broken], kinds)
    assert [len(document.new.splitlines()) for document in found] == plain
    for document in found:
        tokens = MarkdownIt("commonmark").enable("table").parse(document.new)
        inner = [child for token in tokens for child in token.children or ()]
        html = [token.content.strip() for token in (*tokens, *inner) if token.type.startswith("html")]
        assert html == ["<!-- llminv:begin -->", "<!-- llminv:end -->"]
    assert "- **Declared in**: [``a b/`|.yaml:1``](a%20b/%60%7C.yaml#L1)" in found[0].new


def test_a_long_error_message_is_cut(bug):
    text = bugs_md([dataclasses.replace(bug, observed="x" * 5000)])
    assert f"- **Observed**: {'x' * 1000}… (4000 more)\n" in text


def test_new_documents(tmp_path, promise, kinds, bug):
    first, second = documents(tmp_path, [promise], [bug], kinds)
    assert (first.path, second.path) == (tmp_path / "INVARIANTS.md", tmp_path / "VALIDATED_BUG.md")
    assert first.is_stale
    assert first.old is None
    assert first.new == f"# Invariants\n\n<!-- llminv:begin -->\n{INVARIANTS.strip()}\n<!-- llminv:end -->\n"
    assert second.new == f"# Validated bugs\n\n<!-- llminv:begin -->\n{BUG.strip()}\n<!-- llminv:end -->\n"


def test_a_document_is_brought_up_to_date_around_the_users_text(tmp_path, promise, kinds):
    file = tmp_path / "INVARIANTS.md"
    file.write_text("Ours.\n\n<!-- llminv:begin -->\nold\n<!-- llminv:end -->\nOurs too.")
    (document, _) = documents(tmp_path, [promise], [], kinds)
    assert document.is_stale
    assert document.new.startswith("Ours.\n\n<!-- llminv:begin -->\n## LLM Integration Domain\n")
    assert document.new.endswith("\n<!-- llminv:end -->\nOurs too.")
    file.write_text(document.new)
    (document, _) = documents(tmp_path, [promise], [], kinds)
    assert not document.is_stale
    assert document.diff() == ""


def test_the_diff(tmp_path, kinds):
    (tmp_path / "INVARIANTS.md").write_text("a\n<!-- llminv:begin -->\nold\n<!-- llminv:end -->")
    (document, missing) = documents(tmp_path, [], [], kinds)
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
        documents(tmp_path, [promise], [], kinds)


def test_nothing_but_the_ledger_and_the_declarations_counts(promise, kinds, bug):
    assert invariants_md([promise], [bug], kinds) == invariants_md(iter([promise]), iter([bug]), kinds)
    assert "The minimal scenario" in bugs_md([dataclasses.replace(bug, history=History())])
