"""Ready adapters: handlers for known libraries, chosen by name (`llminv run --handler litellm`).

Each is a module beside this one, with a class `Handler` that imports its library when it is made, and never
before: nothing of llminv needs any of them. An adapter calls its library as the library's documentation
does, with keys, models, order, retries and timeouts as declared, and judges nothing. Which of a library's
behaviours are its policy stands in the declarations that come with the adapter, each with its source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from llminv.handler.adapters.installed import Needed

_DECLARATIONS = Path(__file__).parent / "declarations"


@dataclass(frozen=True)
class Adapter:
    """One library: `module` has its handler, `needs` are the packages without which it cannot be made.

    `declares` are the names of the files that declare what is promised for it: its own, then those that it
    shares with others; `library` those of llminv's own declarations that hold for it as they are. With the
    isolation "fork" the library keeps state in its modules. `transport` is the only one over which it can
    be reached, "" where every one will do; `scenario_limit_s` is how long a scenario may take in real time,
    where that is no matter of a moment.
    """

    name: str
    module: str
    needs: tuple[Needed, ...]
    declares: tuple[str, ...]
    library: tuple[str, ...] = ()
    isolation: str = "none"
    transport: str = ""
    scenario_limit_s: float | None = None

    @property
    def spec(self) -> str:
        """The handler spec of its class."""
        return f"llminv.handler.adapters.{self.module}:Handler"

    @property
    def declarations(self) -> tuple[Path, ...]:
        """The files of the declarations that come with it."""
        return tuple(_DECLARATIONS / f"{name}.yaml" for name in self.declares)


_LITELLM = Needed("litellm", "litellm[mcp]")  # without it, calls with tools fail
_STREAMS = ("streams", "consumers")
_CHAIN = ("chain", "requests", "ways", *_STREAMS)
_ONE = ("requests", "ways", *_STREAMS, "errors", "stopping")
_COST = ("cost", "prices")

_ROWS = (
    # Routers over several providers.
    Adapter(
        "litellm",
        "litellm_completion",
        (_LITELLM,),
        ("litellm", *_CHAIN, "endings", "stopping", "meaning", "counting"),
        _COST,
        isolation="fork",
    ),
    Adapter(
        "litellm-router",
        "litellm_router",
        (_LITELLM,),
        ("litellm-router", *_CHAIN, "endings", "stopping", "meaning"),
        isolation="fork",
    ),
    Adapter(
        "pydantic-ai",
        "pydantic_ai",
        (Needed("pydantic_ai", "pydantic-ai-slim[openai,anthropic,google]"),),
        ("pydantic-ai", *_CHAIN, "errors"),
    ),
    Adapter(
        "langchain",
        "langchain",
        tuple(
            Needed(package.replace("-", "_"), package)
            for package in (
                "langchain-core",
                "langchain-openai",
                "langchain-anthropic",
                "langchain-deepseek",
                "langchain-google-genai",
            )
        ),
        ("langchain", *_CHAIN, "errors", "stopping", "meaning"),
    ),
    # The providers' own SDKs.
    Adapter("openai-sdk", "openai_sdk", (Needed("openai", "openai"),), ("openai-sdk", *_ONE, "meaning")),
    Adapter("anthropic-sdk", "anthropic_sdk", (Needed("anthropic", "anthropic"),), ("anthropic-sdk", *_ONE)),
    Adapter(
        "google-genai-sdk",
        "google_genai_sdk",
        (Needed("google.genai", "google-genai"),),
        ("google-genai-sdk", *_ONE),
    ),
    # What only counts.
    Adapter("tiktoken", "tiktoken_counts", (Needed("tiktoken", "tiktoken"),), ("tiktoken", "counting")),
    Adapter("tokencost", "tokencost", (Needed("tokencost", "tokencost"),), ("tokencost", "counting")),
    Adapter(
        "genai-prices",
        "genai_prices",
        (Needed("genai_prices", "genai-prices"),),
        ("genai-prices",),
        _COST,
    ),
)

ADAPTERS: Mapping[str, Adapter] = MappingProxyType({row.name: row for row in _ROWS})

# No library, but a process: its name comes with an address, as in this spec.
ANY_GATEWAY = "gateway:http://HOST:PORT/v1"
GATEWAY = Adapter(
    "gateway", "gateway", (), ("gateway", "streams"), transport="loopback", scenario_limit_s=60.0
)
_ADDRESS = re.compile(rf"{GATEWAY.name}:(.*[/:].*)", re.DOTALL)


def adapter_of(spec: str) -> Adapter | None:
    """Return the ready adapter that a handler spec names, or None where it names something else."""
    return ADAPTERS.get(spec) if address_of(spec) is None else GATEWAY


def address_of(spec: str) -> str | None:
    """Return the address in the spec of a gateway, right or wrong, or None where it is of something else.

    `gateway:Router` is one of a module of that name.
    """
    found = _ADDRESS.fullmatch(spec)
    return found and found[1]
