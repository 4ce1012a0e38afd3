"""cooldown: routers that keep it in every reading, routers that do not, and histories written by hand."""

from dataclasses import replace

import cooling_routers
import pytest
from playing import CALLERS, COOLING, FAULTS, Playing, calls, down
from routes import CHAIN, promise_of

from llminv.declaration.models import Cooldown
from llminv.history import (
    CallStarted,
    ErrorInfo,
    FaultReached,
    History,
    Raised,
    Replied,
    RequestReceived,
    ResponseSent,
)
from llminv.kinds import KINDS
from llminv.scenario import Act, Call, Scenario, Script
from llminv.verdict import Finding

KIND = KINDS["cooldown"]
UNDECLARED = promise_of("cooldown", failures=FAULTS)
CLASSES = ("rate_limit", "unavailable", "invalid_key")
# Of the faults to play, those of these classes, and with them two that do not cool.
COUNTED = ("http_429", "connection_refused", "key_rejected")
# One of each class that the policy raises: they are played whatever the faults to play.
RAISED = ("http_400", "content_refused")
MIXED = (*COUNTED, "http_500", "no_answer")


def declared(after_failures=3, seconds=60, faults=CLASSES, failures=COUNTED, all_in=None, **policy):
    cooldown = Cooldown(after_failures=after_failures, seconds=seconds, faults=faults, all_in_cooldown=all_in)
    return promise_of("cooldown", policy={"cooldown": cooldown, **policy}, failures=failures)


DECLARED = declared()
ALL_RAISE, ALL_TRY = (
    declared(after_failures=1, failures=COUNTED[:1], all_in=word) for word in ("raise", "try")
)


def sequence(*failing, length=None, waits=(), fault="http_429"):
    """Calls one after another; in those of these numbers openai is down, and `waits` come before the last."""
    names = ["complete"] * (length or len(failing) + 1)
    rows = [row for number in failing for row in down(number, "openai", fault=fault)]
    return Scenario(calls(*names, waits=waits), tuple(rows))


def refused_last(number, waits=()):
    """Calls in which openai is down, but in the one of this number, where it refuses the request; and one more."""
    scenario = sequence(*range(number + 1), waits=waits)
    return replace(scenario, acts=(*scenario.acts[:-1], *down(number, "openai", fault="http_400")))


def refused_counts(after_failures):
    """A cooldown that follows what the policy raises, too."""
    return declared(after_failures, faults=(*CLASSES, "bad_request", "content_policy"))


BESIDE = Call("complete", joins=True)
LATER = Script(1, "openai", then=Act("http_429", delay_s=5.0))

EVERYONE = Scenario(calls("complete", "complete"), down(0, *CHAIN))

# router -> the promise, and the minimal scenario of each code
PLANTED = {
    "CoolsUnasked": (UNDECLARED, {"left_alone": sequence(0, 1, 2)}),
    "NeverGivesUpReading": (
        UNDECLARED,
        {"hang": Scenario(calls("complete"), down(0, "openai", fault="no_answer"))},
    ),
    "AsksForEver": (UNDECLARED, {"never_ends": Scenario(calls("complete"), down(0, "openai"))}),
    "NeverCools": (DECLARED, {"called_in_cooldown": sequence(0, 1, 2)}),
    "ForgetsAfterASuccess": (DECLARED, {"called_in_cooldown": sequence(0, 1, 2)}),
    "CoolsTooLate": (DECLARED, {"called_in_cooldown": sequence(0, 1, 2)}),
    "CoolsTooSoon": (DECLARED, {"left_alone": sequence(0, 1)}),
    "CoolsTooShort": (DECLARED, {"called_in_cooldown": sequence(0, 1, 2, waits=(30.0,))}),
    "CoolsTooLong": (DECLARED, {"left_alone": sequence(0, 1, 2, waits=(61.0,))}),
    "CoolsForEver": (DECLARED, {"left_alone": sequence(0, 1, 2, waits=(61.0,))}),
    "NeverForgives": (DECLARED, {"left_alone": sequence(0, 1, 3, length=5)}),
    "CountsEveryFailure": (
        declared(failures=MIXED),
        {
            "left_alone": Scenario(
                calls(*["complete"] * 4),
                (*down(0, "openai"), *down(1, "openai"), *down(2, "openai", fault="http_500")),
            )
        },
    ),
    "CountsTheRefusedAlone": (UNDECLARED, {"left_alone": sequence(0, 1, 2, fault="http_400")}),
    "ForgetsTheRefused": (refused_counts(1), {"called_in_cooldown": refused_last(0)}),
    "NeverGivesATrialBack": (declared(after_failures=1), {"left_alone": refused_last(1, waits=(60.0, 61.0))}),
    "CoolsOnce": (
        DECLARED,
        {"called_in_cooldown": sequence(0, 1, 2, 3, 4, 5, waits=(60.0, 0.0, 0.0, 0.0))},
    ),
    "CoolsTheFirstOnly": (
        DECLARED,
        {
            "called_in_cooldown": Scenario(
                calls(*["complete"] * 4),
                tuple(row for n in range(3) for row in down(n, "openai", "anthropic")),
            )
        },
    ),
    "KeepsTheFirstDeadlineAtOnce": (
        declared(after_failures=1),
        {
            "called_in_cooldown": Scenario(
                (Call("complete"), BESIDE, Call("complete", wait_s=55.0)),
                (*down(0, "openai", fault="connection_refused"), LATER),
            )
        },
    ),
    "LiftsACooldownAtOnce": (ALL_RAISE, {"called_in_cooldown": EVERYONE}),
    "AnswersWhenAllRest": (ALL_RAISE, {"failure_as_content": EVERYONE}),
    "RaisesAnotherWhenAllRest": (ALL_RAISE, {"wrong_error": EVERYONE}),
    "RaisesWhenAllRest": (ALL_TRY, {"left_alone": EVERYONE}),
}


