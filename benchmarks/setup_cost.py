"""What it costs to build each client: in the real world, and in a simulated one.

    python benchmarks/setup_cost.py
    .venv-routers-litellm/bin/python benchmarks/setup_cost.py       (and likewise the other environments)

A scenario builds its handler's clients anew, so this is paid each time. Most of it is the loading of
trust stores, which nothing in a world looks at and which therefore does nothing there. What is left is
the library's own. Libraries that are not installed are left out; each row is the median of its builds.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import ssl
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llminv.scenario import Scenario
from llminv.simulation.in_process import InProcess
from llminv.simulation.sites import environment

if TYPE_CHECKING:
    from collections.abc import Callable

BUILDS = 15
ROWS = {
    "openai": ("openai-chat", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": ("anthropic-messages", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    "gemini": ("gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY"),
}
SETTING = {
    "providers": {
        name: {"dialect": dialect, "base_url": url, "key": key, "model": "any"}
        for name, (dialect, url, key) in ROWS.items()
    },
    "policy": {},
    "prices": {},
}
MODEL = {"model": "any"}
DEPLOYMENT = {"model_name": "any", "litellm_params": {"model": "openai/any"}}

# module, what is built from it (an attribute, maybe of an attribute), and with which arguments.
CLIENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("openai", "OpenAI", {}),
    ("openai", "AsyncOpenAI", {}),
    ("anthropic", "Anthropic", {}),
    ("anthropic", "AsyncAnthropic", {}),
    ("google.genai", "Client", {}),
    ("httpx", "Client", {}),
    ("httpx", "AsyncClient", {}),
    ("httpx2", "Client", {}),
    ("httpx2", "AsyncClient", {}),
    ("aiohttp", "ClientSession", {}),
    ("requests", "Session", {}),
    ("urllib3", "PoolManager", {}),
    ("http.client", "HTTPSConnection", {"host": "api.openai.com"}),
    ("litellm", "Router", {"model_list": [DEPLOYMENT]}),
    ("langchain_openai", "ChatOpenAI", MODEL),
    ("langchain_anthropic", "ChatAnthropic", MODEL),
    ("langchain_google_genai", "ChatGoogleGenerativeAI", MODEL),
    ("pydantic_ai.models.openai", "OpenAIChatModel", {"model_name": "any"}),
    ("pydantic_ai.models.anthropic", "AnthropicModel", {"model_name": "any"}),
    ("pydantic_ai.models.google", "GoogleModel", {"model_name": "any"}),
)


class Clock:
    """The real one: a reference in a module would be replaced with the others."""

    now_s = time.perf_counter


def cost_ms(build: Callable[[], object], loop: asyncio.AbstractEventLoop) -> float:
    """Return the median time of a build, after one that does not count."""

    async def built() -> object:
        return build()

    times = []
    for _ in range(BUILDS + 1):
        started_s = Clock.now_s()
        loop.run_until_complete(built())
        times.append((Clock.now_s() - started_s) * 1000)
    return statistics.median(times[1:])


def costs_ms(builds: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the cost of each build on a loop of its own."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # aiohttp complains of sessions that nobody closes
    try:
        return {name: cost_ms(build, loop) for name, build in builds.items()}
    finally:
        loop.close()


def main() -> None:
    """Print the table."""
    os.environ |= environment(SETTING) | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    builds: dict[str, Callable[[], object]] = {"ssl.create_default_context": ssl.create_default_context}
    for module, attribute, arguments in CLIENTS:
        try:
            factory = getattr(importlib.import_module(module), attribute)
        except ImportError:
            continue
        builds[f"{module}.{attribute}"] = lambda factory=factory, arguments=arguments: factory(**arguments)
    outside = costs_ms(builds)
    world = InProcess(SETTING)
    with world.installed(), world.playing(Scenario(())):
        inside = costs_ms(builds)
    print(f"{'client':48}{'outside, ms':>12}{'in a world, ms':>16}")
    for name in builds:
        print(f"{name:48}{outside[name]:12.2f}{inside[name]:16.2f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of clients that nobody closes
    main()
