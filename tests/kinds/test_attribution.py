"""attribution against histories written by hand: who served, and what the reply says of it."""

from dataclasses import replace

import pytest
from routes import CHAIN, down, history, promise_of, raises

from llminv.contract import Chunk, Reply, Usage
from llminv.history import ChunkReceived, Replied, RequestReceived, Stopped
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Said, Scenario, Script, default_text
from llminv.verdict import Finding

KIND = KINDS["attribution"]
PROMISE = promise_of("attribution")
MODELS = {name: PROMISE.providers[name].model for name in CHAIN}
BILLED = Usage(30, 12, 10, 4, 6)


def reply(served, **fields):
    """A reply with the text of `served`, which says what it should of anthropic unless told otherwise."""
    fields = {"provider": "anthropic", "model": MODELS["anthropic"], "usage": BILLED} | fields
    return lambda at_s: Replied(at_s, 0, Reply(default_text(served, 0), **fields))


def billed(usage=BILLED, fault=None):
    """The scenario in which openai is down and anthropic answers with this usage."""
    rows = down("openai:http_429").acts
    return Scenario(down().calls, (*rows, Script(0, "anthropic", then=Act(fault, said=Said(usage=usage)))))


def fell_back(**fields):
    return history("openai:http_429", "anthropic", ends=reply("anthropic", **fields))


# What happened -> the finding: code, expected, observed.
FINDINGS = {
    "the provider asked first": (
        fell_back(provider="openai"),
        ("wrong_provider", "the reply names 'anthropic', which served it", "the reply names 'openai'"),
    ),
    "the router itself": (
        fell_back(provider="router"),
        ("wrong_provider", "the reply names 'anthropic', which served it", "the reply names 'router'"),
    ),
    "the model asked first": (
        fell_back(model="gpt-4o-mini"),
        (
            "wrong_model",
            "the reply names 'claude-opus-4-8', as the answer of anthropic does",
            "the reply names 'gpt-4o-mini'",
        ),
    ),
    "half of the model's name": (
        fell_back(model="opus-4-8"),
        (
            "wrong_model",
            "the reply names 'claude-opus-4-8', as the answer of anthropic does",
            "the reply names 'opus-4-8'",
        ),
    ),
    "usage without what was cached": (
        fell_back(usage=Usage(16, 12, 10, 4, 6)),
        ("wrong_usage", "anthropic reported input_tokens 30", "the reply reports input_tokens 16"),
    ),
    "usage of somebody else": (
        fell_back(usage=Usage(9, 5, 0)),
        (
            "wrong_usage",
            "anthropic reported input_tokens 30, output_tokens 12, cached_input_tokens 10",
            "the reply reports input_tokens 9, output_tokens 5, cached_input_tokens 0",
        ),
    ),
}

