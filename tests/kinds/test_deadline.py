"""deadline: routers with one bug each, histories written by hand, and what is left open."""

import pytest
from playing import Playing
from routes import answers, down, promise_of, raises
from timed import ROUTERS, first, history, only, then

from llminv.audit.search import reproducible, search
from llminv.declaration.models import Retries, Timeouts
from llminv.history import CallStarted, FaultReached, History, RequestReceived, ResponseSent
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.clock import HORIZON_S
from llminv.verdict import Finding

# A handler that the world stops leaves its sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

KIND = KINDS["deadline"]
PROMISE = promise_of("deadline", tolerance_s=0.5)
SILENT = down("openai:no_answer")


def streamed(act):
    return Scenario((Call("stream"),), (Script(0, "openai", then=act),))


def asked_to_wait(seconds, *last):
    """All but the last provider ask for so long a wait, again and again; `last` are the acts of the third."""
    act = Act("http_429", retry_after=seconds)
    rows = [Script(0, name, then=act) for name in ("openai", "anthropic")]
    third = Script(0, "deepseek", (act,), *last) if last else Script(0, "deepseek", then=act)
    return only(*rows, third)


# router -> the minimal scenario of each code
PLANTED = {
    "ConnectsSlowly": {"connect_too_long": down("openai:connect_timeout")},
    "WaitsForHeaders": {"first_token_too_late": SILENT},
    "ReadsSlowly": {"idle_too_long": down("openai:stall")},
    # Of the declared limits no two reads together are too long for an attempt: four are.
    "NoAttemptLimit": {"attempt_too_long": then(Act(gap_s=16.0, pieces=4))},
    "LastAttemptUncut": {"call_too_long": asked_to_wait("52", Act("no_answer"))},
    "NoTotal": {"call_too_long": asked_to_wait("51"), "attempt_after_deadline": asked_to_wait("51")},
    "Impatient": {"live_answer_killed": then(Act(delay_s=16.0))},
    "Unlimited": {
        "hang": SILENT,
        "first_token_too_late": then(Act(delay_s=21.0)),
        "idle_too_long": then(Act(gap_s=21.0)),
    },
    "WaitsForBetterTimes": {"never_ends": down("openai:http_429")},
    "PingsAreProgress": {
        "first_token_too_late": streamed(Act("stall_with_pings")),
        "idle_too_long": streamed(Act("stall_with_pings", after=1)),
    },
    "ImpatientStreams": {"live_answer_killed": streamed(Act(gap_s=2.0))},
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    with Playing(router, PROMISE, ROUTERS) as playing:
        minimal = playing.minimal()
        assert PLANTED[router].items() <= minimal.items()
        assert playing.kept(minimal) == []


@pytest.mark.parametrize("router", ["OnTime", "Streams"])
def test_a_correct_router_shows_nothing_and_exercises_everything(router):
    with Playing(router, PROMISE, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(PROMISE)


def test_only_the_named_ways_are_played():
    whole = promise_of("deadline", tolerance_s=0.5, ways=("complete", "acomplete"))
    assert set(KIND.operations_of(whole)) == {"complete", "acomplete"}
    assert set(KIND.operations_of(PROMISE)) == set(KIND.operations)


def test_every_code_is_planted():
    assert {code for codes in PLANTED.values() for code in codes} == KIND.codes.keys()


# The scenario, what happened, the finding: code, expected, observed, provider, fault class, second.
FINDINGS = {
    "connecting": (
        down("openai:connect_timeout"),
        history(("openai", "connect_timeout", 1.0, 7.0), ("anthropic", None, 7.0, 7.0), ends=answers("anthropic")),
        (
            *("connect_too_long", "connecting to openai is given up after 5 s (connect_s)", "it took 6 s"),
            *("openai", "timeout", 7.0),
        ),
    ),
    "no headers": (
        SILENT,
        history(("openai", "no_answer", 0.0, 30.0), ("anthropic", None, 31.0, 31.0), ends=answers("anthropic")),
        (
            *("first_token_too_late", "openai is given up after 20 s (first_token_s)", "it was waited for 30 s"),
            *("openai", "timeout", 30.0),
        ),
    ),
    "late headers taken": (
        then(Act(delay_s=21.0)),
        history(("openai", None, 0.0, 21.0), ends=answers("openai")),
        (
            *("first_token_too_late", "openai is given up after 20 s (first_token_s)", "it was waited for 21 s"),
            *("openai", None, 21.0),
        ),
    ),
    "too long a call": (
        down("openai:http_503"),
        history(("openai", "http_503", 0.0, 0.0), ended_at_s=301.0),
        (
            *("call_too_long", "the call ends within 300 s (total_s)", "it ended after 301 s"),
            *("openai", "unavailable", 301.0),
        ),
    ),
    "thrown away": (
        first(Act("slow_headers", delay_s=10.0)),
        history(("openai", "slow_headers", 0.0, 10.0), ends=raises()),
        (
            "live_answer_killed",
            "the answer of openai comes back: 10 s before the first byte and 0 s between two pieces are within the limits",
            "NoProviderAvailable: openai, anthropic, deepseek, gemini",
            *("openai", "harmless", 10.0),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    scenario, happened, (code, expected, observed, provider, fault_class, at_s) = FINDINGS[case]
    assert KIND.check(PROMISE, scenario, happened) == [
        Finding(code, expected, observed, 0, provider, fault_class, at_s)
    ]


@pytest.mark.parametrize(("waited_s", "codes"), [(20.99, []), (21.01, ["first_token_too_late"])])
def test_the_shipped_promise_lets_a_clock_be_looked_at_once_a_second(waited_s, codes):
    """As aiohttp does, whose limits end at whole seconds of its loop's clock."""
    happened = history(("openai", None, 0.0, waited_s), ends=answers("openai"))
    found = KIND.check(promise_of("deadline"), then(Act(delay_s=waited_s)), happened)
    assert [finding.code for finding in found] == codes


NEXT = ("anthropic", None, 20.5, 20.5)
HOLDS = {
    "just in time": (SILENT, history(("openai", "no_answer", 0.0, 20.5), NEXT)),
    "let go after a pause, as far as anybody knows": (SILENT, history(("openai", "no_answer", 0.0, 20.9), ("anthropic", None, 20.9, 20.9))),
    "let go of in the background": (SILENT, history(("openai", "no_answer", 0.0, 90.0), NEXT)),
    "answered in the background": (
        then(Act(delay_s=50.0)),
        History(
            (
                *history(("openai", None, 0.0, 50.0)).events[:2],
                *history(("anthropic", None, 20.0, 20.0)).events[1:3],
                ResponseSent(50.0, 0, "openai", 0, "{}", 200, "whole"),
                raises()(51.0),
            ),
            51.0,
        ),
    ),
    "too slow to be alive": (then(Act(delay_s=20.0)), history(("openai", None, 0.0, 0.0), NEXT)),
    "no time left for it": (
        Scenario((Call("complete"),), (Script(0, "anthropic", then=Act(delay_s=10.0)),)),
        history(("openai", "http_503", 291.0, 291.0), ("anthropic", None, 291.0, 291.0), ended_at_s=300.0),
    ),
    "not called at all": (SILENT, History((CallStarted(0.0, 0, "complete"),))),
}  # fmt: skip


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    scenario, happened = HOLDS[case]
    assert KIND.check(PROMISE, scenario, happened) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('21\r\nevent: ping\ndata: {"type":"ping"}\n\n\r\n', ["first_token_too_late"]),
        ('21\r\nevent: delta\ndata: {"text":"Hello"}\n\n\r\n', []),
    ],
)
def test_pings_are_no_token(text, codes):
    act = Act("stall_with_pings")
    scenario = Scenario((Call("stream"),), (Script(0, "anthropic", then=act),))
    events = (
        CallStarted(0.0, 0, "stream"),
        RequestReceived(0.0, 0, "anthropic", 0, "POST", "url", fault="stall_with_pings"),
        ResponseSent(1.0, 0, "anthropic", 0, "HTTP/1.1 200 OK\r\n\r\n", 200),
        ResponseSent(15.0, 0, "anthropic", 0, text),
        FaultReached(30.0, 0, "anthropic", 0, "stall_with_pings"),
        raises()(31.0),
    )
    found = KIND.check(PROMISE, scenario, History(events, 31.0))
    assert [finding.code for finding in found] == codes


def test_only_declared_limits_are_judged():
    happened = history(("openai", "no_answer", 0.0, 900.0), ended_at_s=901.0)
    silent = promise_of("deadline", tolerance_s=0.5, policy={"timeouts": Timeouts(idle_s=20)})
    assert KIND.check(silent, SILENT, happened) == []
    assert KIND.required(silent) == {
        f"idle_s was at stake at {name}" for name in ("openai", "anthropic", "deepseek", "gemini")
    }
    policy = silent.policy.model_validate({"chain": ("openai",), "exhausted": "E", "fallback": ("timeout",)})
    undeclared = silent.model_copy(update={"policy": policy})
    assert KIND.check(undeclared, SILENT, happened) == []
    assert list(KIND.cells(undeclared, ("complete",))) == []
    assert KIND.reservations(undeclared) == ("policy silent on timeouts",)
    assert KIND.reservations(PROMISE) == ()


REQUIRED = {
    *(
        f"{limit} was at stake at {name}"
        for limit in ("connect_s", "first_token_s", "idle_s")
        for name in ("openai", "anthropic", "deepseek", "gemini")
    ),
    *(f"{name} answered slowly, within the limits" for name in ("openai", "anthropic", "deepseek", "gemini")),
    "total_s was at stake",
}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED


def test_labels():
    scenario = only(*SILENT.acts, Script(0, "anthropic", then=Act("slow_drip", gap_s=19.0)))
    steps = (("openai", "no_answer", 0.0, 20.0), ("anthropic", "slow_drip", 20.0, 58.0))
    assert KIND.exercised(PROMISE, scenario, history(*steps, ends=answers("anthropic"))) == {
        "first_token_s was at stake at openai",
        "anthropic answered slowly, within the limits",
    }
    assert "total_s was at stake" in KIND.exercised(PROMISE, scenario, history(*steps, ended_at_s=240.0))


def test_cells():
    promise = promise_of("deadline", tolerance_s=0.5, policy={"chain": ("openai",), "retries": Retries()})
    assert list(KIND.cells(promise, ("complete",))) == [
        *(then(Act(fault)) for fault in ("connect_timeout", "no_answer", "stall")),
        then(Act("stall", after=1)),
        first(Act("slow_headers", delay_s=19.0)),
        first(Act("slow_drip", gap_s=19.0)),
        first(Act("slow_drip", delay_s=19.0, gap_s=19.0)),
        first(Act("slow_headers", delay_s=21.0)),
        first(Act("slow_drip", gap_s=21.0)),
        first(Act("slow_drip", gap_s=19.0, pieces=4)),
    ]
    assert list(KIND.examples(promise, ("complete",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "keeps each of openai, anthropic, deepseek, gemini silent before the connection, the headers and the rest of "
        "the answer, lets each answer slowly, within and clearly beyond the limits (connect_s 5, first_token_s 20, "
        "idle_s 20, attempt_s 60, total_s 300), and lets all of them fail so slowly that the call would last too long; "
        "and drawn mixtures of all"
    )


def test_nobody_is_asked_to_wait_for_longer_than_a_world_lasts():
    a_day = Retries(max=2, faults=("http_429",), retry_after_cap_s=86_400)
    promise = promise_of("deadline", tolerance_s=0.5, policy={"retries": a_day})
    with reproducible():
        drawn = search(
            KIND.strategy(promise, ["complete"]), lambda _: (), seed_=0, max_examples=200, known=()
        ).drawn
    asked_s = [
        sum(float(row.act(attempt).retry_after or 0) for row in scenario.acts for attempt in range(2))
        for scenario in drawn
    ]
    assert 1_000 < max(asked_s) < HORIZON_S
