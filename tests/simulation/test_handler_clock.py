"""The handler's own clock goes faster or slower than the world's; what providers do does not."""

import pytest

from llminv.history import Replied
from llminv.runner import Runner
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.clock import SECOND_NS, Clock

RATES = (0.125, 1.0, 8.0)


@pytest.mark.parametrize("rate", RATES)
def test_what_is_read_and_what_is_waited_for(rate):
    clock = Clock()
    clock.rate = rate
    clock.advance(clock.due_ns(4), "waiting")
    assert (clock.now_ns, clock.told_ns) == (4 / rate * SECOND_NS, 4 * SECOND_NS)


SETTING = {
    "providers": {
        "openai": {
            "dialect": "openai-chat",
            "base_url": "https://api.openai.com/v1",
            "key": "OPENAI_API_KEY",
            "model": "gpt-4o-mini",
        }
    },
    "policy": {},
    "prices": {},
}
HANDLER = """
import asyncio, time, http.client, os, threading
from llminv.contract import Reply

def ask(request):
    connection = http.client.HTTPSConnection("api.openai.com", timeout=20)
    started_s = time.monotonic()
    try:
        body = '{"messages": [{"role": "user", "content": "%s"}]}' % request.messages[-1]["content"]
        connection.request("POST", "/v1/chat/completions", body)
        connection.getresponse().read()
        return "answered"
    except TimeoutError:
        return f"gave up after {time.monotonic() - started_s:g} s"
    finally:
        connection.close()

class Handler:
    def complete(self, request):
        time.sleep(2)
        threading.Event().wait(2)
        return Reply(ask(request))

    async def acomplete(self, request):
        await asyncio.sleep(2)
        async with asyncio.timeout(2):
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                pass
        return Reply("answered")
"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("operation", "said", "ended_at_s"),
    [("complete", "gave up after 20 s", 24), ("acomplete", "answered", 4)],
)
def test_a_handler_by_a_wrong_clock(tmp_path, monkeypatch, operation, said, ended_at_s):
    """All that it waits for is longer or shorter alike, whatever it waits with."""
    (tmp_path / "handler.py").write_text(HANDLER)
    silent = Scenario((Call(operation),), (Script(0, "openai", then=Act("no_answer")),))
    for rate in RATES:
        monkeypatch.setattr(Clock, "__init__", _with_rate(Clock.__init__, rate))
        with Runner(SETTING, f"{tmp_path / 'handler.py'}:Handler") as runner:
            outcome = runner.play(silent).outcome(0)
        monkeypatch.undo()
        assert isinstance(outcome, Replied)
        assert (outcome.reply.text, outcome.at_s) == (said, pytest.approx(ended_at_s / rate))


def _with_rate(init, rate):
    def with_rate(self, *arguments):
        init(self, *arguments)
        self.rate = rate

    return with_rate
