"""stream_framing: routers that read some bytes only, and routers that read all."""

from pathlib import Path

import pytest
from playing import Playing
from routes import CHAIN, promise_of

from llminv.kinds import KINDS
from llminv.kinds.stream_framing import FRAMINGS, StreamFraming
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script

# A handler that the world stops leaves its connections open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROUTERS = Path(__file__).with_name("stream_routers.py")
KIND = KINDS["stream_framing"]
SHIPPED = promise_of("stream_framing")


def promise(**fields):
    return promise_of("stream_framing", policy={"chain": ("openai", "anthropic")}, **fields)


def streamed(**act):
    """One call of stream, in which openai does this."""
    return Scenario((Call("stream"),), (Script(0, "openai", then=Act(**act)),))


# router -> the minimal scenario of each code
PLANTED = {
    "Lines": {"not_read": streamed(said=Said(text="\u2028"))},
    "WholeRouter": {"not_read": streamed(framing=Framing(newline="cr"))},
    "EachRead": {"text_lost": streamed(said=Said(text="é"), cut_every=1)},
    "Replaces": {"text_changed": streamed(said=Said(text="é"), cut_every=1)},
    "Shows": {"text_added": streamed(framing=Framing(comments=True))},
    "UsageInOneRead": {
        "ending_changed": Scenario((Call("stream"),) * 2, (Script(1, "openai", then=Act(cut_every=1)),))
    },
    "WaitsForLess": {"hang": streamed(cut_every=1)},
    "ReadsForEver": {"never_ends": streamed(framing=Framing(newline="cr"))},
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, promise(), ROUTERS) as playing:
        minimal = playing.minimal()
        kept = playing.kept(minimal)
    assert minimal == PLANTED[router]
    assert kept == []


def test_every_code_is_planted():
    assert {code for minimal in PLANTED.values() for code in minimal} == KIND.codes.keys()


@pytest.mark.parametrize("router", ["Right", "Strings", "Holds"])
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    with Playing(router, promise(), ROUTERS) as playing:
        assert playing.minimal() == {}
    assert playing.labels == KIND.required(promise())


def test_a_handler_whose_library_cannot_read_a_framing_declares_the_others():
    names = tuple(name for name in FRAMINGS if name not in ("cr", "empty_events", "multi_line"))
    with Playing("WholeRouter", promise(framings=names), ROUTERS) as playing:
        assert playing.minimal() == {}
    assert playing.labels == KIND.required(promise(framings=names))


def test_a_finding_names_the_framing_and_shows_the_bytes_of_the_cut_character():
    with Playing("Replaces", promise(), ROUTERS) as playing:
        (finding,) = playing.findings(streamed(said=Said(text="aé"), cut_every=1))
    assert finding.expected == "what openai said, with cuts: 'a|é' (2 characters)"
    assert (
        finding.observed
        == "'a|\ufffd\ufffd' (3 characters), then the end of the stream; cut after every byte, é into c3|a9"
    )


def test_a_finding_shows_what_was_told_in_plain_bytes_and_in_others():
    bug = PLANTED["UsageInOneRead"]["ending_changed"]
    with Playing("UsageInOneRead", promise(), ROUTERS) as playing:
        (finding,) = playing.findings(bug)
    assert finding.expected == (
        "with cuts, as in plain bytes: the usage input_tokens 9, output_tokens 5, cached_input_tokens 0, "
        "reasoning_tokens 0"
    )
    assert (finding.call, finding.observed) == (1, "the usage none")


def test_an_event_without_data_is_none_and_one_with_empty_data_is_not_played():
    with Playing("Right", promise(), ROUTERS) as playing:
        (sent,) = playing.history(streamed(framing=Framing(empty_events=True))).attempts(0)
    assert "\nevent: keep-alive\n\ndata: {" in sent.text
    assert "data:\n" not in sent.text


# Labels

REQUIRED = {f"{name} at {provider}" for name in FRAMINGS for provider in CHAIN} - {
    f"unknown_events at {provider}" for provider in CHAIN if provider != "anthropic"
}


def test_required_labels():
    assert KIND.required(SHIPPED) == REQUIRED
    assert KIND.required(promise(framings=("cuts", "unknown_events"))) == {
        "cuts at openai",
        "cuts at anthropic",
        "unknown_events at anthropic",
    }


def test_where_none_of_the_framings_can_be_played_the_verdict_is_unknown_at_best():
    nowhere = promise(framings=("unknown_events",))
    assert KIND.reservations(nowhere) == ("none of the framings can be played at openai",)
    assert KIND.reservations(promise()) == ()


# What is played


def test_a_framing_changes_one_thing_and_each_change_has_a_name():
    changed = {name: framing for name, framing in FRAMINGS.items() if name != "cuts"}
    assert len({repr(framing) for framing in changed.values()}) == len(changed)
    text = dict.fromkeys(("title", "statement", "critical"), "a") | {"id": "a", "kind": "stream_framing"}
    assert StreamFraming(**text, framings=tuple(FRAMINGS)).framings == tuple(FRAMINGS)


def test_every_framing_is_played_alone_and_with_all_others():
    cells = list(KIND.cells(promise(), ["stream"]))
    acts = [cell.acts[-1].then for cell in cells if cell.acts[-1].provider == "anthropic"]
    alone = [None if name == "cuts" else framing for name, framing in FRAMINGS.items()]
    together = Framing("cr", False, True, True, True, True, True, True, True)
    assert [act.framing for act in acts] == [*alone, together, None, *alone, together]
    assert [act.cut_every for act in acts if act.cut_every] == [1, 1, 1_000, 1, 1]
    assert len(cells) == 2 * (2 * len(FRAMINGS) + 3) - 2
    assert KIND.faults(SHIPPED) == ("http_503",)


def test_the_sentence_for_the_document():
    assert KIND.describe(promise(framings=("lf", "cuts"))) == (
        "lets each of openai, anthropic say texts of every script in other bytes (lf, cuts), alone and together, cut "
        "into bytes, pieces and at places, and compares finish reason, usage and calls of tools with those of the same "
        "answer in plain bytes"
    )
