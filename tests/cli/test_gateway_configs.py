"""`llminv serve --print-config`: each gateway is told the addresses, keys and order that are declared."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from llminv.cli.gateway_configs import CONFIGS
from llminv.cli.serve import ConfigName
from llminv.simulation.sites import canary

EXAMPLES = Path(__file__).parents[2] / "examples/gateways"
NAMES = ("openai", "anthropic", "deepseek", "gemini")


@pytest.fixture
def config(cli):
    def read(name):
        answer = cli("serve", "--print-config", name)
        assert (answer.status, answer.err) == (0, "")
        return json.loads(answer.out)

    return read


def test_litellm_proxy(project, config):
    printed = config("litellm-proxy")
    models = printed["model_list"]
    assert [(row["model_name"], row["litellm_params"]["api_key"]) for row in models] == [
        (name, canary(name)) for name in NAMES
    ]
    assert models[0]["litellm_params"] == {
        "model": "openai/gpt-4o-mini",
        "api_base": "http://127.0.0.1:4101/v1",
        "api_key": canary("openai"),
        "timeout": 2.0,
        "stream_timeout": 2.0,
        "max_retries": 0,
    }
    assert printed["router_settings"]["fallbacks"] == [
        {"openai": ["anthropic", "deepseek", "gemini"]},
        {"anthropic": ["deepseek", "gemini"]},
        {"deepseek": ["gemini"]},
    ]


def test_portkey(project, config):
    header = json.loads(config("portkey")["headers"]["x-portkey-config"])
    assert header["strategy"] == {"mode": "fallback"}
    assert [row["provider"] for row in header["targets"]] == ["openai", "anthropic", "deepseek", "google"]
    assert header["targets"][1] == {
        "provider": "anthropic",
        "api_key": canary("anthropic"),
        "custom_host": "http://127.0.0.1:4102/v1",
        "override_params": {"model": "claude-opus-4-8"},
        "request_timeout": 2000,
    }


def test_generic(project, config):
    printed = config("generic")
    assert [row["name"] for row in printed["providers"]] == list(NAMES)
    assert printed["providers"][3] == {
        "name": "gemini",
        "dialect": "gemini",
        "base_url": "http://127.0.0.1:4104",
        "key": canary("gemini"),
        "model": "gemini-2.5-flash",
    }
    assert printed["policy"]["chain"] == list(NAMES)


def test_declarations_of_ones_own_need_addresses(project, cli):
    answer = cli("serve", "--print-config", "generic", "--invariants", "invariants")
    assert (answer.status, answer.out) == (2, "")
    assert "a gateway has to know beforehand where openai, deepseek will be" in answer.err
    assert "http://127.0.0.1:4101/v1" in answer.err


def test_a_configured_gateway_has_the_declarations_of_its_folder(project, config, edit):
    edit("pyproject.toml", "handler.py:Router", "gateway:http://127.0.0.1:4000/v1")
    for file in Path("invariants").iterdir():
        for host, port in (("openai", 4711), ("deepseek", 4712)):
            local = f"http://127.0.0.1:{port}"
            file.write_text(file.read_text().replace(f"https://api.{host}.com", local))
    urls = [row["base_url"] for row in config("generic")["providers"]]
    assert urls == ["http://127.0.0.1:4711/v1", "http://127.0.0.1:4712"]


def test_the_names_are_those_of_the_table():
    assert set(ConfigName.__args__) == CONFIGS.keys()


@pytest.mark.parametrize(("folder", "name"), [("litellm_proxy", "litellm-proxy"), ("portkey", "portkey")])
def test_the_declarations_of_the_examples(folder, name, project, cli):
    shutil.rmtree("invariants")
    shutil.copytree(EXAMPLES / folder, "invariants")
    answer = cli("serve", "--print-config", name, "--invariants", "invariants")
    assert (answer.status, answer.err) == (0, "")
    assert canary("deepseek") in answer.out
    assert canary("gemini") not in answer.out
    assert f"--print-config {name} " in (EXAMPLES / folder / "audit.sh").read_text()


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*/audit.sh")), ids=lambda path: path.parent.name)
def test_the_scripts_are_scripts(script):
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert script.stat().st_mode & 0o111
