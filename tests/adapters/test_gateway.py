"""Gateways by URL: what is found in one and what is not, and what is said where it cannot be audited."""

import json
import shutil
import socket
from pathlib import Path

import pytest
from gateways import Leaks, Right, Stops, free_ports, running

from llminv.audit.worker import SCENARIO_LIMIT_S, Worker
from llminv.cli import main
from llminv.contract import Request, World
from llminv.evidence import replay as replay_module
from llminv.evidence.replay import limit_of
from llminv.handler.adapters import ANY_GATEWAY, GATEWAY, adapter_of
from llminv.handler.adapters.gateway import GatewayError, Handler

SUPPORT = Path(__file__).parents[1] / "support/project"
WORLD = World({}, {"chain": ["openai", "deepseek"]}, {})
HELLO = Request([{"role": "user", "content": "hi"}])


@pytest.fixture
def ports(tmp_path, monkeypatch) -> list[int]:
    """The ports of the two providers that are declared in the current folder."""
    shutil.copytree(SUPPORT / "invariants", tmp_path / "invariants")
    monkeypatch.chdir(tmp_path)
    ports = free_ports(2)
    (file,) = [file for file in (tmp_path / "invariants").iterdir() if "providers:" in file.read_text()]
    text = file.read_text()
    for host, port in zip(("https://api.openai.com", "https://api.deepseek.com"), ports, strict=True):
        assert host in text
        text = text.replace(host, f"http://127.0.0.1:{port}")
    file.write_text(text)
    return ports


def audit(address, *arguments):
    spec = f"gateway:{address}"
    return main(["run", "--handler", spec, "--invariants", "invariants", "--seed", "1", *arguments])


@pytest.mark.parametrize(
    ("kind", "invariant", "found"),
    [
        (Right, "fallback", ""),
        (Right, "keys", ""),
        (Stops, "fallback", "VIOLATED fallback: chain_stopped"),
        (Leaks, "keys", "VIOLATED keys: "),
    ],
)
def test_a_gateway_is_audited(kind, invariant, found, ports, capsys):
    providers = (
        ("openai", f"http://127.0.0.1:{ports[0]}/v1"),
        ("deepseek", f"http://127.0.0.1:{ports[1]}"),
    )
    with running(kind, providers) as (address, _):
        status = audit(address, "--select", invariant)
    out, _ = capsys.readouterr()
    assert found in out
    assert status == bool(found)


class Says(Right):
    """Answers with what stands in `says`."""

    says = (200, b"")

    def ask(self, url, key, body):
        del url, key, body
        return self.says


def test_what_was_found_in_a_gateway_is_replayed_with_its_limit(ports, capsys, monkeypatch):
    providers = (("openai", f"http://127.0.0.1:{ports[0]}/v1"),)
    limits = []

    def worker(setting, spec, limit_s, *others, **options):
        limits.append(limit_s)
        return Worker(setting, spec, limit_s, *others, **options)

    monkeypatch.setattr(replay_module, "Worker", worker)
    with running(Stops, providers) as (address, _):
        assert audit(address, "--select", "fallback", "--out", "found") == 1
        (bug,) = Path("found").rglob("*.toml")
        assert main(["replay", str(bug)]) == 1
    assert "FAILS" in capsys.readouterr().out
    assert main(["replay", str(bug)]) == 2
    assert "no gateway answers" in capsys.readouterr().err
    assert limits == [GATEWAY.scenario_limit_s] * 2


def test_a_gateway_has_its_own_limit_where_nobody_chose_one():
    assert limit_of(ANY_GATEWAY, SCENARIO_LIMIT_S) == GATEWAY.scenario_limit_s > SCENARIO_LIMIT_S
    assert limit_of(ANY_GATEWAY, 5.0) == 5.0
    assert (
        limit_of("openai-sdk", SCENARIO_LIMIT_S) == limit_of("mine.py", SCENARIO_LIMIT_S) == SCENARIO_LIMIT_S
    )


def saying(status, data):
    return running(type("Says", (Says,), {"says": (status, data)}), (("openai", ""),))


