"""A plant around a handler: errors come as they are, consumers that stop are told, and worlds stay apart."""

import pytest

from llminv.contract import Chunk, Reply
from llminv.history import Raised, Replied
from llminv.runner import Runner
from llminv.saboteurs import SABOTEURS
from llminv.saboteurs.around import interpose
from llminv.saboteurs.interface import Ask, Emit, Next, Plant, Wait
from llminv.scenario import Call, Scenario

pytestmark = pytest.mark.filterwarnings("ignore")
SETTING = {
    "providers": {},
    "policy": {"chain": [], "exhausted": "NoneLeft", "timeouts": {"total_s": 300}},
    "prices": {},
}
HANDLER = """
from llminv.contract import Reply

class Handler:
    asked = 0

    def complete(self, request):
        self.asked += 1
        if "fail" in request.messages[0]["content"]:
            raise KeyError("openai")
        return f"answer {self.asked}"

    async def acomplete(self, request):
        return self.complete(request)

    def stream(self, request):
        yield from ("one", "two")
        self.complete(request)

    async def astream(self, request):
        for text in self.stream(request):
            yield text

    async def count_tokens(self, said, *, provider, model, tools=()):
        return 3
"""
FAILING = ({"role": "user", "content": "fail"},)


@pytest.fixture
def play(tmp_path):
    """Play one call, or several, with a plant."""
    (tmp_path / "handler.py").write_text(HANDLER)
    with Runner(SETTING, f"{tmp_path / 'handler.py'}:Handler") as runner:
        yield lambda plant, *calls: runner.play(Scenario(calls), plant)


def text(history, call=0):
    outcome = history.outcome(call)
    if isinstance(outcome, Replied) and outcome.reply is not None:
        return outcome.reply.text
    return [event.chunk.text for event in history.events if event.tag == "chunk_received"]


@pytest.mark.parametrize("operation", ["complete", "acomplete", "stream", "astream"])
def test_a_plant_that_changes_nothing(play, operation):
    call = Call(operation)
    assert play(Plant(SETTING), call).events == play(None, call).events
    failed = Call(operation, messages=FAILING)
    assert play(Plant(SETTING), failed).events == play(None, failed).events


@pytest.mark.parametrize("operation", ["complete", "acomplete", "stream", "astream"])
def test_an_error_that_is_raised_anew_has_nothing_behind_it(play, operation):
    outcome = play(SABOTEURS["names_nobody"].plant(SETTING), Call(operation, messages=FAILING)).outcome(0)
    assert isinstance(outcome, Raised)
    assert (outcome.error.type, outcome.chain) == ("NoneLeft", ())


class TwiceAndLate(Plant):
    def whole(self, asked):
        yield Ask(asked.request)
        yield Wait(5)
        return (yield Ask(asked.request))

    def stream(self, asked):
        yield Ask(asked.request)
        first = yield Next()
        yield Ask(asked.request)
        yield Emit(Chunk(f"{first.text} again"))


@pytest.mark.parametrize(
    ("operation", "told", "ended_at_s"),
    [
        ("complete", "answer 2", 5),
        ("acomplete", "answer 2", 5),
        ("stream", ["one again"], 0),
        ("astream", ["one again"], 0),
    ],
)
def test_a_course_does_what_it_yields(play, operation, told, ended_at_s):
    history = play(TwiceAndLate(SETTING), Call(operation))
    assert (text(history), history.ended_at_s) == (told, ended_at_s)


class Told(Plant):
    def left(self, asked):
        self.act()
        yield Ask(asked.request)
        assert (yield Next()) == Chunk("one")


@pytest.mark.parametrize("operation", ["stream", "astream"])
def test_a_consumer_that_stops_is_told(play, operation):
    whole, stopped = Told(SETTING), Told(SETTING)
    assert text(play(whole, Call(operation))) == ["one", "two"]
    assert text(play(stopped, Call(operation, stop_after=1))) == ["one"]
    assert (whole.acted, stopped.acted) == (False, True)


def test_values_that_are_awaited_are_changed(play):
    history = play(SABOTEURS["counts_half"].plant(SETTING), Call("count_tokens", provider="p", model="m"))
    assert history.outcome(0).value == "1"


class Sleeps(Plant):
    woken = 0

    def whole(self, asked):
        yield Wait(3_600 if asked.call else None)
        Sleeps.woken += 1
        return Reply("late")


def test_a_thread_that_outlives_its_world_does_nothing_in_the_next(play):
    together = (Call("complete"), Call("complete", joins=True))
    play(Sleeps(SETTING), *together)
    before = Sleeps.woken
    later = play(None, Call("complete"), Call("complete", wait_s=7_200))
    assert [text(later, call) for call in (0, 1)] == ["answer 1", "answer 2"]
    assert Sleeps.woken == before


def test_there_has_to_be_a_world():
    with pytest.raises(RuntimeError, match="simulated world"):
        interpose(Plant(SETTING))
