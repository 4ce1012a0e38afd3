"""The ledger keeps every bug once and whole, and says what is wrong with a file that somebody broke."""

import dataclasses
import tomllib
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llminv.contract import Reply, ToolCall, Usage
from llminv.errors import LedgerError, UsageError
from llminv.evidence.bug import FORMAT, Bug
from llminv.evidence.ledger import Ledger
from llminv.history import History, Replied
from llminv.scenario import Call, Scenario

FILE = """\
# A bug that llminv found, and that failed again when it was replayed. llminv never changes this file.
# Yours to fill in, above the first [table], each a text: root_cause, fixed_in, reference, accepted;
# fixed_in is a commit, or package==version.

format = 1
id = "provider-fallback-chain-stopped-early-openai-rate-limit-66ccf5"
invariant = "provider-fallback-chain"
kind = "fallback_order"
title = "Provider Fallback Chain"
statement = "A failing provider routes the request to the next one."
code = "stopped-early"
expected = "openai is asked, then anthropic"
observed = "openai is asked"
handler = "app.py:Handler"
llminv_version = "0.1.0"
found_on = "2026-01-31"
seed = 7
provider = "openai"
fault_class = "rate_limit"

[scenario]
calls = [
    { operation = "acomplete" },
]
acts = [
    { call = 0, provider = "openai", then = { fault = "http_429" } },
]

[promise]
domain = "LLM Integration Domain"
"""


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "bugs")


@pytest.fixture
def file(ledger, bug):
    ledger.add(bug)
    return ledger.folder / f"{bug.id}.toml"


def test_the_file(file):
    assert file.read_text().startswith(FILE)


def test_a_bug_is_filed_once_and_found_again(ledger, bug):
    assert ledger.bugs() == ()
    assert ledger.find(bug.key) is None
    assert ledger.add(bug) is True
    assert ledger.bugs() == (bug,)
    assert ledger.find(bug.key) == ledger.get(bug.id) == bug

    again = dataclasses.replace(bug, seed=8, found_on="2026-02-01")
    assert ledger.add(again) is False
    assert ledger.bugs() == (bug,)


def test_what_people_fill_in_is_read_and_kept(ledger, bug, file):
    filled = file.read_text().replace(
        "seed = 7\n", 'seed = 7\nroot_cause = """\nseed = 8\n[x]\n"""\nfixed_in = "abc"\n'
    )
    file.write_text(filled)
    assert ledger.add(bug) is False
    assert file.read_text() == filled
    read = ledger.get(bug.id)
    assert (read.root_cause, read.fixed_in, read.reference) == ("seed = 8\n[x]\n", "abc", "")


def test_what_llminv_keeps_beside_the_bugs_is_no_bug(ledger, bug):
    ledger.add(bug)
    for name in ("verified.toml", "proofs.toml", ".x.tmp", "README.md"):
        (ledger.folder / name).write_text("no bug")
    assert ledger.bugs() == (bug,)
    with pytest.raises(UsageError):
        ledger.get("proofs")


