"""Ready adapters: what each declares, what is said where its library is not there, and what the SDKs do right."""

import ast
import sys
from pathlib import Path

import pytest
from environments import CURRENT, python_of

from llminv.audit.engine import Options, run
from llminv.audit.judge import judged
from llminv.audit.worker import Worker
from llminv.cli import main
from llminv.cli.project import Project
from llminv.handler.adapters import ADAPTERS
from llminv.history import (
    CallStarted,
    ChunkReceived,
    ConnectFailed,
    ContractBroken,
    HostRefused,
    RealRefused,
    Replied,
    Returned,
)
from llminv.kinds import KINDS
from llminv.kinds.laws.called import PING, TOOLS
from llminv.scenario import Act, Call, Framing, Said, Scenario, Script
from llminv.verdict import Status

# The environment that has the library, where it is not this one.
ENVIRONMENTS = {
    "litellm": "litellm",
    "litellm-router": "litellm",
    "langchain": "litellm",
    "tokencost": "litellm",
    "pydantic-ai": "pydantic-ai",
}
WAYS = ("complete", "acomplete", "stream", "astream")
OFFERS = {
    "litellm": (*WAYS, "count_tokens", "cost"),
    "litellm-router": (*WAYS, "count_tokens", "cost"),
    "tokencost": ("count_tokens", "cost"),
    "genai-prices": ("cost",),
}
SDKS = ("openai-sdk", "anthropic-sdk", "google-genai-sdk")
# Of litellm 1.106.2: with `fallbacks`, what it returns for a stream is none that can be iterated without a loop.
KNOWN = {("litellm", "stream")}
# What only counts calls nobody.
ROUTERS_AND_SDKS = [name for name in ADAPTERS if name not in ("tiktoken", "tokencost", "genai-prices")]
LIMIT_S = 60.0


def promises_of(name):
    project = Project.here(handler=name)
    assert project.adapter is ADAPTERS[name]
    return project.declarations.promises


def worker_of(name):
    python = python_of(ENVIRONMENTS.get(name, CURRENT))
    return Worker(
        promises_of(name)[0].setting(), name, LIMIT_S, isolation=ADAPTERS[name].isolation, python=python
    )


