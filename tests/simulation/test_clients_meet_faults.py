"""Real clients against the simulated providers: each fault looks as it does on a real network, at its time."""

import clients
import pytest

from llminv.history import ChunkReceived, ConnectFailed, FaultReached, Raised, Replied
from llminv.scenario import Act, Call, Scenario, Script, default_text
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.faults import FAULTS, Effect

# What a client raises for each status, and where the connection fails. The SDKs' status errors stand in
# their documentation; what the standard library raises is the operating system's error.
OPENAI = {
    400: "BadRequestError",
    401: "AuthenticationError",
    402: "APIStatusError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    408: "APIStatusError",
    413: "APIStatusError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    500: "InternalServerError",
    502: "InternalServerError",
    503: "InternalServerError",
    504: "InternalServerError",
    529: "InternalServerError",
    "no_answer": "APITimeoutError",
    "connect_timeout": "APITimeoutError",
    "connection_refused": "APIConnectionError",
    "connection_reset": "APIConnectionError",
    "connection_closed": "APIConnectionError",
    "name_not_found": "APIConnectionError",
}
ANTHROPIC = {
    **OPENAI,
    402: "PaymentRequiredError",
    408: "RequestTimeoutError",
    413: "ContentTooLargeError",
    504: "GatewayTimeoutError",
    529: "OverloadedError",
}
STATUSES = [status for status in OPENAI if isinstance(status, int)]
HTTPX = {
    **dict.fromkeys(STATUSES, "RuntimeError"),
    "no_answer": "ReadTimeout",
    "connect_timeout": "ConnectTimeout",
    "connection_refused": "ConnectError",
    "connection_reset": "ReadError",
    "connection_closed": "RemoteProtocolError",
    "name_not_found": "ConnectError",
}
GEMINI = {**HTTPX, **{status: "ClientError" if status < 500 else "ServerError" for status in STATUSES}}
REQUESTS = {
    **HTTPX,
    "connection_refused": "ConnectionError",
    "connection_reset": "ConnectionError",
    "connection_closed": "ConnectionError",
    "name_not_found": "ConnectionError",
}
STDLIB = {
    **HTTPX,
    "no_answer": "TimeoutError",
    "connect_timeout": "TimeoutError",
    "connection_refused": "ConnectionRefusedError",
    "connection_reset": "ConnectionResetError",
    "connection_closed": "RemoteDisconnected",
    "name_not_found": "gaierror",
}
URLLIB = {
    **STDLIB,
    **dict.fromkeys(STATUSES, "HTTPError"),
    "connect_timeout": "URLError",
    "connection_refused": "URLError",
    "name_not_found": "URLError",
}
CLIENTS = {
    "OpenAISync": ("openai", OPENAI),
    "OpenAIAsync": ("openai", OPENAI),
    "AnthropicSync": ("anthropic", ANTHROPIC),
    "AnthropicAsync": ("anthropic", ANTHROPIC),
    "GeminiSync": ("gemini", GEMINI),
    "GeminiAsync": ("gemini", GEMINI),
    "DeepSeekSync": ("deepseek", OPENAI),
    "HttpxSync": ("openai", HTTPX),
    "HttpxAsync": ("openai", HTTPX),
    "Requests": ("openai", REQUESTS),
    "HttpClient": ("openai", STDLIB),
    "UrllibRequest": ("openai", URLLIB),
    "Streams": ("openai", {**STDLIB, "connection_closed": "IncompleteReadError"}),
}
# Harmless, and nothing out of the ordinary where the client does not ask for it, or the format needs it.
DEPENDS = {"gzip", "usage_missing"}
SILENCE = {"no_answer", "connect_timeout"}


def test_every_client_is_tried():
    ours = {name for name, item in vars(clients).items() if getattr(item, "__module__", "") == "clients"}
    assert {name for name in ours if isinstance(getattr(clients, name), type)} == CLIENTS.keys()


@pytest.mark.parametrize("client", CLIENTS)
def test_faults_as_on_a_real_network(client, setting, play_all):
    provider, errors = CLIENTS[client]
    dialect = DIALECTS[setting["providers"][provider]["dialect"]]
    statuses = {
        fault.name: dialect.error(fault.error, "m").status
        for fault in FAULTS.values()
        if fault.effect is Effect.ERROR
    }
    # Where a provider refuses with status 200, nothing is raised: that is for the handler to notice.
    faults = [name for name in FAULTS if statuses.get(name, 200) != 200 or name in errors]
    scenarios = {
        name: Scenario((Call(operation_of(client)),), (Script(0, provider, then=Act(name)),))
        for name in faults
    }
    histories = play_all(f"clients.py:{client}", scenarios)

    expected = {
        name: (
            errors[statuses.get(name, name)],
            clients.LIMIT_S if name in SILENCE else 0.0,
            [name],
        )
        for name in faults
    }
    assert {name: met(history) for name, history in histories.items()} == expected


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_comes_back_at_once(client, play_all):
    provider, _ = CLIENTS[client]
    histories = play_all(f"clients.py:{client}", {"answer": Scenario((Call(operation_of(client)),))})
    outcome = histories["answer"].outcome(0)
    assert isinstance(outcome, Replied)
    assert (outcome.at_s, outcome.reply.text) == (0.0, default_text(provider, 0))


@pytest.mark.parametrize("client", CLIENTS)
def test_every_fault_is_met_and_only_harmless_ones_leave_the_answer(client, play_all):
    provider, _ = CLIENTS[client]
    scenarios = {
        name: Scenario((Call(operation_of(client)),), (Script(0, provider, then=Act(name)),))
        for name in FAULTS
    }
    histories = play_all(f"clients.py:{client}", scenarios)
    unmet = {name for name, history in histories.items() if set(met(history)[2]) != {name}}
    assert unmet <= DEPENDS
    answered = {
        name
        for name, history in histories.items()
        if isinstance(history.outcome(0), Replied)
        and history.outcome(0).reply.text == default_text(provider, 0)
    }
    assert answered == {name for name, fault in FAULTS.items() if fault.answers}


@pytest.mark.parametrize("client", ["Sdk", "Sse"])
def test_content_that_gemini_refuses_ends_a_stream_as_its_only_event(client, play_all):
    """https://ai.google.dev/api/generate-content: with alt=sse every GenerateContentResponse is an event."""
    refused = Scenario((Call("stream"),), (Script(0, "gemini", then=Act("content_refused")),))
    history = play_all(f"handlers/gemini_streams.py:{client}", {"refused": refused})["refused"]
    assert [event.chunk.text for event in history.of(ChunkReceived)] == ["PROHIBITED_CONTENT"]
    assert met(history) == ("Replied", 0.0, ["content_refused"])


def operation_of(client) -> str:
    return "complete" if getattr(getattr(clients, client), "complete", None) else "acomplete"


def met(history):
    """What the caller saw, when, and the proof that the fault was met."""
    outcome = history.outcome(0)
    name = outcome.error.type if isinstance(outcome, Raised) else type(outcome).__name__
    return name, outcome.at_s, [event.fault for event in history.of(FaultReached, ConnectFailed)]
