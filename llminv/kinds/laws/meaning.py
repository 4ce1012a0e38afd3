"""Whether a request, parsed back into the neutral form, means what the caller said.

Both sides are brought into one form, in which differences without a meaning are gone:
- system prompts may stand in their place or, as Anthropic and Gemini have it, before everything else;
- messages in a row of the same role are one turn, as Anthropic joins them by itself, with any white space
  between their texts; what is empty is nothing;
- tool calls and their results are told apart by the order of the calls, not by their ids: Gemini has none,
  and others restrict them; arguments are compared as JSON values, not as text;
- a tool result may be any object that holds it, where the format takes no text (Gemini's functionResponse);
- of a schema counts what it says: an object without properties is an object.

What a format cannot say may be left out: see `limits`. JSON mode may be put into words, before the messages
or behind them, because OpenAI demands the word and others have no other way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llminv.contract import Message, Request
from llminv.kinds.laws.limits import JSON_MODE, says, takes
from llminv.simulation.dialects.interface import ParsedRequest
from llminv.simulation.dialects.neutral import joined
from llminv.simulation.dialects.values import Json, mapping, objects, strings, text_of

SHOWN_MAX = 160
_SYSTEM_ROLES = frozenset({"system", "developer"})


@dataclass(frozen=True)
class Difference:
    """What was changed: a finding code, and both sides in words."""

    code: str
    expected: str
    observed: str


@dataclass(frozen=True)
class Turn:
    """What one side says before the other speaks: texts, calls of tools, and results of tools.

    A call is its name and its arguments as canonical JSON; a result is the number of its call and the text.
    """

    role: str
    texts: tuple[str, ...] = ()
    calls: tuple[tuple[str, str], ...] = ()
    results: tuple[tuple[int, str], ...] = ()


def differences(request: Request, parsed: ParsedRequest, dialect: str, model: str) -> Iterator[Difference]:
    """Yield how `parsed`, which a provider got in `dialect`, differs from `request` in its meaning."""
    if parsed.problem is not None:
        yield Difference("messages_changed", "the request can be read", parsed.problem)
        return
    wants_json = mapping(request.params.get("response_format")).get("type") == "json_object"
    in_words = wants_json and not says(dialect, model, JSON_MODE)
    expected, observed = _turns(request.messages), _turns(parsed.messages)
    if in_words and observed and observed[-1].role == "assistant" != expected[-1].role:
        observed = observed[:-1]  # the beginning of an answer put into the model's mouth
    if not any(_same(form, observed, dialect, free=wants_json) for form in (expected, _hoisted(expected))):
        yield Difference("messages_changed", *_parted(expected, observed, dialect, free=wants_json))
    if not (in_words and not request.tools):
        yield from _tools(request, parsed)
    yield from _params(request, parsed, dialect, model)


# Messages


class _Calls:
    """The calls of tools, numbered in their order, as far as they wait for their result."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: dict[int, tuple[Json, Json]] = {}

    def add(self, call: Mapping[str, Json]) -> tuple[str, str]:
        """Number one more call; return its name and its arguments."""
        function = mapping(call.get("function"))
        self._waiting[self._count] = (call.get("id"), function.get("name"))
        self._count += 1
        return text_of(function.get("name")), _arguments(function.get("arguments"))

    def number(self, result: Message) -> int:
        """Return which call the result is of: by its id, or by its name where one has no id; -1 for none."""
        wanted, named = result.get("tool_call_id"), result.get("name")
        for number, (call_id, name) in self._waiting.items():
            if wanted == call_id if None not in (wanted, call_id) else named == name:
                del self._waiting[number]
                return number
        return -1


def _turns(messages: Sequence[Message]) -> list[Turn]:
    turns: list[Turn] = []
    calls = _Calls()
    for message in messages:
        role = "system" if message.get("role") in _SYSTEM_ROLES else text_of(message.get("role"))
        if role == "tool":
            turn = Turn(role, results=((calls.number(message), _text(message)),))
        else:
            called = tuple(map(calls.add, objects(message.get("tool_calls"))))
            turn = Turn(role, tuple(filter(None, [_text(message).strip()])), called)
        if turn == Turn(role):
            continue
        if turns and turns[-1].role == role:
            turn = _together(turns.pop(), turn)
        turns.append(turn)
    return turns


def _text(message: Message) -> str:
    content = joined(message.get("content"))
    return content if isinstance(content, str) else "" if content is None else canonical(content)


def _arguments(text: Json) -> str:
    try:
        return canonical(json.loads(text_of(text) or "{}"))
    except ValueError:
        return text_of(text)


def _together(one: Turn, other: Turn) -> Turn:
    results = tuple(sorted((*one.results, *other.results)))
    return Turn(one.role, one.texts + other.texts, one.calls + other.calls, results)


