"""`llminv serve`: what it prints, that it serves, how it ends, and what it says about bad input."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from llminv.cli.run import TransportName
from llminv.scenario import Act, Call, Scenario, Script
from llminv.simulation.loopback.control import ROUTES
from llminv.simulation.transport import TRANSPORTS

LIMITED = Scenario((Call("complete"),), (Script(0, "openai", then=Act("http_429")),))


@pytest.fixture
def serving(project):
    """Start `llminv serve`; return the process, which is interrupted at the end."""
    processes = []

    def start(*arguments) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "llminv", "serve", *arguments]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ask(method, url, path, body=b""):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request(method, urlsplit(url).path.rstrip("/") + path, body)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted(number, project, serving):
    (project / "limited.json").write_text(LIMITED.text)
    process = serving("--json", "--scenario", "limited.json")
    summary = json.loads(process.stdout.readline())
    assert list(summary["providers"]) == ["openai", "deepseek"]
    assert summary["environment"]["OPENAI_BASE_URL"] == summary["providers"]["openai"]
    assert ask("POST", summary["providers"]["openai"], "/chat/completions", b"{}")[0] == 429
    assert ask("POST", summary["providers"]["deepseek"], "/chat/completions", b"{}")[0] == 200
    status, history = ask("GET", summary["control"], "/history")
    assert status == 200
    assert "http_429" in [event.get("fault") for event in json.loads(history)["events"]]
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0


def test_ports_follow_one_another_and_text_can_be_pasted(serving):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = serving("--port", str(port))
    lines = []
    while not lines or not lines[-1].startswith("Serving"):
        lines.append(process.stdout.readline().rstrip("\n"))
    assert lines[:4] == [
        f"control   http://127.0.0.1:{port}",
        f"openai    http://127.0.0.1:{port + 1}/v1",
        f"deepseek  http://127.0.0.1:{port + 2}",
        "",
    ]
    assert f"export OPENAI_BASE_URL=http://127.0.0.1:{port + 1}/v1" in lines
    second = serving("--port", str(port))
    out, err = second.communicate(timeout=30)
    assert (second.returncode, out) == (2, "")
    assert err.startswith(f"error: cannot listen at 127.0.0.1, ports from {port} on: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "nowhere.json"], "nowhere.json: no such file"),
        (["--scenario", "broken.json"], "broken.json: Expecting "),
        (["--scenario", "wrong.json"], "wrong.json: acts[0].then.fault: 'http_42' is none of "),
        (["--port", "65535"], "--port 65535: the providers' ports would be above 65535"),
        (["--port", "x"], "--port"),
        (["--host", "192.0.2.1"], "cannot listen at 192.0.2.1: "),
        (["--host", "no-address"], "cannot listen at no-address: Name or service not known"),
        (["--invariants", "nowhere"], "nowhere"),
        (["--colour"], "no such option: --colour"),
    ],
)
def test_bad_input(arguments, said, project, cli):
    (project / "broken.json").write_text("{,}")
    wrong = Scenario(LIMITED.calls, (Script(0, "openai", then=Act("http_42")),))
    (project / "wrong.json").write_text(wrong.text)
    answer = cli("serve", *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


def test_help_has_every_route(cli):
    answer = cli("serve", "--help")
    assert [route for route in ROUTES if f"{route} " not in answer.out] == []


def test_transports_are_those_of_the_table():
    assert set(TransportName.__args__) == TRANSPORTS.keys()