def test_an_unknown_id_names_the_nearest(ledger, bug):
    ledger.add(bug)
    with pytest.raises(UsageError) as raised:
        ledger.get(bug.id[:-1])
    assert raised.value.hint == f"did you mean {bug.id}?"
    with pytest.raises(UsageError) as raised:
        ledger.get("zzz")
    assert raised.value.hint == "`llminv bugs` names those that are recorded"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 7", "seed = ", ":17: not TOML: Invalid value (at line 17, column 8)"),
        ("format = 1", "format = 2", ":5: format version 2 is not known; this llminv reads 1"),
        ("format = 1\n", "", ": format version None is not known; this llminv reads 1"),
        ("seed = 7", 'seed = "7"', ":17: field 'seed': found '7', expected int"),
        ("seed = 7\n", "", ": the bug: field 'seed' is missing"),
        (
            "seed = 7",
            "seed = 7\nrootcause = ''",
            ":18: the bug has no field 'rootcause': did you mean 'root_cause'?",
        ),
        (
            "{ call = 0, provider",
            "{ cal = 0, provider",
            ":{acts}: field 'scenario.acts[0]' has no field 'cal': did you mean 'call'?",
        ),
        (
            'fault = "http_429"',
            'fault = "http_999"',
            ":{acts}: 'http_999' is no fault that this llminv knows",
        ),
        (
            'call = 0, provider = "openai"',
            'call = 0, provider = "opnai"',
            ":{acts}: the promise has no provider 'opnai': it has openai",
        ),
        (
            'operation = "acomplete" }',
            'operation = "acomplete", start = "opnai" }',
            ":{calls}: the promise has no provider 'opnai': it has openai",
        ),
        (
            'event = "raised"\nat_s = 0.25',
            'event = "raised"\nat_s = "soon"',
            ":{soon}: field 'history.events[2].at_s': found 'soon', expected a number",
        ),
        (
            'id = "provider',
            'id = "my-provider',
            ":6: id 'my-provider-fallback-chain-stopped-early-openai-rate-limit-66ccf5' is not the name of the file",
        ),
        (
            "seed = 7",
            'seed = 7\ntransport = "carrier pigeon"',
            ":18: 'carrier pigeon' is no transport: it is one of in-process, loopback",
        ),
        (
            "seed = 7",
            'seed = 7\nfixed_in = "one two"',
            ":18: fixed_in: found 'two', expected a commit, or package==version",
        ),
        ("[promise]", "[promise]\na = { python = 'x(' }", ": not TOML: 'x(' is not a Python literal"),
        (
            "[promise]",
            "[promise]\na = { decimal = 'x' }",
            ": a {{ decimal = ... }} or {{ float = ... }} holds no number",
        ),
    ],
)
def test_a_file_that_somebody_broke(ledger, file, old, new, message):
    text = file.read_text()
    assert old in text
    text = text.replace(old, new, 1)
    file.write_text(text)
    lines = {
        word: next((i for i, line in enumerate(text.splitlines(), 1) if start in line), None)
        for word, start in (("calls", "calls = ["), ("acts", "acts = ["), ("soon", '"soon"'))
    }
    with pytest.raises(LedgerError) as raised:
        ledger.bugs()
    assert raised.value.message == f"{file}{message.format(**lines)}"
    assert raised.value.hint


def test_a_file_that_is_not_text(ledger, file):
    file.write_bytes(b"\xff")
    with pytest.raises(LedgerError, match="is not UTF-8 text"):
        ledger.bugs()


def test_a_name_that_another_bug_took(ledger, bug, file):
    file.write_text(file.read_text().replace('handler = "app.py:Handler"', 'handler = "b.py"'))
    with pytest.raises(LedgerError) as raised:
        ledger.add(bug)
    assert raised.value.message == f"{file}: holds another bug than the one that llminv gives this name"


def add(folder, bug, barrier, results):
    barrier.wait()
    results.put(Ledger(folder).add(bug))


def test_processes_that_file_at_once_lose_nothing(ledger, bug):
    other = dataclasses.replace(bug, code="other", id="other")
    context = get_context("spawn")
    barrier, results = context.Barrier(6), context.Queue()
    children = [
        context.Process(target=add, args=(ledger.folder, each, barrier, results)) for each in (bug, other) * 3
    ]
    for child in children:
        child.start()
    filed = [results.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    assert sorted(filed) == [False, False, False, False, True, True]
    assert ledger.bugs() == (other, bug)
    assert len(list(ledger.folder.iterdir())) == 2


TEXTS = st.text(st.characters(categories=None) | st.sampled_from("\ud800\udc00\x00\x7f\r\n\"'\\"))
CONTENTS = st.recursive(
    st.none() | st.booleans() | TEXTS | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(TEXTS, TEXTS, st.none() | TEXTS, CONTENTS, st.integers(0, 2**80))
def test_any_text_survives_the_file(tmp_path_factory, said, text, provider, content, seed):
    bug = Bug(
        format=FORMAT,
        id="a",
        invariant="b",
        kind="c",
        title=said,
        statement=text,
        code="d",
        expected=said,
        observed=text,
        handler="e",
        llminv_version="g",
        found_on="2026-01-31",
        seed=seed,
        promise={"content": content},
        scenario=Scenario((Call("complete", ({"role": text, "content": content},)),)),
        history=History(
            (Replied(1.5, 0, Reply(text, (ToolCall(arguments=said),), usage=Usage(1, None))),),
            printed=said,
            logged=(text,),
        ),
        provider=provider,
        root_cause=said,
    )
    ledger = Ledger(tmp_path_factory.mktemp("bugs"))
    ledger.add(bug)
    assert ledger.bugs() == (bug,)
    tomllib.loads((ledger.folder / "a.toml").read_text())
