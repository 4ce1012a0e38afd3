"""stream_completion: routers that lose, repeat or make up parts of streams, and routers that do not."""

from pathlib import Path

import pytest
from playing import Playing
from routes import CHAIN, promise_of

from llminv.declaration.models import Stream, Timeouts
from llminv.kinds import KINDS
from llminv.kinds.laws.streams import BREAKING
from llminv.kinds.stream_completion import Example, StreamCompletion
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script
from llminv.simulation.faults import FAULTS

# A handler that the world stops leaves its connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HERE = Path(__file__).parent
ROUTERS = HERE / "stream_routers.py"
KIND = KINDS["stream_completion"]
POLICY = {"chain": ("openai", "anthropic")}
RESUME = POLICY | {"stream": Stream(broken_after_content="resume")}
FEW = ("error_inside", "truncated", "body_reset", "stall")
SHIPPED = promise_of("stream_completion")


def promise(policy=None, failures=FEW, **fields):
    return promise_of("stream_completion", policy=policy or POLICY, failures=failures, **fields)


def streamed(**act):
    """One call of stream, in which openai does this."""
    return Scenario((Call("stream"),), (Script(0, "openai", then=Act(**act)),) if act else ())


# router, policy -> the minimal scenario of each code
PLANTED = {
    ("TakesAnyEnd", "error"): {"truncated_as_complete": streamed(fault="error_inside")},
    ("WantsDone", "error"): {"whole_as_error": streamed(framing=Framing(done=False))},
    ("Refuses", "error"): {"whole_as_error": streamed(said=Said(text=""))},
    ("StartsAgain", "error"): {"attempts_mixed": streamed(fault="error_inside", after=1)},
    ("Resumes", "error"): {"attempts_mixed": streamed(fault="error_inside", after=1)},
    ("StartsAgain", "resume"): {"attempts_mixed": streamed(fault="error_inside", after=1)},
    ("Right", "resume"): {"not_resumed": streamed(fault="error_inside", after=1)},
    ("Strips", "error"): {"text_lost": streamed()},
    ("Stutters", "error"): {"text_added": streamed()},
    ("MixesUp", "error"): {"text_added": streamed(fault="error_inside")},
    ("Western", "error"): {"text_changed": streamed(said=Said(text="漢"))},
    ("Waits", "error"): {"hang": streamed(fault="stall")},
    ("NeverTires", "error"): {"never_ends": streamed(fault="error_inside", after=1)},
}


@pytest.mark.parametrize(("router", "after_content"), PLANTED)
def test_a_planted_bug_is_found_and_reduced(router, after_content):
    with Playing(router, promise(RESUME if after_content == "resume" else POLICY), ROUTERS) as playing:
        minimal = playing.minimal()
        kept = playing.kept(minimal)
    assert minimal == PLANTED[router, after_content]
    assert kept == []


def test_every_code_is_planted():
    assert {code for minimal in PLANTED.values() for code in minimal} == KIND.codes.keys()