@pytest.mark.parametrize("name", ADAPTERS)
def test_what_comes_with_an_adapter_is_right(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert promises_of(name)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("openai-sdk", "handler/adapters/declarations/streams.yaml"),
        ("tokencost", "handler/adapters/declarations/counting.yaml"),
        ("genai-prices", "packaged/cost.yaml"),  # in a checkout they stand beside the package
    ],
)
def test_what_is_recorded_names_no_folder_of_llminv(name, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {promise.place.file for promise in promises_of(name)}
    assert f"<llminv>/{file}" in files
    assert not [file for file in files if Path(file).is_absolute()]


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_library_is_imported_by_nobody_but_its_handler(name):
    import llminv.handler.adapters as package

    source = (Path(package.__file__).parent / f"{ADAPTERS[name].module}.py").read_text()
    imported = [node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    others = {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert others <= {"llminv"}
    assert not [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import) and node.names[0].name not in sys.stdlib_module_names
    ]


@pytest.mark.parametrize("name", ROUTERS_AND_SDKS)
def test_an_adapter_answers_in_every_way(name):
    with worker_of(name) as worker:
        assert worker.offers == OFFERS.get(name, WAYS)
        assert worker.packages
        for operation in worker.offers:
            history = worker.play(Scenario((Call(operation),)))
            assert list(history.of(RealRefused, HostRefused, ContractBroken)) == []
            answered = list(history.of(Replied, Returned)) != []
            assert answered or (name, operation) in KNOWN


def test_litellm_reports_calls_of_tools_and_the_costs_of_streams():
    """The calls need its extra `mcp`, the costs the whole that it makes of the events."""
    asked = Call("astream", tools=TOOLS)
    pings = Scenario((asked,), (Script(0, "openai", then=Act(said=Said(tool_calls=(PING,)))),))
    unknown = Scenario((asked,), (Script(0, "openai", then=Act("name_not_found")),))
    with worker_of("litellm") as worker:
        chunks = [event.chunk for event in worker.play(pings).of(ChunkReceived)]
        failed = [event.fault for event in worker.play(unknown).of(ConnectFailed)]
    assert next(chunk.tool_call.name for chunk in chunks if chunk.tool_call) == "ping"
    assert chunks[-1].cost == pytest.approx((9 * 0.15 + 5 * 0.60) / 1_000_000)  # what the simulation bills
    assert failed == ["name_not_found"]  # and not on a connection that its modules kept from before


def test_a_library_that_is_not_installed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--handler", "pydantic-ai"]) == 2
    said = capsys.readouterr().err
    assert "the adapter 'pydantic-ai' needs pydantic-ai-slim[openai,anthropic,google]" in said
    assert "pip install 'pydantic-ai-slim[openai,anthropic,google]'" in said


@pytest.mark.parametrize("name", ["tiktoken", "tokencost"])
def test_vocabularies_that_are_not_there(name, tmp_path, monkeypatch, capsys):
    """A counter that cannot count yet is not accused of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody is there, also where there is a network
    python = str(python_of(ENVIRONMENTS.get(name, CURRENT)))
    assert main(["run", "--handler", name, "--python", python]) == 2
    said = capsys.readouterr().err
    assert "tiktoken has no vocabulary o200k_base in its cache" in said
    assert "gets it; TIKTOKEN_CACHE_DIR says where it is kept" in said


def test_an_interpreter_that_is_none(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--handler", "openai-sdk", "--python", "nowhere/python"]) == 2
    assert "nowhere/python is not an interpreter" in capsys.readouterr().err


# What the SDKs do right today.
UTF8 = Act(said=Said(text="aé漢😀 b", deltas="characters"), cut_every=1)
RIGHT = {
    "bytes-do-not-matter": (
        Act(framing=Framing(newline="crlf")),
        UTF8,
    ),
    "streams-reach-the-consumer-whole": (UTF8, Act("body_reset", after=1), Act("body_closed", after=1)),
    "endings-and-usage-come-through": (Act(said=Said(finish_reason="length")),),
}


@pytest.mark.parametrize("name", SDKS)
def test_what_the_sdks_do_right_is_held(name):
    promises = {promise.invariant.id: promise for promise in promises_of(name)}
    with worker_of(name) as worker:
        for id_, acts in RIGHT.items():
            promise = promises[id_]
            for act in acts:
                for operation in ("stream", "astream"):
                    rows = (Script(0, promise.policy.chain[0], then=act),)
                    scenario = Scenario((Call(operation),), rows)
                    history = worker.play(scenario)
                    kind = KINDS[promise.invariant.kind]
                    assert history.of(CallStarted)
                    assert judged(kind, promise, scenario, history).findings == ()


@pytest.mark.parametrize("name", ["openai-sdk", "anthropic-sdk"])
def test_retry_after_in_seconds_is_obeyed(name):
    promise = next(each for each in promises_of(name) if each.invariant.kind == "retry_budget")
    with worker_of(name) as worker:
        rows = (Script(0, promise.policy.chain[0], (Act("http_429", retry_after="7"),)),)
        scenario = Scenario((Call("complete"),), rows)
        history = worker.play(scenario)
    assert history.ended_at_s == pytest.approx(7.0, abs=0.01)
    assert judged(KINDS["retry_budget"], promise, scenario, history).findings == ()


@pytest.mark.deep
@pytest.mark.usefixtures("vocabularies")
@pytest.mark.parametrize("name", ADAPTERS)
def test_every_invariant_comes_to_a_verdict(name):
    python = python_of(ENVIRONMENTS.get(name, CURRENT))
    options = Options(
        seed=1, max_examples=20, isolation=ADAPTERS[name].isolation, python=python, scenario_limit_s=LIMIT_S
    )
    audit = run(promises_of(name), name, KINDS, options)
    assert [
        result.promise.invariant.id for result in audit.results if result.verdict.status is Status.UNKNOWN
    ] == []


def test_an_adapter_is_audited_by_what_comes_with_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert (
        main(["run", "--handler", "genai-prices", "--select", "costs-add-up", "-n", "1", "--out", "there"])
        == 0
    )
    assert "costs-add-up  held" in capsys.readouterr().out
    assert (tmp_path / "there/INVARIANTS.md").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
