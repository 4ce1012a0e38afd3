"""The report of a run, stated whole, and what a terminal gets to see while it runs."""

import dataclasses
import io

import pytest
from rich.text import Text

from llminv.audit.events import (
    AuditFinished,
    AuditStarted,
    InvariantFinished,
    InvariantStarted,
    ScenarioPlayed,
)
from llminv.declaration.models import Accepted
from llminv.history import Replied
from llminv.reports.color import wants_color
from llminv.reports.formats import FORMATS
from llminv.reports.terminal import TerminalListener, terminal_width, write
from llminv.reports.terminal_report import render, render_history
from llminv.verdict import Status

REPORT = """\
app/handler.py:Handler offers acomplete

Invariant                      Verdict      Played  Finding or reason
keys-stay-with-their-provider  held            112
provider-fallback-chain        violated          6  A provider failed and the
                                                    next one was not tried.
answers-in-time                unknown           7  never exercised
streams-end                    not offered       0  the handler offers neither
                                                    stream nor astream

VIOLATED provider-fallback-chain: chain_stopped
A provider failed and the next one was not tried.

  0.000 s  caller > handler  acomplete "Say hello."
  0.002 s  handler > openai  attempt 1, model m-1
  0.004 s  openai > handler  429, http_429: Too many requests.
  0.004 s  handler > caller  raises RateLimitError: Error code: 429 - {'error':
                             {'message': 'Rate limit reached'}}

  Expected  anthropic is tried after openai failed with http_429
  Observed  RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit
            reached'}}

  Raised openai.RateLimitError
    app/handler.py:41 in acomplete
    app/handler.py:77 in _ask
    openai/_base_client.py:1669 in request
  after httpx.HTTPStatusError: Client error '429 Too Many Requests'

  Printed by the handler
    asking openai

  llminv replay provider-fallback-chain-chain-stopped-openai-rate-limit-af6715

UNKNOWN answers-in-time
never exercised
  Never seen:
    timeout fired at openai
    fell back to anthropic

Not offered: streams-end

4 invariants: 1 held, 1 violated, 1 unknown, 1 not offered. Seed 7.
"""


def with_result(audit, index, **fields):
    results = list(audit.results)
    results[index] = dataclasses.replace(results[index], **fields)
    return dataclasses.replace(audit, results=tuple(results))


def with_counterexample(audit, **fields):
    (found,) = audit.results[1].counterexamples
    return with_result(audit, 1, counterexamples=(dataclasses.replace(found, **fields),))


def test_the_report(audit, kinds):
    assert render(audit, kinds) == REPORT
    assert FORMATS["terminal"](audit, kinds, ()) == REPORT


def test_colours_change_nothing_else(audit, kinds):
    colored = render(audit, kinds, color=True)
    assert "\x1b[1;31mviolated" in colored
    assert "\x1b" not in REPORT
    plain = [line.rstrip() for line in Text.from_ansi(colored).plain.splitlines()]
    assert plain == REPORT.splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal_but_the_command(audit, kinds, width):
    lines = render(audit, kinds, width=width).splitlines()
    assert [line for line in lines if len(line) > width and "llminv replay" not in line] == []


@pytest.mark.parametrize("width", [40, 44, 60])
def test_a_verdict_is_read_whole_in_a_narrow_terminal(audit, kinds, width):
    table = render(audit, kinds, width=width).split("\n\n")[1]
    assert [word for word in ("held", "violated", "unknown", "not offered") if word not in table] == []
    ids = "".join(line.split("  ")[0] for line in table.splitlines())
    assert all(result.promise.invariant.id in ids for result in audit.results)


def test_held_alone(audit, kinds):
    held = dataclasses.replace(audit, results=audit.results[:1])
    assert (
        render(held, kinds)
        == """\
app/handler.py:Handler offers acomplete

Invariant                      Verdict  Played  Finding or reason
keys-stay-with-their-provider  held        112

1 invariant: 1 held, 0 violated, 0 unknown, 0 not offered. Seed 7.
"""
    )