@pytest.mark.parametrize("router", PLANTED)
def test_a_planted_bug_is_found_and_reduced(router):
    promise, expected = PLANTED[router]
    with Playing(router, promise, COOLING if hasattr(cooling_routers, router) else CALLERS) as playing:
        minimal = playing.minimal()
        kept = playing.kept(minimal)
    assert minimal == expected
    assert kept == []


def test_every_code_is_planted():
    assert {code for _, minimal in PLANTED.values() for code in minimal} == KIND.codes.keys()


READINGS = ("Cools", "CoolsAgainAtOnce", "CountsAttempts", "CountsAttemptsOn", "Retries")
TRIALS = ("OnTrial", "IsWellIfItRefuses", "IsWellIfItRefusesOnTrial", "RestsAgainIfItRefuses")


@pytest.mark.parametrize("router", READINGS)
def test_a_router_that_cools_as_declared_holds_in_every_reading(router):
    with Playing(router, DECLARED, COOLING) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels >= KIND.required(DECLARED)


@pytest.mark.parametrize("router", TRIALS)
def test_a_router_holds_whatever_it_takes_a_refused_request_for(router):
    promise = declared(after_failures=1, failures=COUNTED[:1])
    with Playing(router, promise, COOLING) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels >= KIND.required(promise)


@pytest.mark.parametrize("router", ["Cools", "CountsAttempts", "Retries"])
def test_a_router_that_cools_as_declared_holds_with_retried_faults_alone(router):
    promise = declared(faults=("rate_limit",), failures=("http_429",))
    with Playing(router, promise, COOLING) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels >= KIND.required(promise)


@pytest.mark.parametrize(
    ("router", "promise"),
    [("RaisesWhenAllRest", ALL_RAISE), ("CoolsAtOnce", ALL_TRY), ("LiftsACooldownAtOnce", ALL_TRY)],
)
def test_a_router_that_finds_all_in_cooldown_holds_as_declared(router, promise):
    with Playing(router, promise, COOLING) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels >= KIND.required(promise)


@pytest.mark.parametrize(
    ("router", "promise"),
    [("CountsTheDeclared", declared(failures=MIXED)), ("CountsTheRefused", refused_counts(3))],
)
def test_a_router_that_counts_the_declared_failures_alone_holds(router, promise):
    with Playing(router, promise, COOLING) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels >= KIND.required(promise)


@pytest.mark.parametrize("router", ["WholeRouter", "EveryWay", "OneAtATime", "BlocksItsLoop", "RunsALoop"])
def test_a_router_without_a_cooldown_holds_where_none_is_declared(router):
    with Playing(router, UNDECLARED) as playing:
        minimal = playing.minimal()
    assert minimal == {}
    assert playing.labels == REQUIRED


# Histories


