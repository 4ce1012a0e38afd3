"""attribution: the reply says who served it, and what that used.

Every provider answers, and also fails, with usage figures of its own. Of a stream the last word on each
field counts: a chunk may report a part of it. A field that the handler does not report is never a finding; it
is missing from the labels, and the verdict is unknown.

The served model is the one that the provider's answer names, or the one that was asked for: OpenAI answers
to an alias in the name of a dated snapshot (https://platform.openai.com/docs/models), and either tells who
served. A name qualified with a path or a provider (models/gemini-2.5-flash, openai:gpt-4o) names the same
model. Usage is read as `contract.Usage` says: input contains what
was cached, output what was reasoned. A bucket in which a provider says nothing may be reported as 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from llminv.contract import Chunk, Reply, Usage
from llminv.history import Attempt, ChunkReceived, History, Replied
from llminv.kinds.interface import Kind, Operations
from llminv.kinds.laws import routing
from llminv.kinds.laws.reaching import on_the_way
from llminv.kinds.laws.routing import Route, RoutingInvariant
from llminv.kinds.laws.ways import wrong_buckets
from llminv.scenario import Act, Call, Said, Scenario, Script, default_text
from llminv.verdict import Finding

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from llminv.declaration.promise import Promise

CODES = {
    "wrong_provider": "The reply names a provider that did not serve it.",
    "wrong_model": "The reply names another model than the one that was asked and the provider's answer.",
    "wrong_usage": "The reply reports another usage than the provider that served it.",
    **routing.STOPPED_CODES,
}

# The formats that report what was written to a cache.
_REPORTS_WRITES = frozenset({"anthropic-messages"})
_BUCKETS = tuple(field.name for field in fields(Usage))
TOKENS_MAX = 500
# What stands behind an alias in the name of the snapshot that serves it.
SNAPSHOT = "-2026-01-31"


class Attribution(RoutingInvariant):
    """The YAML fields."""


# What is played


def _usage(promise: Promise, provider: str, tokens: int) -> Usage:
    """Return a usage of `provider` with about `tokens` in each bucket, as far as its format has them."""
    writes = tokens + 1 if promise.providers[provider].dialect in _REPORTS_WRITES else None
    return Usage(
        input_tokens=4 * tokens + 7,
        output_tokens=2 * tokens + 5,
        cached_input_tokens=tokens + 2,
        cache_write_tokens=writes,
        reasoning_tokens=tokens + 3,
    )


def _saying(promise: Promise, scenario: Scenario, tokens: dict[str, int], dated: str | None) -> Scenario:
    """Return the scenario in which each provider of `tokens` reports a usage with every act.

    The provider `dated` answers in the name of a snapshot of the model that was asked.
    """
    rows = []
    for provider, number in tokens.items():
        model = f"{promise.providers[provider].model}{SNAPSHOT}" if provider == dated else None
        said = Said(usage=_usage(promise, provider, number), model=model)
        row = scenario.script(0, provider)
        attempts = tuple(replace(act, said=said) for act in row.attempts)
        rows.append(Script(0, provider, attempts, replace(row.then, said=said)))
    return replace(scenario, acts=tuple(rows))


def _cells(promise: Promise, operations: Operations) -> Iterator[Scenario]:
    reached = routing.reached_of(promise)
    tokens = {provider: 10 * (n + 1) for n, provider in enumerate(reached)}
    for scenario in routing.prefixes_down(promise, operations):
        yield _saying(promise, scenario, tokens, dated=None)
    for operation in operations:
        call = Call(operation, start=routing.start_of(promise))
        for provider in reached:
            yield _saying(promise, Scenario((call,), on_the_way(promise, provider)), tokens, dated=provider)


def _strategy(promise: Promise, operations: Operations) -> SearchStrategy[Scenario]:
    from hypothesis import strategies as st

    number = st.integers(0, TOKENS_MAX)
    tokens = st.fixed_dictionaries(dict.fromkeys(routing.reached_of(promise), number))
    scenarios = routing.scripts(promise, operations, failures_max=1)
    return st.builds(
        lambda scenario, drawn, dated: _saying(promise, scenario, drawn, dated),
        scenarios,
        tokens,
        st.sampled_from((None, *routing.reached_of(promise))),
    )


# What was reported


@dataclass(frozen=True)
class _Reported:
    """What the caller was told, all chunks of a stream together; `at_s` is when the call ended."""

    provider: str | None
    model: str | None
    usage: dict[str, int]
    at_s: float


def _reported(history: History, call: int) -> _Reported | None:
    outcome = history.outcome(call)
    if not isinstance(outcome, Replied):
        return None
    chunks = [event.chunk for event in history.of(ChunkReceived) if event.call == call]
    said: list[Reply | Chunk] = chunks if outcome.reply is None else [outcome.reply]
    told: dict[str, str] = {}
    usage: dict[str, int] = {}
    for part in said:
        told |= {name: word for name in ("provider", "model") if (word := getattr(part, name)) is not None}
        usage |= {name: count for name in _BUCKETS if (count := getattr(part.usage, name, None)) is not None}
    return _Reported(told.get("provider"), told.get("model"), usage, outcome.at_s)


def _served(route: Route, history: History, call: int) -> Attempt | None:
    """Return the attempt whose answer the caller got, None where that is not plain."""
    answered = [attempt for attempt in route.attempts if routing.answers(attempt) and attempt.status == 200]
    got = routing.text_got(history, call)
    if len(answered) > 1:
        answered = [attempt for attempt in answered if default_text(attempt.provider, call) in got]
    return answered[0] if len(answered) == 1 else None


def _models(promise: Promise, act: Act, served: Attempt) -> tuple[str, ...]:
    """Return the names of the model that served: the one that was asked, and the one that the answer has."""
    asked = served.request.model if served.request is not None else None
    said = act.said.model if act.said is not None else None
    return tuple(filter(None, (said, asked or promise.providers[served.provider].model)))


def _act(scenario: Scenario, served: Attempt) -> Act:
    return scenario.script(served.call, served.provider).act(served.attempt)


def _required(promise: Promise) -> frozenset[str]:
    return frozenset(
        f"{field} reported when {provider} served"
        for provider in routing.reached_of(promise)
        for field in ("provider", "model", "input_tokens", "output_tokens")
    )


def _exercised(promise: Promise, scenario: Scenario, history: History) -> frozenset[str]:
    labels: set[str] = set()
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        served, reported = _served(route, history, call), _reported(history, call)
        if served is not None and reported is not None:
            told = {"provider": reported.provider, "model": reported.model, **reported.usage}
            names = [name for name, value in told.items() if value is not None]
            labels |= {f"{name} reported when {served.provider} served" for name in names}
    return frozenset(labels)


# Whether it is right


def _check(promise: Promise, scenario: Scenario, history: History) -> list[Finding]:
    findings: list[Finding] = []
    for call in range(len(scenario.calls)):
        route = routing.route_of(promise, scenario, history, call)
        served, reported = _served(route, history, call), _reported(history, call)
        if served is not None and reported is not None and served.provider in promise.providers:
            findings += _judge(promise, _act(scenario, served), served, reported)
        findings += routing.stopped(route, call)
    return findings


def _judge(promise: Promise, act: Act, served: Attempt, reported: _Reported) -> Iterator[Finding]:
    provider, models = served.provider, _models(promise, act, served)
    found = []
    if reported.provider is not None and reported.provider.strip().casefold() != provider.casefold():
        told = f"the reply names {reported.provider!r}"
        found.append(("wrong_provider", f"the reply names {provider!r}, which served it", told))
    if reported.model is not None and not any(_names(reported.model, model) for model in models):
        expected = f"the reply names {models[0]!r}, as the answer of {provider} does"
        expected += "".join(f", or {asked!r}, which was asked" for asked in models[1:])
        found.append(("wrong_model", expected, f"the reply names {reported.model!r}"))
    wrong = _wrong_buckets(act, reported.usage)
    if wrong:
        billed = ", ".join(f"{name} {count}" for name, (count, _) in wrong.items())
        told = ", ".join(f"{name} {count}" for name, (_, count) in wrong.items())
        found.append(("wrong_usage", f"{provider} reported {billed}", f"the reply reports {told}"))
    for code, expected, observed in found:
        yield Finding(code, expected, observed, served.call, provider, None, reported.at_s)


def _names(reported: str, model: str) -> bool:
    """Return whether a name, qualified or not, is that of the model."""
    return reported == model or reported.endswith((f"/{model}", f":{model}"))


def _wrong_buckets(act: Act, reported: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Return the buckets that are wrong: what the provider said, and what the handler reports.

    Only what a scenario has a provider say is judged, of an act without a fault: some change the figures.
    """
    usage = act.said.usage if act.said is not None else None
    return {} if act.fault is not None or usage is None else wrong_buckets(usage, Usage(**reported))


def _describe(promise: Promise) -> str:
    chain, classes = ", ".join(routing.reached_of(promise)), ", ".join(routing.classes_of(promise))
    return (
        f"lets each of {chain} answer with a usage of its own, also in the name of a dated snapshot of its "
        f"model, after {classes} at those before it, and compares what the reply reports with that answer"
    )


KIND = Kind(
    name="attribution",
    summary="The reply names the provider and the model that served it, and reports what that one used.",
    model=Attribution,
    operations=(*routing.COMPLETE, *routing.STREAM),
    faults=routing.faults_of,
    codes=CODES,
    cells=_cells,
    strategy=_strategy,
    required=_required,
    exercised=_exercised,
    check=_check,
    describe=_describe,
)
