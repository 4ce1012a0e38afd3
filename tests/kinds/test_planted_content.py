"""The kinds that look at the content of a call: every finding code, shown by a router with that bug.

The routers speak every format, and some stream. Of the cells the first that shows a code is reduced, and
the minimum is pinned; without any of its parts the code does not show.
"""

from pathlib import Path

import pytest
from playing import Playing
from routes import CHAIN, down, promise_of

from llminv.contract import Usage
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Said, Scenario, Script
from llminv.simulation.dialects.neutral import function_tool, message, tool_call, tool_result

# A handler that the world stops leaves its sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HERE = Path(__file__).parent
BROKEN = HERE / "content_routers.py"
RIGHT = HERE / "whole_router.py"
LIMITED = [f"{name}:http_429" for name in CHAIN]
PING = function_tool("ping", "a", {"type": "object"})


def says(*messages, after=0, **more):
    """The scenario in which the first `after` providers are down, and the caller says this."""
    more |= {"messages": messages} if messages else {}
    return Scenario((Call("complete", **more),), down(*LIMITED[:after]).acts)


def usage(**buckets):
    return Script(0, "anthropic", then=Act(said=Said(usage=Usage(**buckets))))


# kind -> router -> the minimal scenario of each code
PLANTED = {
    "fallback_trigger": {
        "KeepsTheBill": {"not_moved_on": down("openai:http_402")},
        "TriesAnything": {
            "moved_on": down("openai:http_400"),
            "wrong_error": down(*LIMITED[:3], "gemini:http_400"),
        },
        "AnswersForTheFailed": {"returned_as_content": down("openai:no_answer")},
        "SumsUpRefusals": {"wrong_error": down("openai:http_400")},
        "Impatient": {"answer_refused": down("openai:slow_headers")},
        "WantsWords": {
            "answer_refused": Scenario(down().calls, (Script(0, "openai", then=Act(said=Said(text=""))),))
        },
        "GuardsTheOpening": {"not_moved_on": Scenario((Call("stream"),), down("openai:empty_200").acts)},
        "StopsDead": {"hang": down("openai:http_429")},
        "NeverTires": {"never_ends": down("openai:http_429")},
    },
    "attribution": {
        "NamesTheFirst": {"wrong_provider": down("openai:http_429")},
        "NamesTheFirstModel": {"wrong_model": down("openai:http_429")},
        "CutsTheModelShort": {
            "wrong_model": Scenario(
                down().calls, (Script(0, "openai", then=Act(said=Said(model="gpt-4o-mini-2026-01-31"))),)
            )
        },
        "OmitsTheCache": {
            "wrong_usage": Scenario(
                down().calls, (*down("openai:http_429").acts, usage(input_tokens=1, cached_input_tokens=1))
            )
        },
        "StopsDead": {"hang": down("openai:http_429")},
        "NeverTires": {"never_ends": down("openai:http_429")},
    },
    "request_fidelity": {
        "WritesAscii": {
            "messages_changed": says({"role": "user", "content": "é"}, after=2),
            "tools_changed": says(tools=(function_tool("get_weather", "é", {"type": "object"}),), after=2),
            "params_changed": says(params={"stop": ["é"]}, after=2),
        },
        "ForgetsThePrompt": {
            "messages_changed": says(message("system", "a"), message("user", "a"), after=1),
        },
        "MixesUpResults": {
            "messages_changed": says(
                {
                    "role": "assistant",
                    "tool_calls": [
                        tool_call("get_weather", "{}", call_id="call_0"),
                        tool_call("find-places", "{}", call_id="call_1"),
                    ],
                },
                tool_result("a", call_id="call_0"),
                tool_result("a", call_id="call_1"),
                tools=(PING,),
                after=3,
            ),
        },
        "MayNotMust": {"tools_changed": says(tools=(PING,), tool_choice="required", after=1)},
        "ZeroIsNothing": {"params_changed": says(params={"temperature": 0})},
        "OneModelForAll": {"wrong_model_asked": says(after=2)},
        "VersionTwice": {"wrong_path": says()},
        "OnePathForAll": {"wrong_path": says(after=1)},
        "KeepsTheHeaders": {"foreign_field": says(after=2)},
        "StopsDead": {"hang": says(after=1)},
        "NeverTires": {"never_ends": says(after=1)},
    },
}
# A flood is a thousand requests: these are played with one fault alone, and in a few cells.
ENDLESS = ("StopsDead", "NeverTires")


def promise_for(kind, router):
    return promise_of(kind, **({"failures": ("http_429",)} if router in ENDLESS else {}))


@pytest.mark.parametrize(("kind", "router"), [(kind, router) for kind in PLANTED for router in PLANTED[kind]])
def test_a_planted_bug_is_found_and_reduced(kind, router):
    with Playing(router, promise_for(kind, router), BROKEN) as playing:
        minimal = playing.minimal(4 if router in ENDLESS else None)
        assert minimal == PLANTED[kind][router]
        assert playing.kept(minimal) == []


@pytest.mark.parametrize("kind", PLANTED)
def test_a_correct_router_shows_nothing_and_exercises_everything(kind):
    with Playing("WholeRouter", promise_of(kind), RIGHT) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KINDS[kind].required(playing.promise)


def test_what_is_not_reported_is_missing_not_wrong():
    with Playing("ReportsNothing", promise_of("attribution", failures=("http_429",)), BROKEN) as playing:
        assert playing.minimal() == {}
        assert playing.labels == set()


@pytest.mark.parametrize("kind", PLANTED)
def test_every_code_is_planted(kind):
    assert {code for codes in PLANTED[kind].values() for code in codes} == KINDS[kind].codes.keys()