def play(*steps):
    """Calls of a second each: (start, what was tried): "openai:http_429" failed, "openai" answered."""
    events = []
    for call, (at_s, *tried) in enumerate(steps):
        events.append(CallStarted(at_s, call, "complete"))
        for number, step in enumerate(tried):
            provider, _, fault = step.partition(":")
            attempt = sum(earlier.startswith(provider) for earlier in tried[:number])
            where = (call, provider, attempt)
            events.append(RequestReceived(at_s, *where, "POST", "url", fault=fault or None))
            end = (
                FaultReached(at_s, *where, fault) if fault else ResponseSent(at_s, *where, "{}", 200, "whole")
            )
            events.append(end)
        failed = all(":" in step for step in tried)
        events.append(Raised(at_s + 1, call, ErrorInfo("E", "no")) if failed else Replied(at_s + 1, call))
    return Scenario(calls(*["complete"] * len(steps))), History(tuple(events))


DOWN = ("openai:http_429", "anthropic")
THREE = [(0.0, *DOWN), (1.0, *DOWN), (2.0, *DOWN)]


def finding(code, call, at_s, observed, fault_class="rate_limit"):
    provider = "openai"
    expected = {
        "called_in_cooldown": f"{provider} is left alone until its cooldown ends",
        "left_alone": f"{provider} is tried in its turn: nothing holds it back",
    }
    return Finding(code, expected[code], observed, call, provider, fault_class, at_s)


FINDINGS = {
    "called in cooldown": (
        [*THREE, (30.0, "openai")],
        finding("called_in_cooldown", 3, 30.0, "openai was called at 30.000 s"),
    ),
    "left alone after it": (
        [*THREE, (65.0, "anthropic")],
        finding("left_alone", 3, 65.0, "anthropic was called"),
    ),
    "left alone too soon": ([(0.0, *DOWN), (1.0, "anthropic")], finding("left_alone", 1, 1.0, "anthropic was called")),
    "nobody is called": ([(0.0, *DOWN), (1.0,)], finding("left_alone", 1, 1.0, "no provider was called")),
    "left alone for what was raised": (
        [*[(float(n), "openai:http_400") for n in range(3)], (3.0, "anthropic")],
        finding("left_alone", 3, 3.0, "anthropic was called", "bad_request"),
    ),
    "lost on trial": (
        [*THREE, (65.0, "openai:http_400"), (66.0, "anthropic"), (130.0, "anthropic")],
        finding("left_alone", 5, 130.0, "anthropic was called", "bad_request"),
    ),
    "two readings, one after the other": (
        [(0.0, "openai:http_429", *DOWN), (1.0, *DOWN), (2.0, "anthropic"), (3.0, "openai")],
        finding("called_in_cooldown", 3, 3.0, "openai was called at 3.000 s"),
    ),
}  # fmt: skip