HOLDS = {
    "all as it was": fell_back(),
    "in other letters": fell_back(provider=" Anthropic "),
    "the model with its path": fell_back(model="anthropic/claude-opus-4-8"),
    "nothing reported": fell_back(provider=None, model=None, usage=None),
    "part of the usage": fell_back(usage=Usage(output_tokens=12)),
    "an error": history("openai", ends=raises("ValueError")),
    "nobody answered": history("openai:http_429", ends=reply("openai", provider="router")),
    "two answered, and whose text it is": history(
        "openai", "anthropic", ends=reply("anthropic", provider="anthropic")
    ),
    "two answered, and whose text it is nobody can tell": history(
        "openai", "anthropic", ends=reply("nobody", provider="openai")
    ),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    happened, (code, expected, observed) = FINDINGS[case]
    assert KIND.check(PROMISE, billed(), happened) == [
        Finding(code, expected, observed, 0, "anthropic", None, 1.0)
    ]


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(PROMISE, billed(), HOLDS[case]) == []


@pytest.mark.parametrize(("reason", "code"), [("hang", "hang"), ("flood", "never_ends")])
def test_a_call_that_the_world_had_to_stop(reason, code):
    happened = history("openai", ends=lambda at_s: Stopped(at_s, 0, reason, "why"))
    assert [finding.code for finding in KIND.check(PROMISE, down(), happened)] == [code]


DATED = replace(
    down("openai:http_429"),
    acts=(*down("openai:http_429").acts, Script(0, "anthropic", then=Act(said=Said(model="claude-dated")))),
)


@pytest.mark.parametrize(
    "model", ["claude-opus-4-8", "claude-dated", "anthropic:claude-opus-4-8", "anthropic/claude-dated", None]
)
def test_the_model_that_was_asked_and_the_one_that_the_answer_names_are_both_right(model):
    assert KIND.check(PROMISE, DATED, fell_back(model=model)) == []


@pytest.mark.parametrize("model", ["claude-opus", "claude", "opus-dated", "gpt-4o-mini"])
def test_any_other_model_is_not(model):
    (finding,) = KIND.check(PROMISE, DATED, fell_back(model=model))
    assert (finding.code, finding.expected) == (
        "wrong_model",
        "the reply names 'claude-dated', as the answer of anthropic does, or 'claude-opus-4-8', which was asked",
    )


WRONG = fell_back(usage=Usage(1, 1, 1, 1, 1))


@pytest.mark.parametrize(
    "scenario",
    [
        down("openai:http_429"),
        billed(None),
        billed(fault="usage_wrong"),
        billed(Usage(5, 9, 6)),
        billed(Usage(5, 9, reasoning_tokens=10)),
    ],
)
def test_usage_is_judged_where_a_provider_is_made_to_say_something_sound(scenario):
    assert KIND.check(PROMISE, scenario, WRONG) == []


def test_a_bucket_that_a_provider_does_not_fill_is_zero():
    zero = Usage(9, 5, 0, 0, 0)
    assert KIND.check(PROMISE, billed(Usage(9, 5)), fell_back(usage=zero)) == []
    (finding,) = KIND.check(PROMISE, billed(Usage(9, 5)), fell_back(usage=replace(zero, reasoning_tokens=2)))
    assert finding.observed == "the reply reports reasoning_tokens 2"


def test_the_model_that_was_asked_for_is_the_one_that_answers():
    happened = fell_back(model="claude-haiku-4-5")
    asked = tuple(
        replace(event, model="claude-haiku-4-5") if isinstance(event, RequestReceived) else event
        for event in happened.events
    )
    assert KIND.check(PROMISE, billed(), replace(happened, events=asked)) == []


def stream(*chunks):
    happened = history("openai:http_429", "anthropic", ends=lambda at_s: Replied(at_s, 0))
    pieces = tuple(ChunkReceived(0.5, 0, chunk) for chunk in chunks)
    return replace(happened, events=(*happened.events[:-1], *pieces, happened.events[-1]))


def test_of_a_stream_the_last_word_on_each_field_counts():
    scenario = replace(billed(), calls=(Call("stream"),))
    happened = stream(
        Chunk("Hello", provider="anthropic", usage=Usage(30, 1, 10)),
        Chunk(model="claude-opus-4-8"),
        Chunk(usage=Usage(output_tokens=12)),
    )
    assert KIND.check(PROMISE, scenario, happened) == []
    assert KIND.exercised(PROMISE, scenario, happened) == {
        f"{name} reported when anthropic served"
        for name in ("provider", "model", "input_tokens", "output_tokens", "cached_input_tokens")
    }
    partial = stream(Chunk("Hello", usage=Usage(30, 1, 10)))
    assert [finding.code for finding in KIND.check(PROMISE, scenario, partial)] == ["wrong_usage"]


def test_labels():
    happened = fell_back(model=None, usage=Usage(30))
    assert KIND.exercised(PROMISE, billed(), happened) == {
        "provider reported when anthropic served",
        "input_tokens reported when anthropic served",
    }
    assert KIND.exercised(PROMISE, billed(), HOLDS["nothing reported"]) == frozenset()


REQUIRED = {
    f"{name} reported when {provider} served"
    for name in ("provider", "model", "input_tokens", "output_tokens")
    for provider in CHAIN
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    assert len(KIND.required(promise_of("attribution", chain=("openai",)))) == 8


def test_cells():
    promise = promise_of("attribution", failures=("http_429",))
    first, second, *_ = KIND.cells(promise, ("complete",))
    assert [(row.provider, row.then.fault) for row in first.acts] == [(name, None) for name in CHAIN]
    assert [row.then.fault for row in second.acts] == ["http_429", None, None, None]
    usages = [row.then.said.usage for row in second.acts]
    assert len({usage.input_tokens for usage in usages}) == 4
    assert [usage.cache_write_tokens is None for usage in usages] == [True, False, True, True]
    assert list(KIND.examples(promise, ("complete",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "lets each of openai, anthropic, deepseek, gemini answer with a usage of its own, also in the name of a "
        "dated snapshot of its model, after rate_limit, server_error, timeout, unavailable, invalid_key, malformed "
        "at those before it, and compares what the reply reports with that answer"
    )