def test_an_accepted_bug(audit, kinds, bug):
    invariant = audit.results[1].promise.invariant
    accepted = invariant.model_copy(update={"accepted": (Accepted(bug=bug.id, reason="until June"),)})
    promise = audit.results[1].promise.model_copy(update={"invariant": accepted})
    for text in (
        render(with_result(audit, 1, promise=promise), kinds),
        render(audit, kinds, [dataclasses.replace(bug, accepted="until June")]),
    ):
        assert "provider-fallback-chain        accepted          6  A provider failed" in text
        assert "  Accepted  until June\n" in text
        assert "4 invariants: 1 held, 1 violated (1 accepted), 1 unknown, 1 not offered. Seed 7.\n" in text
    assert "accepted" not in render(audit, kinds, [dataclasses.replace(bug, seed=9)])


def test_what_a_fresh_process_did_not_show_again(audit, kinds):
    text = render(with_counterexample(audit, replayed=False), kinds)
    assert "NOT CONFIRMED provider-fallback-chain: chain_stopped\n" in text
    assert "  It did not show again in a fresh process, so it is not recorded as a bug.\n" in text
    assert "llminv replay" not in text


def test_without_writing_there_is_nothing_to_replay(audit, kinds, bug):
    line = "  llminv run --handler app/handler.py:Handler --select provider-fallback-chain --seed 7\n"
    assert line in render(audit, kinds, writes=False)
    assert f"  llminv replay {bug.id}\n" in render(audit, kinds, [bug], writes=False)


def test_what_the_handler_printed_is_cut(audit, kinds, history):
    printed = "\n".join(f"line {i}" for i in range(30)) + "\n" + "x" * 3000
    text = render(with_counterexample(audit, history=dataclasses.replace(history, printed=printed)), kinds)
    assert "    line 19\n    … 11 lines more\n" in text
    assert "line 20" not in text
    history = dataclasses.replace(history, printed="x" * 3000)
    assert "… (2000 more)" in render(with_counterexample(audit, history=history), kinds, width=2000)


def test_nothing_printed_and_no_error(audit, kinds, history):
    quiet = dataclasses.replace(history, printed=" \n", events=(*history.events[:-1], Replied(1, 0)))
    text = render(with_counterexample(audit, history=quiet), kinds)
    assert "Printed" not in text
    assert "Raised" not in text


def test_text_of_users_is_only_text(audit, kinds, history, counterexample):
    nasty = "[red]x[/red] [/x] \x1b[31m :smile: \ud800 https://x"
    finding = dataclasses.replace(counterexample.finding, expected=nasty, observed=nasty)
    error = dataclasses.replace(history.events[-1].error, message=nasty, frames=(nasty,))
    events = (*history.events[:-1], dataclasses.replace(history.events[-1], error=error))
    broken = with_counterexample(
        audit, finding=finding, history=dataclasses.replace(history, printed=nasty, events=events)
    )
    text = render(broken, kinds, width=200)
    assert "  Expected  [red]x[/red] [/x] \\x1b[31m :smile: \\ud800 https://x\n" in text
    assert text.count("[red]x[/red] [/x] \\x1b[31m :smile: \\ud800") == 5
    text.encode()


def test_a_result_without_a_reason_or_a_known_code(audit, kinds, counterexample):
    finding = dataclasses.replace(counterexample.finding, code="new_code")
    assert "VIOLATED provider-fallback-chain: new_code\n" in render(
        with_counterexample(audit, finding=finding), kinds
    )


def test_a_long_reason_stands_once_in_full(audit, kinds):
    reason = "not deterministic: event 3: " + "word " * 60
    unknown = with_result(
        audit, 2, verdict=dataclasses.replace(audit.results[2].verdict, reason=reason), missing=()
    )
    text = " ".join(render(unknown, kinds).split())
    assert text.count("word") == 60 + 14
    assert "Never seen" not in text


def test_one_history(scenario, history):
    assert (
        render_history(scenario, history)
        == """\
  0.000 s  caller > handler  acomplete "Say hello."
  0.002 s  handler > openai  attempt 1, model m-1
  0.004 s  openai > handler  429, http_429: Too many requests.
  0.004 s  handler > caller  raises RateLimitError: Error code: 429 - {'error':
                             {'message': 'Rate limit reached'}}

  Raised openai.RateLimitError: Error code: 429 - {'error': {'message': 'Rate
  limit reached'}}
    app/handler.py:41 in acomplete
    app/handler.py:77 in _ask
    openai/_base_client.py:1669 in request
  after httpx.HTTPStatusError: Client error '429 Too Many Requests'

  Printed by the handler
    asking openai
"""
    )


