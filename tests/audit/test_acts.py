"""The options of acts about bytes: what is plainer, and that a drawn act comes down to the plainest."""

import pytest

from llminv.audit.acts import plainness
from llminv.audit.reduce import Space, reduce
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script

SPACE = Space(("openai",), (), ("stream",))
DRAWN = Framing(newline="cr", space=False, comments=True, multi_line=True, empty_choices_at=4)


def minimum(shows, **options):
    """The least act that shows something, from the one with these options."""
    scenario = Scenario((Call("stream"),), (Script(0, "openai", then=Act(**options)),))
    return reduce(scenario, lambda one: bool(one.acts) and shows(one.acts[0].then), SPACE).acts[0].then


@pytest.mark.parametrize(
    ("shows", "least"),
    [
        (lambda framing: framing.comments, Framing(comments=True)),
        (lambda framing: framing.newline, Framing(newline="lf")),
        (lambda framing: framing.newline in ("cr", "crlf"), Framing(newline="crlf")),
        (lambda framing: framing.empty_choices_at is not None, Framing(empty_choices_at=0)),
        (lambda framing: (framing.empty_choices_at or 0) > 2, Framing(empty_choices_at=3)),
        (
            lambda framing: framing.empty_choices_at is not None or framing.usage_at is not None,
            Framing(usage_at=0),
        ),
        (
            lambda framing: framing.multi_line and not framing.space,
            Framing(multi_line=True, space=False),
        ),
    ],
)
def test_a_framing_comes_down_to_what_shows_the_finding(shows, least):
    assert minimum(lambda act: act.framing and shows(act.framing), framing=DRAWN) == Act(framing=least)


@pytest.mark.parametrize("drawn", [{"cuts": (7, 90, 200)}, {"cut_every": 64}, {"cut_every": 1}])
def test_a_cut_anywhere_becomes_a_cut_everywhere(drawn):
    assert minimum(lambda act: act.cuts or act.cut_every, **drawn) == Act(cut_every=1)


def test_cuts_that_matter_stay():
    assert minimum(lambda act: 90 in act.cuts, cuts=(7, 90, 200)) == Act(cuts=(90,))
    assert minimum(lambda act: (act.cut_every or 0) > 2, cut_every=64) == Act(cut_every=3)


def test_the_words_for_how_a_text_is_cut_stay_words():
    asked = []
    said = Said(text="bb", deltas="characters", finish_reason="length", tool_index="missing")
    least = minimum(lambda act: asked.append(act.said) or (act.said and act.said.text), said=said)
    assert least == Act(said=Said(text="a"))
    words = {(one.deltas, one.finish_reason, one.tool_index) for one in asked if one}
    assert words <= {
        (a, b, c) for a in ("characters", "words") for b in ("length", None) for c in ("missing", "given")
    }


def test_plain_bytes_are_plain():
    assert plainness(Act(cut_every=1)) == plainness(Act(framing=Framing())) == 0
