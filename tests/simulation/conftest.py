"""A process with the simulation in it, and one scenario after the other."""

import contextlib
import warnings
from pathlib import Path

import pytest

from llminv.runner import Runner

FOLDER = Path(__file__).parent
EXAMPLE = str(FOLDER.parents[1] / "examples/byok/handler.py:Handler")
PROVIDERS = {
    "openai": ("openai-chat", "https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-4o-mini"),
    "anthropic": ("anthropic-messages", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "claude-opus-4-8"),
    "deepseek": ("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek-chat"),
    "gemini": ("gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY", "gemini-2.5-flash"),
}


def make_setting() -> dict:
    names = ("dialect", "base_url", "key", "model")
    providers = {name: dict(zip(names, row, strict=True)) for name, row in PROVIDERS.items()}
    return {"providers": providers, "policy": {}, "prices": {}}


@pytest.fixture
def setting() -> dict:
    return make_setting()


@pytest.fixture(scope="module")
def example():
    """The example handler in a Runner, for all tests of a file."""
    with contextlib.ExitStack() as exits:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runner = exits.enter_context(Runner(make_setting(), EXAMPLE))
        yield runner


@pytest.fixture
def play_all(setting, monkeypatch):
    """Return what plays scenarios (by any name) against a handler of this folder, all in one Runner."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def play_all(spec, scenarios, setting=setting) -> dict:
        # What a handler's libraries warn of is theirs; as an error it would change what they do.
        with warnings.catch_warnings(record=True), Runner(setting, str(FOLDER / spec)) as runner:
            warnings.simplefilter("default")
            return {name: runner.play(scenario) for name, scenario in scenarios.items()}

    return play_all
