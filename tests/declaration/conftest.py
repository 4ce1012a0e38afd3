"""Two small right files, kinds of the shapes that the package has, and `load` on edits of the files."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from llminv.declaration.fields import Chain, Failures, FaultWord, ProviderName, Range
from llminv.declaration.load import Declarations, load
from llminv.declaration.models import (
    Contradiction,
    Fields,
    Invariant,
    Policy,
    against_chain,
    against_fallback,
)
from llminv.errors import LlminvError

DIALECTS = ("openai-chat", "anthropic-messages", "deepseek", "gemini")

FILES = {
    "providers.yaml": """\
providers:
  openai: {dialect: openai-chat, base_url: https://api.openai.com/v1, key: OPENAI_API_KEY, model: gpt-4o-mini}
  anthropic:
    dialect: anthropic-messages
    base_url: https://api.anthropic.com
    key: ANTHROPIC_API_KEY
    model: claude-opus-4-8
policy:
  chain: [openai, anthropic]
  start: first
  fallback: [rate_limit, server_error]
  raise: [bad_request, http_502]
  exhausted: NoProviderAvailable
  retries:
    max: 2
    faults: [rate_limit]
    backoff: {first_s: 0.5, jitter: 25%}
  cooldown: none
""",
    "routing.yaml": """\
domain: LLM Integration Domain
invariants:
  - id: chain-works
    title: Chain Works
    kind: fallback_order
    statement: The next provider is asked.
    critical: agents stop
    failures: [http_429, rate_limit]
    failures_before_success: 0..3
    max_examples: 50
    examples:
      - {primary: openai, failure: http_429, failures_before_success: 1}
  - id: all-fail
    title: All Fail
    kind: exhaustion
    statement: The declared error is raised.
    critical: failures look like answers
    failures: [http_500]
    accepted: {bug: all-fail-1, reason: known}
""",
}


class Example(Fields):
    primary: ProviderName
    failure: FaultWord
    failures_before_success: Range


class FallbackOrder(Invariant):
    chain: Chain | None = None
    failures: Failures
    failures_before_success: Range
    examples: tuple[Example, ...] = ()

    def contradictions(self, policy: Policy) -> list[Contradiction]:
        return [
            *against_chain(policy, self.chain or ()),
            *against_fallback(policy, self.failures),
        ]


class Exhaustion(Invariant):
    chain: Chain | None = None
    failures: Failures


@pytest.fixture(scope="session")
def kinds() -> Mapping[str, type[Invariant]]:
    return {"fallback_order": FallbackOrder, "exhaustion": Exhaustion, "key_isolation": Exhaustion}


@pytest.fixture(scope="session")
def files() -> Mapping[str, str]:
    return FILES


@pytest.fixture(scope="session")
def load_paths(kinds: Mapping[str, type[Invariant]]) -> Callable[..., Declarations]:
    return lambda *paths: load([Path(path) for path in paths], kinds, DIALECTS)


@pytest.fixture
def load_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load_paths: Callable[..., Declarations]):
    """Write files into the folder `declared` below the current one, and load that folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "declared"
    folder.mkdir()

    def run(texts: Mapping[str, str | bytes]) -> Declarations:
        for name, text in texts.items():
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_paths("declared")

    return run


@pytest.fixture
def wrong(load_files: Callable[[Mapping[str, str]], Declarations]):
    """Return what `load` says when the right files are edited: (file, old text, new text), ..."""

    def run(*edits: tuple[str, str, str]) -> str:
        texts = dict(FILES)
        for name, old, new in edits:
            assert texts[name].count(old) == 1, f"{old!r} stands {texts[name].count(old)} times in {name}"
            texts[name] = texts[name].replace(old, new)
        with pytest.raises(LlminvError) as caught:
            load_files(texts)
        return caught.value.message.replace("declared/", "")

    return run
