"""request_fidelity against requests written by hand: what keeps the meaning in each format, and what does not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from playing import Playing
from routes import CHAIN, answers, down, history, promise_of
from whole_router import Anthropic, Chat, DeepSeek, Gemini

from llminv.handler.calling import request_of
from llminv.history import CallStarted, History, Replied, RequestReceived, Stopped
from llminv.kinds import KINDS
from llminv.kinds.laws.conversations import CHOICES, JSON_OBJECT, TOOLS, calls, cells, in_order
from llminv.kinds.laws.limits import paths, routes, takes
from llminv.scenario import Call, Scenario
from llminv.simulation.dialects.neutral import function_tool, message, tool_call, tool_result
from llminv.verdict import Finding

KIND = KINDS["request_fidelity"]
ROUTERS = Path(__file__).with_name("content_routers.py")
PROMISE = promise_of("request_fidelity")
FORMATS = {made.name: made for made in (Chat, Anthropic, DeepSeek, Gemini)}
MARK = "(llminv-call-0)"

SAID = Call(
    "complete",
    messages=(
        message("system", "Be brief."),
        message("system", "Be kind."),
        message("user", "Weather?"),
        message(
            "assistant",
            None,
            calls=[
                tool_call("get_weather", '{"city": "東京", "days": 2}', call_id="call_0"),
                tool_call("ping", "{}", call_id="call_1"),
            ],
        ),
        tool_result('{"sky": 1.0}', call_id="call_0"),
        tool_result("here", call_id="call_1"),
        message("assistant", "Sunny."),
        message("user", "Really?"),
        message("user", "And now?"),
    ),
    tools=TOOLS,
    tool_choice="auto",
    params={"temperature": 0.5, "max_tokens": 64, "stop": ["END", "停止"]},
)
PLAIN = Call("complete")
ASKS_JSON = Call("complete", messages=(message("user", "In JSON."),), params=JSON_OBJECT)


def received(provider, call=PLAIN, change=lambda body: body, *, url=None, headers=None, fault=None):
    """The history in which `provider` gets `call` in its format, as `change` leaves the body."""
    made = FORMATS[provider]()
    changed = change(made.body(request_of(0, call), False))
    request = RequestReceived(
        *(0.0, 0, provider, -1 if fault else 0, "POST", url or f"https://{made.host}{made.url(False)}"),
        headers=tuple((headers or made.headers("key")).items()),
        body=json.dumps(changed, ensure_ascii=False),
        fault=fault,
    )
    return History((CallStarted(0.0, 0, call.operation), request, Replied(1.0, 0)), 1.0)


def findings(happened, call=PLAIN, promise=PROMISE):
    return KIND.check(promise, Scenario((call,)), happened)


def put(**fields):
    return lambda body: {**body, **fields}


def without(*names):
    return lambda body: {name: item for name, item in body.items() if name not in names}


def messages(change):
    return lambda body: {**body, "messages": change(body["messages"])}


def contents(change):
    return lambda body: {**body, "contents": change(body["contents"])}


def text(*words):
    return [{"type": "text", "text": word} for word in words]


# Said in another way, with the same meaning: provider, call, and how the body differs.
SAME = {
    "prompts in blocks": ("anthropic", SAID, put(system=text("Be brief.", "Be kind."))),
    "prompts before everything": (
        "openai",
        SAID,
        messages(lambda said: sorted(said, key=lambda m: m["role"] != "system")),
    ),
    "prompts in one": (
        "openai",
        SAID,
        messages(lambda said: [message("developer", "Be brief.\n\nBe kind."), *said[2:]]),
    ),
    "text in parts": ("openai", PLAIN, messages(lambda said: [message("user", text(said[0]["content"]))])),
    "two messages of the user in one": (
        "deepseek",
        SAID,
        messages(lambda said: [*said[:-2], message("user", f"Really?\n\nAnd now? {MARK}")]),
    ),
    "results in one message": (
        "anthropic",
        SAID,
        messages(
            lambda said: [
                *said[:2],
                said[2] | {"content": said[2]["content"] + said[3]["content"]},
                *said[4:],
            ]
        ),
    ),
    "results in another order": (
        "openai",
        SAID,
        messages(lambda said: [*said[:4], said[5], said[4], *said[6:]]),
    ),
    "a result as the object it is": (
        "gemini",
        SAID,
        contents(
            lambda said: [
                *said[:2],
                {
                    "role": "user",
                    "parts": [{"functionResponse": {"name": "get_weather", "response": {"sky": 1}}}],
                },
                *said[3:],
            ]
        ),
    ),
    "no arguments": (
        "openai",
        SAID,
        lambda body: json.loads(json.dumps(body).replace('"arguments": "{}"', '"arguments": ""')),
    ),
    "the new name of a limit": (
        "openai",
        SAID,
        lambda body: without("max_tokens")({**body, "max_completion_tokens": 64}),
    ),
    "one stop alone": ("openai", replace(PLAIN, params={"stop": ["END"]}), put(stop="END")),
    "no temperature where it is refused": ("anthropic", SAID, without("temperature")),
    "the choice that goes without saying": ("anthropic", SAID, without("tool_choice")),
    "a limit where one has to be": ("anthropic", PLAIN, put(max_tokens=4096)),
    "must call, with one tool": (
        "gemini",
        replace(PLAIN, tools=TOOLS[:1], tool_choice="required"),
        put(toolConfig={"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}}),
    ),
    "must call one of all": (
        "gemini",
        replace(PLAIN, tools=TOOLS[:2], tool_choice="required"),
        put(
            toolConfig={
                "functionCallingConfig": {
                    "mode": "ANY",
                    "allowedFunctionNames": ["get_weather", "find-places"],
                }
            }
        ),
    ),
    "tools that must not be called are left out": (
        "anthropic",
        replace(PLAIN, tools=TOOLS, tool_choice="none"),
        without("tools", "tool_choice"),
    ),
    "a tool without properties": (
        "anthropic",
        replace(PLAIN, tools=TOOLS[2:]),
        put(
            tools=[
                {
                    "name": "ping",
                    "description": "Says whether it is there.",
                    "input_schema": {"type": "object"},
                }
            ]
        ),
    ),
    "types in Gemini's spelling": (
        "gemini",
        replace(PLAIN, tools=TOOLS[2:]),
        put(
            tools=[
                {
                    "function_declarations": [
                        {
                            "name": "ping",
                            "description": "Says whether it is there.",
                            "parameters": {"type": "OBJECT"},
                        }
                    ]
                }
            ]
        ),
    ),
    "JSON mode in words before": ("anthropic", ASKS_JSON, put(system="Answer with a JSON object.")),
    "JSON mode in words behind": (
        "openai",
        ASKS_JSON,
        messages(lambda said: [message("user", f"{said[0]['content']} Nothing but JSON.")]),
    ),
    "JSON mode as the beginning of an answer": (
        "anthropic",
        ASKS_JSON,
        messages(lambda said: [*said, message("assistant", "{")]),
    ),
    "JSON mode as a tool": (
        "anthropic",
        ASKS_JSON,
        put(tools=[{"name": "answer", "input_schema": {}}], tool_choice={"type": "tool", "name": "answer"}),
    ),
}

# What was changed: provider, call, how the body differs, and the finding: code, expected, observed.
CHANGED = {
    "the prompt is gone": (
        *("anthropic", SAID, without("system")),
        ("messages_changed", "system: 'Be brief.', 'Be kind.'", "user: 'Weather?'"),
    ),
    "a prompt is gone": (
        *("anthropic", SAID, put(system="Be brief.")),
        ("messages_changed", "system: 'Be brief.', 'Be kind.'", "system: 'Be brief.'"),
    ),
    "the prompt is the user's": (
        *("openai", SAID, messages(lambda said: [*said[:1], message("user", "Be kind."), *said[2:]])),
        ("messages_changed", "system: 'Be brief.', 'Be kind.'", "system: 'Be brief.'"),
    ),
    "the prompt comes last": (
        *("openai", SAID, messages(lambda said: [*said[2:], *said[:2]])),
        ("messages_changed", "system: 'Be brief.', 'Be kind.'", "user: 'Weather?'"),
    ),
    "a failure is part of the talk": (
        *("deepseek", PLAIN, messages(lambda said: [*said, message("assistant", "429")])),
        ("messages_changed", "nothing more", "assistant: '429'"),
    ),
    "the last words are gone": (
        *("deepseek", SAID, messages(lambda said: said[:-2])),
        ("messages_changed", f"user: 'Really?', 'And now? {MARK}'", "nothing of it"),
    ),
    "letters are gone": (
        *("openai", replace(PLAIN, messages=(message("user", "a\u2028b"),)), messages(lambda said: [message("user", f"a b {MARK}")])),
        ("messages_changed", "user: " + repr(f"a\u2028b {MARK}"), f"user: 'a b {MARK}'"),
    ),
    "results are mixed up": (
        *("openai", SAID, lambda body: json.loads(json.dumps(body).replace('"tool_call_id": "call_0"', '"tool_call_id": "call_1"', 1))),
        (
            "messages_changed",
            "tool: the result of call 0: '{\"sky\": 1.0}', the result of call 1: 'here'",
            "tool: the result of call -1: 'here', the result of call 1: '{\"sky\": 1.0}'",
        ),
    ),
    "arguments are changed": (
        *("anthropic", SAID, lambda body: json.loads(json.dumps(body).replace('"days": 2', '"days": 3'))),
        (
            "messages_changed",
            'assistant: get_weather({"city":"東京","days":2}), ping({})',
            'assistant: get_weather({"city":"東京","days":3}), ping({})',
        ),
    ),
    "no JSON": (
        *("openai", PLAIN, lambda _: "text"),
        ("messages_changed", "the request can be read", "the body is not a JSON object"),
    ),
    "a tool is gone": (
        *("anthropic", replace(PLAIN, tools=TOOLS[1:]), lambda body: {**body, "tools": body["tools"][:1]}),
        (
            "tools_changed",
            'the tool ping: {"description":"Says whether it is there.","parameters":{"type":"object"}}',
            "the tool ping: no such tool",
        ),
    ),
    "must is may": (
        *("anthropic", replace(PLAIN, tools=TOOLS, tool_choice="required"), put(tool_choice={"type": "auto"})),
        ("tools_changed", "the tool choice required", "the tool choice auto"),
    ),
    "another tool is chosen": (
        *("openai", replace(PLAIN, tools=TOOLS, tool_choice=CHOICES[-1]), put(tool_choice="required")),
        ("tools_changed", "the tool choice of get_weather", "the tool choice required"),
    ),
    "zero is nothing": (
        *("gemini", replace(PLAIN, params={"temperature": 0}), put(generationConfig={})),
        ("params_changed", "temperature 0", "temperature null"),
    ),
    "a number is a text": (
        *("openai", SAID, put(temperature="0.5")),
        ("params_changed", "temperature 0.5", 'temperature "0.5"'),
    ),
    "a wrong temperature where none has to be": (
        *("anthropic", SAID, put(temperature=1)),
        ("params_changed", "temperature 0.5", "temperature 1"),
    ),
    "a stop is gone": (
        *("anthropic", SAID, put(stop_sequences=["END"])),
        ("params_changed", 'stop ["END","停止"]', 'stop ["END"]'),
    ),
    "JSON mode is gone": (
        *("gemini", ASKS_JSON, put(generationConfig={})),
        ("params_changed", 'response_format {"type":"json_object"}', "response_format null"),
    ),
    "another model": (
        *("deepseek", PLAIN, put(model="gpt-4o-mini")),
        ("wrong_model_asked", "a request for deepseek-chat", "a request for gpt-4o-mini"),
    ),
    "a field of Anthropic's": (
        *("deepseek", PLAIN, put(system="x")),
        ("foreign_field", "nothing of another format", "the field system in its request"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("provider", FORMATS)
@pytest.mark.parametrize("call", [PLAIN, SAID, ASKS_JSON, *cells(PLAIN)])
def test_a_request_that_says_what_the_caller_says(provider, call):
    assert findings(received(provider, call), call) == []


@pytest.mark.parametrize("case", SAME)
def test_the_same_in_other_words(case):
    provider, call, change = SAME[case]
    assert findings(received(provider, call, change), call) == []


@pytest.mark.parametrize("case", CHANGED)
def test_findings(case):
    provider, call, change, (code, expected, observed) = CHANGED[case]
    assert findings(received(provider, call, change), call) == [
        Finding(code, f"{provider} gets {expected}", observed, 0, provider, None, 0.0)
    ]


WRONG_PATHS = {
    "a version twice": ("openai", "https://api.openai.com/v1/v1/chat/completions", None),
    "a version that there is not": ("anthropic", "https://api.anthropic.com/v2/messages", None),
    "the path of another": ("anthropic", "https://api.anthropic.com/v1/chat/completions", "unknown_route"),
}


@pytest.mark.parametrize("case", WRONG_PATHS)
def test_paths(case):
    provider, url, fault = WRONG_PATHS[case]
    (finding,) = findings(received(provider, url=url, fault=fault))
    assert (finding.code, finding.observed) == ("wrong_path", f"a request at /{url.split('/', 3)[3]}")


def test_what_is_no_request_to_complete_may_go_anywhere():
    assert (
        findings(received("openai", url="https://api.openai.com/v1/moderations", fault="unknown_route")) == []
    )
    assert findings(received("openai", url="https://api.openai.com/v1/models", fault="unknown_route")) == []


def test_headers_of_another_format():
    happened = received("openai", headers={"anthropic-version": "2023-06-01", "authorization": "Bearer key"})
    (finding,) = findings(happened)
    assert (finding.code, finding.observed) == (
        "foreign_field",
        "the header anthropic-version in its request",
    )


@pytest.mark.parametrize(("reason", "code"), [("hang", "hang"), ("flood", "never_ends")])
def test_a_call_that_the_world_had_to_stop(reason, code):
    happened = History((CallStarted(0.0, 0, "complete"), Stopped(1.0, 0, reason, "why")))
    assert [finding.code for finding in findings(happened)] == [code]


NOT_IN_ORDER = {
    "a call without a result": (*SAID.messages[:5], message("user", "x")),
    "a result without a call": (tool_result("x", call_id="call_9"),),
    "no words": (message("user", " "),),
    "nobody asks": (message("user", "x"), message("assistant", "y")),
    "arguments that are no object": (
        message("assistant", None, calls=[tool_call("ping", "[", call_id="1")]),
        tool_result("x", call_id="1"),
    ),
    "a role that nobody knows": (message("narrator", "x"), message("user", "y")),
}


def declaring(properties):
    return function_tool("lookup", "Looks it up.", {"type": "object", "properties": properties})


@pytest.mark.parametrize("case", NOT_IN_ORDER)
def test_what_providers_would_refuse_is_not_judged(case):
    call = replace(PLAIN, messages=NOT_IN_ORDER[case])
    assert not in_order(call)
    assert findings(received("openai", change=put(model="x")), call) == []


@pytest.mark.parametrize(
    "more",
    [
        {"tool_choice": "auto"},
        {"tools": ({},)},
        {"tools": TOOLS, "tool_choice": "sometimes"},
        {"tools": TOOLS + TOOLS},
        {"tools": (declaring({"x": {}}),)},
        {"tools": (declaring({"x": {"type": "object"}}),)},
        {"tools": (declaring({"x": {"type": "array", "items": {"title": "y"}}}),)},
        {"params": {"stop": []}},
        {"params": {"stop": " "}},
        {"params": {"temperature": 2}},
        {"params": {"max_tokens": 0}},
        {"params": {"seed": 1}},
        {"params": JSON_OBJECT},
    ],
)
def test_nor_is_what_not_every_provider_can_be_asked(more):
    assert not in_order(replace(PLAIN, **more))


@settings(max_examples=50, deadline=None)
@given(calls(PLAIN))
def test_what_is_drawn_is_in_order(call):
    assert in_order(call)


MODELS = {
    ("anthropic-messages", "temperature"): {
        "claude-opus-4-8": False,
        "claude-opus-4-6": True,
        "claude-3-haiku": True,
    },
    ("openai-chat", "temperature"): {"gpt-4o-mini": True, "o3": False, "gpt-5": False, "ft:gpt-4o:x": True},
    ("deepseek", "temperature"): {"deepseek-chat": True, "deepseek-reasoner": False},
    ("gemini", "temperature"): {"gemini-2.5-flash": True},
    ("anthropic-messages", "max_tokens"): {"claude-opus-4-8": True},
}


@pytest.mark.parametrize(
    ("dialect", "name", "model", "taken"),
    [(*key, model, taken) for key, models in MODELS.items() for model, taken in models.items()],
)
def test_limits(dialect, name, model, taken):
    assert takes(dialect, model, name, 0) is taken
    assert not takes(dialect, model, name, None)


def test_the_paths_of_a_base_url():
    assert paths("openai-chat", "https://x/openai/v1") == {
        "/openai/v1/chat/completions",
        "/v1/chat/completions",
    }
    assert "/proxy/v1/messages" in paths("anthropic-messages", "https://x/proxy/")
    assert "/v1beta/models/{model}:generateContent" in paths("gemini", "https://x")
    assert "/models/{model}:generateContent" in paths("gemini", "https://x")
    assert routes("anthropic-messages") == ("/messages",)


def test_labels():
    assert KIND.exercised(PROMISE, Scenario((SAID,)), received("gemini", SAID)) == {
        "gemini received the messages",
        "gemini was sent temperature",
        "gemini was sent max_tokens",
        "gemini was sent stop",
        "gemini was sent tools",
        "gemini was sent a tool choice",
        "gemini was sent results of tools",
    }
    refused = history(ends=answers("openai"))
    assert KIND.exercised(PROMISE, Scenario((SAID,)), refused) == frozenset()


REQUIRED = {f"{provider} received the messages" for provider in CHAIN}


def test_required_labels():
    assert KIND.required(PROMISE) == REQUIRED
    narrow = promise_of("request_fidelity", chain=("openai",))
    assert KIND.required(narrow) == {"openai received the messages", "anthropic received the messages"}


def test_cells():
    played = list(KIND.cells(PROMISE, ("complete",)))
    assert {cell.acts for cell in played} == {down(*(f"{name}:http_503" for name in CHAIN[:3])).acts}
    assert [cell.calls for cell in played] == [(PLAIN,), *((call,) for call in cells(PLAIN))]
    assert list(KIND.examples(PROMISE, ("complete",))) == []


def test_the_sentence_for_the_document():
    assert KIND.describe(PROMISE) == (
        "sends conversations in many scripts, tools, tool choices and parameters through openai → anthropic → "
        "deepseek → gemini, each after those before it failed, and compares what each provider received with what "
        "the caller said"
    )


@pytest.mark.parametrize(
    ("says", "moot"),
    [
        ((), {"tools_changed", "params_changed"}),
        (("tools",), {"params_changed"}),
        (("params",), {"tools_changed"}),
    ],
)
def test_what_a_handler_is_never_given_is_not_said_to_it(says, moot):
    promise = promise_of("request_fidelity", says=says)
    calls = [scenario.calls[0] for scenario in KIND.cells(promise, ("complete",))]
    given = {"tools" for call in calls if call.tools} | {"params" for call in calls if call.params}
    assert given == set(says)
    assert any(one["role"] == "tool" for call in calls for one in call.messages) == ("tools" in says)
    assert any(one["role"] == "system" for call in calls for one in call.messages)
    assert KIND.moot(promise).keys() == moot


def test_a_handler_of_texts_keeps_what_it_promises():
    promise = promise_of("request_fidelity", says=())
    with Playing("TextsAlone", promise, ROUTERS) as playing:
        assert playing.minimal() == {}
        assert playing.labels >= KIND.required(promise)
    with Playing("TextsAlone", promise_of("request_fidelity"), ROUTERS) as playing:
        assert playing.minimal().keys() == {"tools_changed", "params_changed"}
