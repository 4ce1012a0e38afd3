"""Calls with much to say: messages, tools and parameters that every provider of a chain can be told.

All of them are in order as OpenAI, Anthropic, DeepSeek and Gemini document it, so that none may refuse one:
system prompts come first, every call of a tool has its result, a call's arguments are a JSON object, no
text is empty, begins or ends with white space, every part of a schema says its type, and JSON mode comes with
the word JSON and without tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from llminv.contract import Message
from llminv.kinds.laws.meaning import canonical
from llminv.scenario import Call
from llminv.simulation.dialects.neutral import chosen, function_tool, message, tool_call, tool_result
from llminv.simulation.dialects.values import Json, mapping, objects, text_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# What texts are made of: scripts, joiners, line ends of all kinds, and what looks like something else.
PIECES = (
    "Good day",
    "naïve café",
    "漢字かな交じり文",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽",
    "e\u0301 is not \u00e9",
    "one\u2028two\u2029three\u0085four",
    "tab\tand\r\nline",
    "right\u202eleft\u202c",
    '{"role": "system", "content": "no"}',
    "```json\n[1, 2.0, null]\n```",
    "<|endoftext|> </system> [INST]",
    "\\u0041 \\n \\\\ %s {0} ${x}",
    'it\'s "so" <b>&amp;</b>',
    "null",
)

TOOLS: tuple[Mapping[str, Json], ...] = (
    function_tool(
        "get_weather",
        "Says what the weather will be: “sunny” or not.",
        {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Its name, 東京 for Tokyo."},
                "days": {"type": "integer"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "days"],
        },
    ),
    function_tool(
        "find-places",
        "Finds places.",
        {
            "type": "object",
            "properties": {
                "tags": {"type": "array", "items": {"type": "string"}},
                "area": {"type": "object", "properties": {"radius": {"type": "number"}}},
            },
        },
    ),
    function_tool("ping", "Says whether it is there.", {"type": "object", "properties": {}}),
)
CHOICES: tuple[Json, ...] = (None, "auto", "none", "required", chosen("get_weather"))
PARAMS: Mapping[str, tuple[Json, ...]] = {
    "temperature": (0, 0.5, 1),
    "max_tokens": (1, 64, 1000),
    "stop": ("END", ["END"], ["\n\nHuman:", "停止"]),
}
JSON_OBJECT = {"response_format": {"type": "json_object"}}
ARGUMENTS: tuple[Json, ...] = (
    {},
    {"city": "東京", "days": 2},
    {"tags": ["a", "b"], "area": {"radius": 1.5}},
    {"x": [None, True]},
)
ROUNDS_MAX = 2
CALLS_MAX = 2


def _round(calls: tuple[tuple[str, Json, str], ...], first: int) -> list[Message]:
    """Return a turn that calls tools (name, arguments, result), and the results; `first` numbers the ids."""
    asked = [
        tool_call(name, json.dumps(arguments, ensure_ascii=False), call_id=f"call_{first + index}")
        for index, (name, arguments, _) in enumerate(calls)
    ]
    results = [tool_result(text, call_id=f"call_{first + index}") for index, (_, _, text) in enumerate(calls)]
    return [message("assistant", None, calls=asked), *results]


def cells(call: Call) -> Iterator[Call]:
    """Yield `call` with one thing to say at a time, then with many at once."""
    hostile = " ".join(PIECES)
    two_calls = (("get_weather", ARGUMENTS[1], hostile), ("find-places", ARGUMENTS[2], '{"found": [1, 2.5]}'))
    conversation = (
        message("system", "Be brief."),
        message("user", "Good day"),
        message("assistant", "naïve café"),
        message("user", "And now?"),
    )
    with_results = (
        message("system", "Be brief."),
        message("system", hostile),
        message("user", "What is the weather?"),
        *_round(two_calls, 0),
        *_round((("get_weather", ARGUMENTS[1], "null"),), len(two_calls)),
        message("assistant", "Sunny."),
        message("user", "Thank you"),
    )
    yield replace(call, messages=(message("user", hostile),))
    yield replace(call, messages=conversation)
    yield replace(call, messages=(*with_results[:5], with_results[5]), tools=TOOLS)
    yield replace(call, messages=with_results, tools=TOOLS)
    for choice in CHOICES:
        yield replace(call, tools=TOOLS, tool_choice=choice)
    for name, values in PARAMS.items():
        for value in values:
            yield replace(call, params={name: value})
    yield replace(call, messages=(message("user", "Answer in JSON."),), params=JSON_OBJECT)
    everything = {name: values[-1] for name, values in PARAMS.items()}
    yield replace(call, messages=with_results, tools=TOOLS, tool_choice="auto", params=everything)


def calls(call: Call) -> SearchStrategy[Call]:
    """Draw what `call` says."""
    from hypothesis import strategies as st

    text = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(" ".join)
    called = st.tuples(
        st.sampled_from(["get_weather", "find-places", "ping"]), st.sampled_from(ARGUMENTS), text
    )
    said = st.one_of(text, st.lists(called, min_size=1, max_size=CALLS_MAX).map(tuple))
    rounds = st.lists(st.tuples(text, said), max_size=ROUNDS_MAX)
    systems = st.lists(text.map(lambda words: message("system", words)), max_size=2)
    params = st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in PARAMS.items()}
    )
    tools = st.lists(st.sampled_from(TOOLS[1:]), unique_by=canonical).map(lambda more: (TOOLS[0], *more))

    def built(
        system: list[Message], spoken: list[tuple[str, str | tuple[tuple[str, Json, str], ...]]], last: str
    ) -> tuple[Message, ...]:
        messages = list(system)
        for asked, answer in spoken:
            messages.append(message("user", asked))
            if isinstance(answer, str):
                messages.append(message("assistant", answer))
            else:
                messages += _round(answer, len(messages))
        return (*messages, message("user", last))

    messages = st.builds(built, systems, rounds, text)
    plain = st.builds(lambda said, chosen: replace(call, messages=said, params=chosen), messages, params)
    with_tools = st.builds(
        lambda made, declared, choice: replace(made, tools=declared, tool_choice=choice),
        plain,
        tools,
        st.sampled_from(CHOICES),
    )
    with_json = st.builds(
        lambda words, chosen: replace(
            call, messages=(message("user", f"JSON: {words}"),), params={**chosen, **JSON_OBJECT}
        ),
        text,
        params,
    )
    without_calls = plain.filter(lambda made: not any("tool_calls" in one for one in made.messages))
    return st.one_of(without_calls, with_tools, with_json)


def in_order(call: Call) -> bool:
    """Return whether providers have to accept what the call says: see the head of this file."""
    waiting: set[str] = set()
    known: set[str] = set()
    for said in call.messages:
        called = [text_of(one.get("id")) for one in objects(said.get("tool_calls"))]
        if said.get("role") == "tool":
            if said.get("tool_call_id") not in waiting:
                return False
            waiting.remove(text_of(said.get("tool_call_id")))
        elif waiting or said.get("role") not in ("system", "user", "assistant"):
            return False
        if not (called or text_of(said.get("content")).strip()) or known & {*called}:
            return False
        if not all(map(_is_call, objects(said.get("tool_calls")))):
            return False
        waiting |= {*called}
        known |= {*called}
    last = call.messages[-1].get("role") if call.messages else None
    return not waiting and last in ("user", "tool") and _tools_in_order(call) and _params_in_order(call)


def _is_call(call: Mapping[str, Json]) -> bool:
    function = mapping(call.get("function"))
    try:
        arguments = json.loads(text_of(function.get("arguments")))
    except ValueError:
        return False
    whole = call.get("type") == "function" and call.get("id") and function.get("name")
    return bool(whole) and isinstance(arguments, dict)


def _tools_in_order(call: Call) -> bool:
    functions = [mapping(tool.get("function")) for tool in call.tools if tool.get("type") == "function"]
    names = [text_of(function.get("name")) for function in functions]
    schemas = [mapping(one.get("parameters")) for one in functions]
    whole = all(text_of(one.get("description")) for one in functions) and all(map(_is_whole, schemas))
    wanted = mapping(mapping(call.tool_choice).get("function")).get("name")
    known = call.tool_choice in (None, "auto", "none", "required") or wanted in names
    called = any(said.get("tool_calls") for said in call.messages)
    return (
        whole
        and known
        and all(names)
        and len({*names}) == len(names) == len(call.tools)
        and (bool(names) or not (called or call.tool_choice))
    )


def _is_whole(schema: Mapping[str, Json]) -> bool:
    """Return whether the parameters of a tool, and all that stands in them, say their types: Gemini wants it.

    https://ai.google.dev/api/caching#Schema; an object inside another one has properties there.
    """
    properties = [mapping(one) for one in mapping(schema.get("properties")).values()]
    inside = [*properties, *([mapping(schema["items"])] if "items" in schema else [])]
    return bool(schema.get("type")) and all(
        _is_whole(one) and (one.get("type") != "object" or one.get("properties")) for one in inside
    )


def _params_in_order(call: Call) -> bool:
    params = call.params
    stop = params.get("stop", "END")
    texts = stop if isinstance(stop, list) else [stop]
    asks_json = params.get("response_format") == JSON_OBJECT["response_format"]
    words = [text_of(said.get("content")) for said in call.messages]
    return (
        bool(texts)
        and all(text_of(text).strip() for text in texts)
        and params.keys() <= {*PARAMS, *JSON_OBJECT}
        and _within(params.get("max_tokens"), 1, float("inf"))
        and _within(params.get("temperature"), 0, 1)
        and ("response_format" not in params or asks_json)
        and not (asks_json and (call.tools or "JSON" not in "".join(words)))
    )


def _within(value: Json, low: float, high: float) -> bool:
    return value is None or (isinstance(value, int | float) and low <= value <= high)
