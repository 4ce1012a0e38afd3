"""stream_finish: each code found and reduced, what is right or not reported passes; words and counts."""

from pathlib import Path

import pytest
from playing import Playing
from routes import CHAIN, promise_of

from llminv.contract import ToolCall, Usage
from llminv.kinds.laws.finish_words import NEUTRAL, meant, reported, words_of
from llminv.kinds.laws.ways import wrong_buckets
from llminv.kinds.stream_finish import KIND
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script
from llminv.simulation.dialects import DIALECTS

# A handler that the world stops leaves its sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROUTERS = Path(__file__).with_name("answer_routers.py")
PROMISE = promise_of("stream_finish")
AT_OPENAI = promise_of("stream_finish", chain=("openai",), failures=("http_429",))


def answered(*acts, calls=1):
    """The scenario of so many streams, of which the last meets these acts at openai."""
    rows = [Script(calls - 1, "openai", then=act) for act in acts]
    return Scenario((Call("stream"),) * calls, tuple(rows))


LENGTH, SILENT = Act(said=Said(finish_reason="length")), Act("usage_missing")
PLANTED = {
    "AlwaysStops": {"wrong_finish_reason": answered(LENGTH)},
    "SilentAboutLimits": {"finish_reason_lost": answered(LENGTH, calls=2)},
    "CountsChunks": {"wrong_usage": answered()},
    "NoUsageAtLimits": {"usage_lost": answered(LENGTH, calls=2)},
    "NothingIsZero": {"usage_invented": answered(SILENT)},
    "NeedsUsage": {"answer_refused": answered(SILENT)},
    "WaitsForUsage": {"hang": answered(SILENT)},
    "LooksForUsage": {"never_ends": answered(SILENT)},
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, AT_OPENAI, ROUTERS) as playing:
        minimal = playing.minimal()
        kept = playing.kept(minimal)
    assert minimal == PLANTED[router]
    assert kept == []


def test_every_code_is_planted():
    assert {code for codes in PLANTED.values() for code in codes} == KIND.codes.keys()


@pytest.mark.parametrize(
    ("router", "missing"),
    {
        "Right": (),
        "InTheirWords": (),
        "InWordsOfItsOwn": ("finish reason of openai reported", *(f"{word} reported" for word in NEUTRAL)),
        "SaysNothing": (
            "finish reason of openai reported",
            "usage of openai reported",
            *(f"{word} reported" for word in NEUTRAL),
        ),
    }.items(),
)
def test_what_is_right_or_not_reported_is_no_finding(router, missing):
    with Playing(router, AT_OPENAI, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert KIND.required(AT_OPENAI) - playing.labels == set(missing)


def test_the_example_keeps_every_cell_at_every_provider():
    with Playing("Right", PROMISE, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= REQUIRED


@pytest.mark.parametrize(
    ("act", "codes"),
    [
        # A total that comes before what is less: no word is the last one.
        (Act("usage_growing", framing=Framing(usage_at=0)), set()),
        # A part that is larger than the whole makes no sense.
        (Act(said=Said(usage=Usage(1, 5, cached_input_tokens=2))), set()),
        (Act(said=Said(finish_reason="whatever"), fault="usage_growing"), {"wrong_usage"}),
        (Act(said=Said(tool_calls=(ToolCall("a", "f", "{"),))), set()),
    ],
)
def test_what_has_no_one_reading_is_not_judged(act, codes):
    with Playing("CountsChunks", AT_OPENAI, ROUTERS) as playing:
        assert playing.codes(answered(act)) == codes


def test_a_finding_says_what_was_said_and_what_was_told():
    with Playing("AlwaysStops", AT_OPENAI, ROUTERS) as playing:
        (finding,) = playing.findings(answered(LENGTH))
    assert (finding.expected, finding.observed, finding.provider) == (
        "openai ended for the reason length",
        "the finish reason 'stop'",
        "openai",
    )
    with Playing("CountsChunks", AT_OPENAI, ROUTERS) as playing:
        (finding,) = playing.findings(answered())
    assert (finding.expected, finding.observed) == (
        "openai reported input_tokens 9, output_tokens 5",
        "output_tokens 6",
    )


@pytest.mark.parametrize(
    ("words", "neutral"),
    [
        (("stop", "STOP", "end_turn", "stop_sequence", "FinishReason.STOP", "completed"), "stop"),
        (("length", "max_tokens", "MAX_TOKENS", "max_output_tokens"), "length"),
        (("tool_calls", "tool-calls", "tool_use", "function_call", "tool_call"), "tool_calls"),
        (("content_filter", "SAFETY", "refusal", "PROHIBITED_CONTENT", "RECITATION"), "content_filter"),
        (("", "finished", "None", "OTHER"), None),
    ],
)
def test_words(words, neutral):
    assert {reported(word) for word in words} == {neutral}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_neutral_word_means_itself_in_every_format(name):
    dialect = DIALECTS[name]
    assert [meant(dialect, Said(finish_reason=word)) for word in ("stop", "length", "content_filter")] == [
        {"stop"},
        {"length"},
        {"content_filter"},
    ]
    assert "tool_calls" in meant(dialect, Said(tool_calls=(ToolCall("a", "f"),)))
    assert meant(dialect, Said(finish_reason="whatever")) == frozenset()
    assert all(meant(dialect, Said(finish_reason=word)) for word in words_of(dialect, ("stop", "length")))


def test_words_to_play():
    assert words_of(DIALECTS["openai-chat"], NEUTRAL) == NEUTRAL
    assert words_of(DIALECTS["anthropic-messages"], ("stop",)) == ("stop", "stop_sequence")
    assert words_of(DIALECTS["gemini"], ("content_filter",))[:3] == (
        "content_filter",
        "RECITATION",
        "BLOCKLIST",
    )


def test_a_bucket_of_which_nothing_is_said_may_be_zero():
    assert wrong_buckets(Usage(9, 5), Usage(9, 5, 0, 0, 0)) == {}
    assert wrong_buckets(Usage(9, 5), Usage(9, 6, 1)) == {
        "output_tokens": (5, 6),
        "cached_input_tokens": (0, 1),
    }


REQUIRED = {
    *(f"{what} of {provider} reported" for provider in CHAIN for what in ("finish reason", "usage")),
    *(f"{reason} reported" for reason in NEUTRAL),
    "an answer without usage",
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    narrow = promise_of("stream_finish", chain=("openai", "anthropic"), finish_reasons=("stop",))
    assert KIND.required(narrow) == {
        "finish reason of openai reported",
        "finish reason of anthropic reported",
        "usage of openai reported",
        "usage of anthropic reported",
        "stop reported",
        "an answer without usage",
    }


def test_cells():
    every = list(KIND.cells(PROMISE, ("stream",)))
    assert every[0] == Scenario((Call("stream"),) * 2)
    narrow = promise_of("stream_finish", chain=("openai",), finish_reasons=("stop",))
    words = {
        row.then.said.finish_reason
        for cell in KIND.cells(narrow, ("stream",))
        for row in cell.acts
        if row.then.said
    }
    assert words == {None}
    assert list(KIND.examples(PROMISE, ("stream",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "lets each of openai, anthropic, deepseek, gemini end answers for stop, length, tool_calls, content_filter, "
        "with usage in its own chunk, in the last, growing, elsewhere or missing, and compares what the caller is told"
    )
