"""Says which of these modules its environment has: llminv's needs, and folders beside llminv."""

from importlib.util import find_spec

from llminv.contract import Request

NAMES = ("llminv", "hypothesis", "typer", "benchmarks", "examples", "litellm", "pydantic_ai")


class Handler:
    def complete(self, request: Request) -> str:
        return " ".join(name for name in NAMES if find_spec(name))
