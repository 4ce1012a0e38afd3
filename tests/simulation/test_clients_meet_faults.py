"""Real clients against the simulated providers: each fault looks as it does on a real network, at its time."""

import clients
import pytest

from llminv.history import ConnectFailed, FaultReached, Raised, Replied
from llminv.scenario import Act, Call, Scenario, Script, default_text
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.faults import FAULTS

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
    "name_not_found": "APIConnectionError",
}
ANTHROPIC = {**OPENAI, 504: "GatewayTimeoutError", 529: "OverloadedError"}
STATUSES = [status for status in OPENAI if isinstance(status, int)]
HTTPX = {
    **dict.fromkeys(STATUSES, "RuntimeError"),
    "no_answer": "ReadTimeout",
    "connect_timeout": "ConnectTimeout",
    "connection_refused": "ConnectError",
    "connection_reset": "ReadError",
    "name_not_found": "ConnectError",
}
GEMINI = {**HTTPX, **{status: "ClientError" if status < 500 else "ServerError" for status in STATUSES}}
REQUESTS = {
    **HTTPX,
    "connection_refused": "ConnectionError",
    "connection_reset": "ConnectionError",
    "name_not_found": "ConnectionError",
}
STDLIB = {
    **HTTPX,
    "no_answer": "TimeoutError",
    "connect_timeout": "TimeoutError",
    "connection_refused": "ConnectionRefusedError",
    "connection_reset": "ConnectionResetError",
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
    "Streams": ("openai", STDLIB),
}
SILENCE = {"no_answer", "connect_timeout"}


def test_every_client_is_tried():
    ours = {name for name, item in vars(clients).items() if getattr(item, "__module__", "") == "clients"}
    assert {name for name in ours if isinstance(getattr(clients, name), type)} == CLIENTS.keys()


@pytest.mark.parametrize("client", CLIENTS)
def test_faults_as_on_a_real_network(client, setting, play_all):
    provider, errors = CLIENTS[client]
    dialect = DIALECTS[setting["providers"][provider]["dialect"]]
    faults = [fault for fault in FAULTS.values() if fault.error or fault.name in errors]
    scenarios = {
        fault.name: Scenario((Call(operation_of(client)),), (Script(0, provider, then=Act(fault.name)),))
        for fault in faults
    }
    histories = play_all(f"clients.py:{client}", scenarios)

    expected = {
        fault.name: (
            errors[dialect.error(fault.error, "m").status] if fault.error else errors[fault.name],
            clients.LIMIT_S if fault.name in SILENCE else 0.0,
            [fault.name],
        )
        for fault in faults
    }
    assert {name: met(history) for name, history in histories.items()} == expected


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_comes_back_at_once(client, play_all):
    provider, _ = CLIENTS[client]
    histories = play_all(f"clients.py:{client}", {"answer": Scenario((Call(operation_of(client)),))})
    outcome = histories["answer"].outcome(0)
    assert isinstance(outcome, Replied)
    assert (outcome.at_s, outcome.reply.text) == (0.0, default_text(provider, 0))


def test_all_rows_of_the_fault_table_are_tried():
    """A fault that is no error answer needs a row in each table above."""
    tables = [errors for _, errors in CLIENTS.values()]
    untried = [fault.name for fault in FAULTS.values() if not fault.error and fault.name not in tables[0]]
    assert untried == []


def operation_of(client) -> str:
    return "complete" if getattr(getattr(clients, client), "complete", None) else "acomplete"


def met(history):
    """What the caller saw, when, and the proof that the fault was met."""
    outcome = history.outcome(0)
    name = outcome.error.type if isinstance(outcome, Raised) else type(outcome).__name__
    return name, outcome.at_s, [event.fault for event in history.of(FaultReached, ConnectFailed)]