@pytest.mark.parametrize(
    ("router", "policy"),
    [("Right", POLICY), ("Strings", POLICY), ("Holds", POLICY), ("Resumes", RESUME), ("AsksAnew", RESUME)],
)
def test_a_correct_router_shows_nothing_and_exercises_everything(router, policy):
    kept = promise(policy, failures=None)
    with Playing(router, kept, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert {code for one in KIND.examples(kept, ["stream"]) for code in playing.codes(one)} == set()
    assert playing.labels == KIND.required(kept)


def finding_of(router, scenario, policy=POLICY):
    with Playing(router, promise(policy), ROUTERS) as playing:
        (finding,) = playing.findings(scenario)
    return finding


def test_a_finding_shows_both_texts_and_where_the_stream_broke_off():
    finding = finding_of("TakesAnyEnd", streamed(fault="body_reset", after=2, said=Said(text="a é\u2028 漢")))
    assert finding.expected == (
        "an error, or another attempt: openai broke off with body_reset, behind 'a é|' (3 characters)"
    )
    assert finding.observed.startswith(
        "the end of the stream, behind 'a é|' (3 characters); the response of openai"
    )
    assert (finding.provider, finding.fault_class) == ("openai", "unavailable")


def test_a_finding_marks_the_first_difference():
    finding = finding_of("Western", streamed(said=Said(text="aé漢\u2028")))
    assert finding.expected == r"what openai said: 'aé|漢\u2028' (4 characters)"
    assert finding.observed == r"'aé|??' (4 characters), then the end of the stream"


def test_what_was_resumed_may_break_off_too():
    rows = tuple(
        Script(0, name, then=Act("truncated", 1, Said(text="a b c", sizes=(2,)))) for name in CHAIN[:2]
    )
    with Playing("Resumes", promise(RESUME), ROUTERS) as playing:
        assert playing.findings(Scenario((Call("stream"),), rows)) == []
    finding = finding_of("StartsAgain", Scenario((Call("stream"),), rows))
    assert (finding.code, finding.observed[:12]) == ("attempts_mixed", "'a |a ' (4 c")


def test_an_empty_answer_that_is_declared_malformed_is_not_played():
    kept = promise({**POLICY, "empty_answer": "malformed"})
    with Playing("Refuses", kept, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.findings(streamed(said=Said(text="a", times=0))) == []
    assert playing.labels == KIND.required(kept)


def test_a_whole_answer_after_the_deadline_is_not_judged():
    late = promise({**POLICY, "timeouts": Timeouts(total_s=1)})
    rows = (
        Script(0, "openai", then=Act("stall")),
        Script(0, "anthropic", then=Act(framing=Framing(done=False))),
    )
    with Playing("WantsDone", late, ROUTERS) as playing:
        assert playing.findings(Scenario((Call("stream"),), rows)) == []


# Labels

REQUIRED = {
    "an empty answer came whole",
    "text beyond ASCII came whole",
    *(f"a stream of {name} came whole" for name in CHAIN),
    *(
        f"{word} broke a stream of {name} {where}"
        for name in CHAIN
        for word in ("server_error", "unavailable", "rate_limit", "malformed", "timeout")
        for where in ("before its first content", "after it")
    ),
}


def test_required_labels():
    assert KIND.required(SHIPPED) == REQUIRED
    alone = promise({"chain": ("openai",)}, failures=("truncated",))
    assert KIND.required(alone) == {
        "an empty answer came whole",
        "text beyond ASCII came whole",
        "a stream of openai came whole",
        "malformed broke a stream of openai before its first content",
        "malformed broke a stream of openai after it",
    }


# What is played


def test_the_declared_example_is_always_played():
    (first, *others) = KIND.examples(SHIPPED, ["stream", "astream"])
    assert SHIPPED.invariant.examples == (Example(total_tokens=100, chunk_sizes=(20,) * 5),)
    assert first == streamed(said=Said(text=" word", times=100, sizes=(100,) * 5))
    assert len(others) == 7


def test_the_cells_cover_every_fault_in_every_place():
    cells = list(KIND.cells(SHIPPED, ["stream"]))
    broken = {(row.provider, row.then.fault, row.then.after) for cell in cells for row in cell.acts[-1:]}
    assert {
        (name, fault, after) for name in CHAIN for fault in BREAKING for after in (None, 0, 1, 99)
    } < broken
    assert KIND.faults(promise(failures=("malformed", "http_429", "stall"))) == (
        "http_503",
        "truncated",
        "stall",
    )


def contradictions(**fields):
    text = dict.fromkeys(("title", "statement", "critical"), "a") | {"id": "a", "kind": "stream_completion"}
    return StreamCompletion(**text, **fields).contradictions(SHIPPED.policy)


def test_what_can_never_be_played_is_refused():
    assert contradictions(failures=("malformed", "http_429", "invalid_key")) == [
        (("failures", 1), "'http_429' means no fault that breaks a stream off"),
        (("failures", 2), "'invalid_key' means no fault that breaks a stream off"),
    ]
    assert contradictions(examples=({"total_tokens": 100, "chunk_sizes": (20, 30)},)) == [
        (("examples", 0, "chunk_sizes"), "the chunks have 50 tokens in all, not 100")
    ]
    assert (
        contradictions(failures=tuple(name for name in FAULTS if FAULTS[name].fault_class == "timeout")[-2:])
        == []
    )


def test_the_sentence_for_the_document():
    assert KIND.describe(promise()) == (
        "lets each of openai, anthropic stream texts of every script and length in deltas of every size, empty ones "
        "too, without [DONE], with chunks that say nothing and with usage everywhere or nowhere; and break off with "
        "error_inside, truncated, body_reset, stall before any event, before the first content, behind it, and "
        "behind the last"
    )