@pytest.mark.parametrize(
    ("mode", "environ", "is_terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": ""}, False, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_on_colours(mode, environ, is_terminal, expected):
    assert wants_color(mode, Stream(is_terminal=is_terminal), environ) is expected


class Stream(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


def events(audit):
    result = audit.results[0]
    return [
        AuditStarted(audit.handler, audit.seed, 1),
        InvariantStarted(result.promise, 3),
        *(ScenarioPlayed(result.promise, phase) for phase in ("example", "cell", "shrink", "drawn")),
        InvariantFinished(result),
        AuditFinished(audit),
    ]


def shown(audit, kinds, *, out=False, err=False, **options):
    stdout, stderr = Stream(is_terminal=out), Stream(is_terminal=err)
    times = iter([10.0, 12.25])
    with TerminalListener(
        stdout, stderr, kinds, environ={}, clock=lambda: next(times), **options
    ) as listener:
        for event in events(audit):
            listener(event)
    return stdout.getvalue(), stderr.getvalue()


def test_without_a_terminal_there_is_the_report_and_nothing_else(audit, kinds):
    assert shown(audit, kinds) == (REPORT, "")


def test_a_terminal_shows_progress_and_takes_it_away(audit, kinds):
    stdout, stderr = shown(audit, kinds, err=True)
    assert stdout == REPORT
    assert "keys-stay-with-their-provider" in stderr
    assert "0/3" in stderr
    assert stderr.endswith("Finished in 2.2 s.\n")


def test_colours_go_where_they_are_wanted(audit, kinds):
    stdout, stderr = shown(audit, kinds, color="always")
    assert (stdout, stderr) == (render(audit, kinds, color=True), "")
    assert "\x1b[31m" not in shown(audit, kinds, out=True, err=True, color="never")[0]


def test_an_interrupted_run_leaves_the_terminal_as_it_was(audit, kinds):
    stdout, stderr = Stream(is_terminal=True), Stream(is_terminal=True)
    with (
        pytest.raises(KeyboardInterrupt),
        TerminalListener(stdout, stderr, kinds, environ={}) as listener,
    ):
        listener(events(audit)[0])
        listener(events(audit)[1])
        raise KeyboardInterrupt
    assert stdout.getvalue() == ""
    assert "\x1b[?25h" in stderr.getvalue(), "the cursor is visible again"


def test_a_stream_that_knows_ascii_only():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write(stream, "a … ü\n")
    assert raw.getvalue() == b"a \\u2026 \\xfc\n"


def test_the_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    assert terminal_width(Stream(is_terminal=True)) == 120
    assert terminal_width(Stream(is_terminal=False)) == 80


def test_every_verdict_has_a_style():
    from llminv.reports.terminal_report import STYLES

    assert set(STYLES) == set(Status)


def test_what_was_refused_and_what_cannot_be_seen(audit, kinds):
    held = dataclasses.replace(audit.results[0], refused=("telemetry.example.com:443", "10.0.0.1:80"))
    handler = dataclasses.replace(audit.handler, unseen=("grpc", "uvloop"))
    quiet = dataclasses.replace(audit, results=audit.results[:1])
    loud = dataclasses.replace(quiet, handler=handler, results=(held,))
    before, _, closing = render(quiet, kinds).rpartition("\n\n")
    assert render(loud, kinds) == (
        f"{before}\n"
        "\n"
        "Refused, for no provider is there: 10.0.0.1:80, telemetry.example.com:443\n"
        "\n"
        "Imported, and beyond what the simulation can see: grpc, uvloop. What it sends is\n"
        "not audited; use the loopback transport for it (llminv run --transport\n"
        "loopback).\n"
        "\n"
        f"{closing}"
    )


def test_what_was_never_exercised_shows_the_first_scenario(audit, kinds, scenario, history):
    unknown = next(result for result in audit.results if result.missing)
    alone = dataclasses.replace(audit, results=(dataclasses.replace(unknown, first=(scenario, history)),))
    assert f"The first scenario, for a start:\n\n{render_history(scenario, history)}" in render(alone, kinds)
