"""Whatever stands in a file, `load` returns or raises one of our errors, in one line for each problem."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from llminv.declaration.load import Declarations
from llminv.errors import DeclarationError, UsageError

SNIPPETS = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "? ",
        "\n",
        "\n  ",
        "\t",
        "#",
        "&a ",
        "*a",
        "<<: *a",
        "!!int ",
        "!x ",
        "~",
        "'",
        '"',
        '"\\U00110000"',
        '"\\ud800"',
        "|\n",
        ">-\n",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "%TAG ! x\n",
        "\x00",
        "\x1b",
        "\x85",
        "\u2028",
        "\ufeff",
        "\r",
        "😀",
        "0..3",
        "±5%",
        "providers: ",
        "kind: ",
    ]
)
EDITS = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 12), SNIPPETS | st.text(max_size=3)), max_size=4
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES | st.sampled_from(["http_429", "openai", "0..3", "none", "25%"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def load_safely(load_paths: Callable[..., Declarations]) -> Callable[[Mapping[str, bytes]], None]:
    def run(texts: Mapping[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in texts.items():
                Path(folder, name).write_bytes(text)
            try:
                found = load_paths(folder)
            except UsageError as error:
                assert error.hint
            except DeclarationError as error:
                assert error.problems == tuple(sorted(set(error.problems)))
                for problem in error.problems:
                    assert len(str(problem).splitlines()) == 1
                    assert problem.place.line >= 1
                    assert problem.place.column >= 1
                    str(problem).encode()
            else:
                assert found.promises

    return run


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(["providers.yaml", "routing.yaml"]), edits=EDITS)
def test_edited_text(load_safely, files: Mapping[str, str], name: str, edits) -> None:
    text = files[name]
    for position, removed, inserted in edits:
        text = text[:position] + inserted + text[position + removed :]
    load_safely({**{each: files[each].encode() for each in files}, name: text.encode(errors="surrogatepass")})


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=60))
def test_any_bytes(load_safely, raw: bytes) -> None:
    load_safely({"a.yaml": raw})


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(["providers.yaml", "routing.yaml"]))
def test_another_value_in_any_place(load_safely, files: Mapping[str, str], data, name: str) -> None:
    tree = yaml.safe_load(files[name])
    parents = [tree]
    for parent in parents:
        parents += [item for item in _items(parent).values() if isinstance(item, dict | list)]
    parent = data.draw(st.sampled_from(parents))
    key = data.draw(st.sampled_from(list(_items(parent))))
    parent[key] = data.draw(TREES)
    if isinstance(parent, dict) and data.draw(st.booleans()):
        parent[data.draw(st.text(max_size=5))] = parent.pop(key)
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=data.draw(st.booleans()))
    load_safely({**{each: files[each].encode() for each in files}, name: text.encode()})


def _items(parent: dict[str, Any] | list[Any]) -> dict[Any, Any]:
    return parent if isinstance(parent, dict) else dict(enumerate(parent))