HOLDS = {
    "left alone and called again": [*THREE, (30.0, "anthropic"), (65.0, "openai")],
    "close to the end, called": [*THREE, (62.0, "openai")],
    "close to the end, left alone": [*THREE, (62.0, "anthropic")],
    "an answer in between": [*THREE[:2], (2.0, "openai"), (3.0, *DOWN), (4.0, "openai")],
    "starts anew": [*THREE, (65.0, *DOWN), (66.0, "openai")],
    "goes on": [*THREE, (65.0, *DOWN), (66.0, "anthropic"), (126.0, "openai")],
    "a fault that does not cool": [
        (0.0, *DOWN), (1.0, *DOWN), (2.0, "openai:http_500", "anthropic"), (3.0, *DOWN), (4.0, "openai"),
    ],
    "on trial, and once more": [*THREE, (65.0, "openai:http_400"), (66.0, "anthropic"), (130.0, "openai")],
    "on trial still": [*THREE, (65.0, "openai:http_400"), (66.0, *DOWN), (67.0, "anthropic"), (130.0, "openai")],
    "well on trial alone": [
        (0.0, *DOWN), (1.0, *DOWN), (2.0, "openai:http_400"), (3.0, *DOWN), (4.0, "anthropic"),
        (65.0, "openai:http_400"), (66.0, *DOWN), (67.0, "openai"),
    ],
    "well in a row alone": [
        *THREE[:2], (2.0, "openai:http_400"), (3.0, *DOWN), (4.0, *DOWN), (5.0, *DOWN), (6.0, "anthropic"),
        (70.0, "openai:http_400"), (71.0, "anthropic"), (135.0, *DOWN), (136.0, "anthropic"),
    ],
    "on trial, and well": [*THREE, (65.0, "openai:http_400"), (66.0, *DOWN), (67.0, *DOWN), (68.0, "openai")],
    "an order of its own": [(0.0, "gemini"), (1.0, "gemini")],
    "all in cooldown": [
        *[(float(n), *(f"{name}:http_429" for name in ("openai", "anthropic", "deepseek", "gemini"))) for n in range(3)],
        (3.0,),
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_findings(case):
    steps, expected = FINDINGS[case]
    assert KIND.check(DECLARED, *play(*steps)) == [expected]


@pytest.mark.parametrize("case", HOLDS)
def test_a_correct_handler_is_not_accused(case):
    assert KIND.check(DECLARED, *play(*HOLDS[case])) == []


def test_with_no_cooldown_nothing_holds_a_provider_back():
    expected = finding("left_alone", 1, 1.0, "anthropic was called")
    assert KIND.check(UNDECLARED, *play((0.0, *DOWN), (1.0, "anthropic"))) == [expected]
    assert KIND.check(UNDECLARED, *play(*THREE, (3.0, "openai"))) == []


def test_calls_side_by_side_only_teach():
    scenario, history = play(*THREE[:2], (2.0, *DOWN), (2.0, *DOWN), (3.0, "anthropic"))
    joined = (*scenario.calls[:3], BESIDE, *scenario.calls[4:])
    assert KIND.check(DECLARED, Scenario(joined), history) == []


# Labels


def test_labels():
    rests, rested = "openai was in cooldown at a call", "openai was called after its cooldown"
    again = "openai was called after it had failed"
    assert KIND.exercised(DECLARED, *play(*THREE)) == {again}
    assert KIND.exercised(DECLARED, *play(*THREE, (30.0, "anthropic"))) == {again, rests}
    assert KIND.exercised(DECLARED, *play(*THREE, (65.0, "openai"))) == {again, rested}
    assert KIND.exercised(DECLARED, *play((0.0, "openai"), (65.0, "openai"))) == frozenset()
    assert KIND.exercised(UNDECLARED, *play((0.0, *DOWN))) == frozenset()


REQUIRED = {"openai was called after it had failed"}


def test_required_labels():
    assert KIND.required(UNDECLARED) == REQUIRED
    assert KIND.required(DECLARED) == {
        "openai was in cooldown at a call",
        "openai was called after its cooldown",
    }


def test_what_cannot_be_judged_whole():
    alone = {"chain": ("openai",)}
    assert KIND.reservations(DECLARED) == ()
    assert KIND.reservations(declared(**alone)) == (
        "the policy does not say what happens when all providers are in cooldown",
    )
    assert KIND.reservations(declared(all_in="try", **alone)) == ()
    assert KIND.reservations(promise_of("cooldown", policy=alone)) == ()
    assert KIND.reservations(declared(faults=("quota",))) == (
        "none of the faults to play cools a provider down",
    )
    assert list(KIND.cells(declared(faults=("quota",), failures=("http_429",)), ("complete",))) == [
        Scenario(calls("complete", "complete")),
        sequence(0, 1, 2),
        *(sequence(0, 1, 2, fault=fault) for fault in RAISED),
    ]
    assert KIND.reservations(promise_of("cooldown", policy={"fallback": ()}, failures=None)) == ()
    silent = promise_of("cooldown", policy={"fallback": (), "raise_": ()}, failures=None)
    assert KIND.reservations(silent) == ("none of the faults to play cools a provider down",)


# What is played


def test_cells():
    promise = promise_of("cooldown", failures=("http_429",), calls=3)
    both = tuple(row for number in range(2) for row in down(number, "openai", "anthropic"))
    assert list(KIND.cells(promise, ("complete",))) == [
        Scenario(calls("complete", "complete")),
        sequence(0, 1, length=4),
        *(sequence(0, 1, fault=fault) for fault in RAISED),
        sequence(0, 2, length=4),
        Scenario(calls(*["complete"] * 3), both),
    ]
    assert list(KIND.examples(promise, ("complete",))) == []


def test_waits_are_around_the_end_of_a_cooldown():
    cells = KIND.cells(declared(seconds=10), ("complete",))
    assert {call.wait_s for cell in cells for call in cell.calls} == {0.0, 5.0, 7.5, 9.0, 11.0}


def test_the_sentence_for_the_document():
    assert KIND.describe(UNDECLARED) == (
        "makes sequences of calls with waits between them, rate_limit, server_error, timeout, unavailable, "
        "invalid_key, bad_request, content_policy at openai and anthropic, and compares them with a reference "
        "model (no cooldown)"
    )
    assert KIND.describe(DECLARED).endswith(
        "rate_limit, unavailable, invalid_key, bad_request, content_policy at openai and anthropic, and compares "
        "them with a reference model (60 s after 3 failures in a row)"
    )
