"""Requests that the official SDKs build parse into one neutral form, whatever the dialect."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from sdk_clients import Wire, anthropic_client, gemini_client, openai_client

from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Answer, ParsedRequest
from llminv.simulation.http import HttpRequest

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": SCHEMA}}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Paris"}'},
}
MESSAGES = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Weather in Paris? 🌦"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    {"role": "user", "content": "Thanks."},
)
PARAMS = {"max_tokens": 64, "temperature": 0.5, "top_p": 0.9, "stop": ["END", "\n"]}
NEUTRAL = ParsedRequest(
    operation="complete",
    model="m-1",
    key="sk-canary",
    messages=MESSAGES,
    tools=(TOOL,),
    tool_choice="required",
    params=PARAMS,
)


def parsed(name: str, wire: Wire) -> ParsedRequest:
    found = DIALECTS[name].parse(wire.requests[-1])
    assert found is not None
    return found


def wire_of(name: str, *, stream: bool = False) -> Wire:
    answer = Answer("Hello", "m-1")
    return Wire(DIALECTS[name].stream(answer) if stream else DIALECTS[name].answer(answer))


@pytest.mark.parametrize("name", ["openai-chat", "deepseek"])
def test_chat_completions(name: str) -> None:
    wire = wire_of(name)
    params = {key: value for key, value in PARAMS.items() if key != "max_tokens"}
    openai_client(wire).chat.completions.create(
        model="m-1",
        messages=list(MESSAGES),
        tools=[TOOL],
        tool_choice="required",
        max_completion_tokens=64,
        **params,
    )
    assert parsed(name, wire) == replace(NEUTRAL, stream_usage=name == "deepseek")


def test_anthropic_messages() -> None:
    wire = wire_of("anthropic-messages")
    anthropic_client(wire).messages.create(
        model="m-1",
        max_tokens=64,
        system=[{"type": "text", "text": "Be brief."}],
        messages=[
            {"role": "user", "content": MESSAGES[1]["content"]},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}}
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "rain"},
                    {"type": "text", "text": "Thanks."},
                ],
            },
        ],
        tools=[{"name": "weather", "description": "d", "input_schema": SCHEMA}],
        tool_choice={"type": "any"},
        stop_sequences=["END", "\n"],
        extra_body={"temperature": 0.5, "top_p": 0.9},
    )
    assert parsed("anthropic-messages", wire) == NEUTRAL


def test_gemini() -> None:
    wire = wire_of("gemini")
    gemini_client(wire).models.generate_content(
        model="m-1",
        contents=[
            types.Content(role="user", parts=[types.Part(text=MESSAGES[1]["content"])]),
            types.Content(
                role="model",
                parts=[
                    types.Part(
                        function_call=types.FunctionCall(name="weather", args={"city": "Paris"}, id="call_1")
                    )
                ],
            ),
            types.Content(
                role="user",
                parts=[
                    types.Part(
                        function_response=types.FunctionResponse(
                            name="weather", response={"result": "rain"}, id="call_1"
                        )
                    ),
                    types.Part(text="Thanks."),
                ],
            ),
        ],
        config=types.GenerateContentConfig(
            system_instruction="Be brief.",
            max_output_tokens=64,
            temperature=0.5,
            top_p=0.9,
            stop_sequences=["END", "\n"],
            tools=[
                types.Tool(
                    function_declarations=[
                        types.FunctionDeclaration(name="weather", description="d", parameters=SCHEMA)
                    ]
                )
            ],
            tool_config=types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode="ANY")),
        ),
    )
    result = {"role": "tool", "tool_call_id": "call_1", "content": '{"result":"rain"}', "name": "weather"}
    messages = (*MESSAGES[:3], result, MESSAGES[4])
    assert parsed("gemini", wire) == replace(NEUTRAL, messages=messages)


def test_operations() -> None:
    chat, said = wire_of("openai-chat", stream=True), []
    hello: Any = [{"role": "user", "content": "hi"}]
    list(openai_client(chat).chat.completions.create(model="m", messages=hello, stream=True))
    said.append(parsed("openai-chat", chat))
    asked = {"include_usage": True}
    list(
        openai_client(chat).chat.completions.create(
            model="m", messages=hello, stream=True, stream_options=asked
        )
    )
    said.append(parsed("openai-chat", chat))
    messages = wire_of("anthropic-messages", stream=True)
    list(anthropic_client(messages).messages.create(model="m", max_tokens=9, messages=hello, stream=True))
    said.append(parsed("anthropic-messages", messages))
    messages.response = DIALECTS["anthropic-messages"].counted(1)
    anthropic_client(messages).messages.count_tokens(model="m", messages=hello)
    said.append(parsed("anthropic-messages", messages))
    gemini = wire_of("gemini", stream=True)
    list(gemini_client(gemini).models.generate_content_stream(model="m", contents="hi"))
    said.append(parsed("gemini", gemini))
    gemini.response = DIALECTS["gemini"].counted(1)
    gemini_client(gemini).models.count_tokens(model="m", contents="hi")
    said.append(parsed("gemini", gemini))
    neutral = ParsedRequest("stream", "m", "sk-canary", tuple(hello))
    limited = replace(neutral, params={"max_tokens": 9})
    assert said == [
        replace(neutral, stream_usage=False),
        neutral,
        limited,
        replace(neutral, operation="count_tokens"),
        neutral,
        replace(neutral, operation="count_tokens"),
    ]


def post(name: str, body: Any, path: str | None = None) -> ParsedRequest:
    paths = {"anthropic-messages": "/v1/messages", "gemini": "/v1beta/models/m:generateContent"}
    target = path or paths.get(name, "/v1/chat/completions")
    found = DIALECTS[name].parse(HttpRequest("POST", target, (), json.dumps(body).encode()))
    assert found is not None
    return found


def test_json_mode_in_every_dialect() -> None:
    schema = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    upper = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
    mime = {"responseMimeType": "application/json"}
    said = [
        post("openai-chat", {"response_format": {"type": "json_object"}}),
        post("gemini", {"generationConfig": mime}),
        post("openai-chat", {"response_format": schema}),
        post("anthropic-messages", {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
        post("gemini", {"generationConfig": mime | {"responseSchema": upper}}),
        post("gemini", {"generationConfig": mime | {"response_json_schema": SCHEMA}}),
    ]
    plain = {"type": "json_object"}
    assert [one.params["response_format"] for one in said] == [plain, plain, *[schema] * 4]


def test_tool_choice_in_every_dialect() -> None:
    one = {"type": "function", "function": {"name": "weather"}}

    def gemini(mode: str, *names: str) -> Any:
        config = {"mode": mode} | ({"allowedFunctionNames": list(names)} if names else {})
        return post("gemini", {"toolConfig": {"functionCallingConfig": config}}).tool_choice

    def anthropic(**choice: Any) -> Any:
        return post("anthropic-messages", {"tool_choice": choice}).tool_choice

    assert [gemini(mode) for mode in ("AUTO", "ANY", "NONE")] == ["auto", "required", "none"]
    assert [anthropic(type=kind) for kind in ("auto", "any", "none")] == ["auto", "required", "none"]
    assert gemini("ANY", "weather") == anthropic(type="tool", name="weather") == one
    assert gemini("ANY", "weather", "now")["allowed_tools"]["tools"][0] == one
    assert post("openai-chat", {"tool_choice": one}).tool_choice == one
    parallel = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    assert post("anthropic-messages", parallel).params == {"parallel_tool_calls": False}


def test_an_image_in_every_dialect() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}}
    source = {"type": "base64", "media_type": "image/png", "data": "YWJj"}
    look = {"type": "text", "text": "Look."}
    gemini = [{"text": "Look."}, {"inlineData": {"data": "YWJj", "mime_type": "image/png"}}]
    said = [
        post("openai-chat", {"messages": [{"role": "user", "content": [look, image]}]}),
        post(
            "anthropic-messages",
            {"messages": [{"role": "user", "content": [look, {"type": "image", "source": source}]}]},
        ),
        post("gemini", {"contents": [{"parts": gemini}]}),
    ]
    assert [one.messages for one in said] == [({"role": "user", "content": [look, image]},)] * 3


def test_thinking_of_an_earlier_turn() -> None:
    turn = {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"}
    blocks = [{"type": "thinking", "thinking": "Hm", "signature": "s"}, {"type": "text", "text": "Hi"}]
    parts = [{"text": "Hm", "thought": True}, {"text": "Hi"}]
    said = [
        post("deepseek", {"messages": [turn]}),
        post("anthropic-messages", {"messages": [{"role": "assistant", "content": blocks}]}),
        post("gemini", {"contents": [{"role": "model", "parts": parts}]}),
    ]
    assert [one.messages for one in said] == [(turn,)] * 3


def test_what_has_no_neutral_name_keeps_its_own() -> None:
    assert post("openai-chat", {"stop": "END", "user": "u"}).params == {"stop": ["END"], "user": "u"}
    assert post("anthropic-messages", {"top_k": 4, "metadata": {"user_id": "u"}}).params == {
        "top_k": 4,
        "metadata": {"user_id": "u"},
    }
    own = {"safetySettings": [{"category": "c", "threshold": "t"}], "generationConfig": {"seed": 1, "x": 2}}
    assert post("gemini", own).params == {"seed": 1, "x": 2, "safetySettings": own["safetySettings"]}
    search = {"googleSearch": {}}
    assert post("gemini", {"tools": [search]}).tools == (search,)


@pytest.mark.parametrize(
    ("name", "target", "found"),
    [
        ("openai-chat", "/chat/completions", ("complete", "b")),
        ("openai-chat", "/v1/chat/completions?api-version=1", ("complete", "b")),
        ("deepseek", "/beta/chat/completions", ("complete", "b")),
        ("anthropic-messages", "/messages", ("complete", "b")),
        ("anthropic-messages", "/v1/messages?beta=true", ("complete", "b")),
        ("anthropic-messages", "/v1/messages/count_tokens", ("count_tokens", "b")),
        ("gemini", "/v1/models/g-1:generateContent", ("complete", "g-1")),
        ("gemini", "/v1beta/models/g-1:streamGenerateContent?alt=sse", ("stream", "g-1")),
        ("gemini", "/v1beta/tunedModels/g%201:countTokens", ("count_tokens", "g 1")),
        ("gemini", "/p/publishers/google/models/g:generateContent", ("complete", "g")),
        ("openai-chat", "/v1/models", None),
        ("openai-chat", "/v1/chat/completions/", None),
        ("anthropic-messages", "/v1/messages/batches", None),
        ("gemini", "/v1/models/g-1:embedContent", None),
        ("gemini", "/v1/models/g-1", None),
    ],
)
def test_routes(name: str, target: str, found: tuple[str, str] | None) -> None:
    parsed = DIALECTS[name].parse(HttpRequest("POST", target, (), b'{"model":"b"}'))
    assert (parsed and (parsed.operation, parsed.model)) == found
    assert DIALECTS[name].parse(HttpRequest("GET", target, ())) is None


@pytest.mark.parametrize(
    ("name", "query", "headers", "key"),
    [
        ("openai-chat", "", {"authorization": "Bearer k"}, "k"),
        ("openai-chat", "", {"authorization": "bearer  k "}, "k"),
        ("openai-chat", "", {"authorization": "Basic k"}, None),
        ("openai-chat", "", {"x-api-key": "k"}, None),
        ("anthropic-messages", "", {"authorization": "Bearer b", "x-api-key": "k"}, "k"),
        ("anthropic-messages", "", {"authorization": "Bearer k"}, "k"),
        ("gemini", "?key=q", {"x-goog-api-key": "k"}, "k"),
        ("gemini", "?alt=sse&key=q%2B", {}, "q+"),
        ("gemini", "", {"authorization": "Bearer k"}, "k"),
        ("gemini", "", {}, None),
    ],
)
def test_keys(name: str, query: str, headers: dict[str, str], key: str | None) -> None:
    path = {"anthropic-messages": "/messages", "gemini": "/models/m:generateContent"}.get(
        name, "/chat/completions"
    )
    parsed = DIALECTS[name].parse(HttpRequest("POST", path + query, tuple(headers.items()), b"{}"))
    assert parsed == ParsedRequest(
        "complete", "m" if name == "gemini" else "", key, stream_usage=name != "openai-chat"
    )


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'"x"', b"null", b"\xff", b"[" * 100_000])
def test_an_unreadable_body_is_a_problem(name: str, body: bytes) -> None:
    target = "/m:generateContent" if name == "gemini" else next(iter(DIALECTS[name].routes))
    parsed = DIALECTS[name].parse(HttpRequest("POST", target, (), body))
    model = "m" if name == "gemini" else ""
    assert parsed == ParsedRequest("complete", model, problem="the body is not a JSON object")


@pytest.mark.parametrize("depth", [100, 400, 800, 960, 100_000])
def test_depth_is_no_reason_to_raise(depth: int) -> None:
    deep = '{"properties":' * depth + "1" + "}" * depth
    bodies = {
        "gemini": '{"tools":[{"functionDeclarations":[{"name":"f","parameters":%s}]}]}',
        "anthropic-messages": '{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":%s}]}]}',
    }
    for name, dialect in DIALECTS.items():
        target = "/m:generateContent" if name == "gemini" else next(iter(dialect.routes))
        body = bodies.get(name, '{"tools":[%s]}') % deep
        parsed = dialect.parse(HttpRequest("POST", target, (), body.encode()))
        assert parsed is not None
        assert parsed.tools or parsed.messages or parsed.problem


VOCABULARY = """
model messages contents role user system content parts text type tool_use tool_result tool_calls
input thinking thought functionCall function_call functionResponse args name id tools
function_declarations functionDeclarations parameters toolConfig tool_choice tool
functionCallingConfig mode ANY allowedFunctionNames generationConfig response_schema
responseMimeType stop stop_sequences stream stream_options include_usage output_config format
json_schema schema source image base64 inlineData generateContentRequest systemInstruction
input_schema disable_parallel_tool_use
"""
WORDS = st.sampled_from(VOCABULARY.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=40,
)
ROUTES = [
    (name, path)
    for name, dialect in DIALECTS.items()
    for path in (*("/m" + end for end in dialect.routes), "/x")
]


@given(
    route=st.sampled_from(ROUTES),
    method=st.sampled_from(["POST", "GET", "x"]),
    query=st.text(max_size=8),
    headers=st.dictionaries(
        st.sampled_from(["authorization", "x-api-key", "x-goog-api-key"]), st.text(max_size=12)
    ),
    body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60),
)
def test_parsing_never_raises(
    route: tuple[str, str], method: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    name, path = route
    request = HttpRequest(method, f"{path}?{query}", tuple(headers.items()), body)
    parsed = DIALECTS[name].parse(request)
    assert (parsed is None) == (method != "POST" or path == "/x")
    if parsed is not None:
        assert isinstance(parsed.model, str)
        assert parsed.operation in {"complete", "stream", "count_tokens"}
        assert all(isinstance(message, dict) for message in parsed.messages)
        DIALECTS[name].answer(Answer("Hello", parsed.model)).encode()
        DIALECTS[name].error("model_not_found", parsed.model).encode()