def test_an_answer_and_a_stream_come_through():
    whole = {
        "model": "m",
        "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 3},
    }
    with saying(200, json.dumps(whole).encode()) as (address, gateway):
        reply = Handler(address, WORLD).complete(Request(HELLO.messages, start="deepseek"))
    assert (reply.text, reply.finish_reason, reply.model, reply.provider) == ("hello", "stop", "m", None)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (2, 3)
    assert [body["model"] for _, body in gateway.received] == ["deepseek"]
    events = b'data: {"model": "m", "choices": [{"delta": {"content": "hel"}}]}\n\n: ping\n\n'
    events += (
        b'data: {"choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]}\r\n\r\ndata: [DONE]\n\n'
    )
    with saying(200, events) as (address, gateway):
        chunks = list(Handler(address, WORLD).stream(HELLO))
    assert [(chunk.text, chunk.finish_reason) for chunk in chunks] == [("hel", None), ("lo", "stop")]
    assert [(body["model"], body["stream"]) for _, body in gateway.received] == [("openai", True)]


@pytest.mark.parametrize(
    ("status", "data", "said"),
    [
        (502, b"nobody", "HTTP 502: nobody"),
        (200, b"<html>", "<html>"),
        (200, b'data: {"error": {"message": "x"}}\n\n', '"message": "x"'),
        (200, b'{"choices": []}', "choices"),
    ],
)
def test_what_is_no_answer_is_an_error(status, data, said):
    with saying(status, data) as (address, _), pytest.raises(GatewayError) as raised:
        handler = Handler(address, WORLD)
        list(handler.stream(HELLO)) if data.startswith(b"data") else handler.complete(HELLO)
    assert said in str(raised.value)


def test_a_model_and_headers_from_a_file(tmp_path):
    file = tmp_path / "options.json"
    file.write_text('{"model": "mine", "headers": {"x-config": "y"}}')
    with saying(200, b'{"choices": [{"message": {}}]}') as (address, gateway):
        Handler(f"{address}#{file}", WORLD).complete(HELLO)
    ((headers, body),) = gateway.received
    assert (headers["x-config"], body["model"]) == ("y", "mine")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory"),
        ("{", "Expecting"),
        ('{"header": {}}', "nothing but 'model' and 'headers'"),
        ('{"model": 7}', "model: expected str, found 7"),
    ],
)
def test_a_file_that_is_wrong(text, said, ports, capsys):
    if text is not None:
        Path("options.json").write_text(text)
    assert audit("http://127.0.0.1:9/v1#options.json") == 2
    assert said in capsys.readouterr().err


def test_a_gateway_that_is_not_there(ports, capsys):
    (port,) = free_ports(1)
    assert audit(f"http://127.0.0.1:{port}/v1") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"no gateway answers at http://127.0.0.1:{port}/v1: Connection refused" in err
    assert "llminv serve --print-config" in err
    assert "Traceback" not in err


def test_a_gateway_on_another_machine_is_not_asked(ports, capsys):
    assert audit("http://192.0.2.1:4000/v1") == 2
    assert "llminv refused 192.0.2.1:4000" in capsys.readouterr().err


def test_a_port_that_somebody_else_has(ports, capsys):
    with socket.create_server(("127.0.0.1", ports[0])):
        assert audit("http://127.0.0.1:9/v1") == 2
    err = capsys.readouterr().err
    assert "a provider cannot be served at the port of its base URL: Address already in use" in err


def test_in_virtual_time_no_gateway_can_be_reached(ports, capsys):
    assert audit("http://127.0.0.1:9/v1", "--transport", "in-process") == 2
    said = "gateway:http://127.0.0.1:9/v1 cannot be reached over the transport in-process"
    assert said in capsys.readouterr().err
    assert main(["prove", "--handler", "gateway:http://127.0.0.1:9/v1", "--no-write"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/v1", "127.0.0.1:4000", "http://127.0.0.1:x/v1", "http:///v1"]
)
def test_an_address_that_is_none(address, ports, capsys):
    assert audit(address) == 2
    assert f"{address!r} is not the address of a gateway" in capsys.readouterr().err


def test_faults_that_cannot_be_seen_are_refused(ports, capsys):
    for file in Path("invariants").iterdir():
        file.write_text(file.read_text().replace("failures: [http_429]", "failures: [unavailable]"))
        file.write_text(file.read_text().replace("fallback: [", "fallback: [unavailable, "))
    assert audit("http://127.0.0.1:9/v1", "--select", "fallback") == 2
    err = capsys.readouterr().err
    assert "fallback: connection_refused, name_not_found cannot be seen where another process connects" in err


def test_what_a_spec_means():
    assert adapter_of(ANY_GATEWAY) is GATEWAY
    assert adapter_of("gateway") is None
    assert adapter_of("gateway:Handler") is None  # of a module of the user's


def test_a_name_that_is_nearly_right(ports, capsys):
    assert main(["run", "--handler", "gatway", "--invariants", "invariants"]) == 2
    assert f"did you mean the adapter {ANY_GATEWAY}?" in capsys.readouterr().err