def _hoisted(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns with all system prompts at the beginning."""
    moved: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: turn.role != "system"):
        moved.append(_together(moved.pop(), turn) if moved and moved[-1].role == turn.role else turn)
    return moved


def _same(expected: Sequence[Turn], observed: Sequence[Turn], dialect: str, *, free: bool) -> bool:
    if free and observed and observed[0].role == "system" and [t.role for t in expected[:1]] != ["system"]:
        observed = observed[1:]
    return len(expected) == len(observed) and all(
        _same_turn(*pair, dialect, free=free) for pair in zip(expected, observed, strict=True)
    )


def _same_turn(expected: Turn, observed: Turn, dialect: str, *, free: bool) -> bool:
    """Compare two turns; with `free`, words may have been added to a text of the caller's side."""
    between = r"\s*"
    around = "(?s:.*)" if free and expected.role in ("system", "user") else between
    pattern = around + (around if free else between).join(map(re.escape, expected.texts)) + around
    return (
        expected.role == observed.role
        and re.fullmatch(pattern, "".join(observed.texts)) is not None
        and expected.calls == observed.calls
        and [number for number, _ in expected.results] == [number for number, _ in observed.results]
        and all(
            _same_result(said, got, dialect)
            for (_, said), (_, got) in zip(expected.results, observed.results, strict=True)
        )
    )


def _same_result(said: str, got: str, dialect: str) -> bool:
    if said.strip() == got.strip():
        return True
    if dialect != "gemini":
        return False
    held = _value(got)
    values = [held, *held.values()] if isinstance(held, dict) and len(held) == 1 else [held]
    meant = canonical(_value(said))
    return any(value == said or canonical(value) == meant for value in values)


def _value(text: str) -> Json:
    """Return the JSON value that `text` is, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _parted(
    expected: Sequence[Turn], observed: Sequence[Turn], dialect: str, *, free: bool
) -> tuple[str, str]:
    """Return both sides from where they part."""
    forms = [expected, _hoisted(expected)]
    nearest = min(forms, key=lambda form: len(form) != len(observed))
    for wanted, got in zip(nearest, observed, strict=False):
        if not _same_turn(wanted, got, dialect, free=free):
            return _told(wanted), _told(got)
    longer = max(nearest, observed, key=len)
    extra = _told(longer[min(len(nearest), len(observed))])
    return (extra, "nothing of it") if longer is nearest else ("nothing more", extra)


def _told(turn: Turn) -> str:
    parts = [*map(repr, turn.texts)]
    parts += [f"{name}({arguments})" for name, arguments in turn.calls]
    parts += [f"the result of call {number}: {text!r}" for number, text in turn.results]
    return f"{turn.role}: {_short(', '.join(parts))}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


# Tools


def _tools(request: Request, parsed: ParsedRequest) -> Iterator[Difference]:
    expected, observed = _declared(request.tools), _declared(parsed.tools)
    choice = _choice(request.tool_choice, expected)
    unused = choice == "none" and not observed  # tools that must not be called need not be told
    if expected != observed and not unused:
        for name in sorted(expected.keys() | observed.keys()):
            if expected.get(name) != observed.get(name):
                sides = (_short(side.get(name, "no such tool")) for side in (expected, observed))
                yield Difference("tools_changed", *(f"the tool {name}: {side}" for side in sides))
                return
    got = _choice(parsed.tool_choice, observed)
    if got != choice and not (unused and got == "auto"):
        yield Difference("tools_changed", f"the tool choice {choice}", f"the tool choice {got}")


def _declared(tools: Sequence[Mapping[str, Json]]) -> dict[str, str]:
    """Return what each tool says, by its name, as canonical JSON."""
    declared = {}
    for tool in tools:
        function = mapping(tool.get("function"))
        said = {"description": function.get("description") or "", "parameters": _schema(function)}
        declared[text_of(function.get("name")) or canonical(tool)] = canonical(said)
    return declared


def _schema(function: Mapping[str, Json]) -> Json:
    return {"type": "object", **mapping(_plain(function.get("parameters")))}


def _plain(schema: Json) -> Json:
    """Return a schema without what is empty, and with the names of what is required in one order."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(item) for key, item in schema.items() if item not in (None, [], {})}
    if isinstance(plain.get("required"), list):
        plain["required"] = sorted(plain["required"], key=str)
    return {key: item for key, item in plain.items() if key != "propertyOrdering"}


def _choice(choice: Json, tools: Mapping[str, str]) -> str:
    """Return the tool choice in a word: that of a tool, or auto, none, required."""
    if not tools:
        return "auto"
    if isinstance(choice, str):
        return f"of {next(iter(tools))}" if choice == "required" and len(tools) == 1 else choice
    said = mapping(choice)
    if said.get("type") == "allowed_tools":
        allowed = mapping(said.get("allowed_tools"))
        names = {mapping(tool.get("function")).get("name") for tool in objects(allowed.get("tools"))}
        return _choice(allowed.get("mode"), tools) if names == tools.keys() else canonical(choice)
    name = mapping(said.get("function")).get("name")
    return "auto" if choice is None else f"of {name}" if name else canonical(choice)


# Parameters


def _params(request: Request, parsed: ParsedRequest, dialect: str, model: str) -> Iterator[Difference]:
    for name, value in request.params.items():
        wanted, got = _param(value, name), _param(parsed.params.get(name), name)
        left_out = got == "null" and not takes(dialect, model, name, value)
        if wanted != got and not left_out:
            yield Difference("params_changed", f"{name} {wanted}", f"{name} {got}")


def _param(value: Json, name: str) -> str:
    if name == "stop" and value is not None:
        return canonical(sorted(strings(value)))
    return canonical(value)


def canonical(value: Json) -> str:
    """Return JSON text that is equal for values of equal meaning: 1 and 1.0, keys in any order."""
    return json.dumps(_numbers(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _numbers(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_numbers(item) for item in value]
    return {key: _numbers(item) for key, item in value.items()} if isinstance(value, Mapping) else value
