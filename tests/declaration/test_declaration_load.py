import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from llminv.declaration.fields import Range
from llminv.declaration.load import Declarations, load
from llminv.declaration.models import Accepted
from llminv.declaration.promise import Promise
from llminv.errors import Place
from llminv.kinds import KINDS
from llminv.simulation.dialects import DIALECTS

PACKAGED = Path(__file__).parents[2] / "invariants"


def test_promises_come_in_the_order_of_files_and_lines(load_files, files: Mapping[str, str]) -> None:
    other = files["routing.yaml"].replace("id: ", "id: other-").replace("LLM Int", "Other Int")
    found = load_files({**files, "another.yml": other})
    assert [(promise.domain, promise.invariant.id, promise.place) for promise in found.promises] == [
        ("Other Integration Domain", "other-chain-works", Place("declared/another.yml", 3, 5)),
        ("Other Integration Domain", "other-all-fail", Place("declared/another.yml", 13, 5)),
        ("LLM Integration Domain", "chain-works", Place("declared/routing.yaml", 3, 5)),
        ("LLM Integration Domain", "all-fail", Place("declared/routing.yaml", 13, 5)),
    ]
    assert all(promise.policy is found.policy for promise in found.promises)
    assert list(found.providers) == ["openai", "anthropic"]


def test_the_fields_of_an_invariant_are_read(load_files, files: Mapping[str, str], kinds) -> None:
    first, second = (promise.invariant for promise in load_files(files).promises)
    assert first.model_dump() == {
        "id": "chain-works",
        "title": "Chain Works",
        "kind": "fallback_order",
        "statement": "The next provider is asked.",
        "critical": "agents stop",
        "max_examples": 50,
        "accepted": (),
        "chain": None,
        "failures": ("http_429", "rate_limit"),
        "failures_before_success": Range(0, 3),
        "examples": ({"primary": "openai", "failure": "http_429", "failures_before_success": Range(1, 1)},),
    }
    assert type(second) is kinds["exhaustion"]
    assert second.accepted == (Accepted(bug="all-fail-1", reason="known"),)
    assert second.max_examples == 100


def test_several_bugs_can_be_accepted(load_files, files: Mapping[str, str]) -> None:
    one = "{bug: all-fail-1, reason: known}"
    text = files["routing.yaml"].replace(one, f"[{one}, {{bug: all-fail-2, reason: too}}]")
    found = load_files({**files, "routing.yaml": text})
    assert [row.bug for row in found.promises[1].invariant.accepted] == ["all-fail-1", "all-fail-2"]


def test_a_declaration_keeps_the_place_of_every_field(load_files, files: Mapping[str, str]) -> None:
    section = load_files(files).sections["chain-works"]
    assert section.place("failures", 1) == Place("declared/routing.yaml", 8, 26)
    assert section.key_place("failures") == Place("declared/routing.yaml", 8, 5)


def test_one_file_may_declare_everything(load_files, files: Mapping[str, str]) -> None:
    assert len(load_files({"all.yaml": "".join(files.values())}).promises) == 2


def test_what_is_no_declaration_is_left_alone(load_files, files: Mapping[str, str], tmp_path: Path) -> None:
    bugs = tmp_path / "declared" / "bugs"
    bugs.mkdir()
    (bugs / "not-a-declaration.yaml").write_text("[")
    (tmp_path / "declared" / "folder.yaml").mkdir()
    found = load_files({**files, ".hidden.yaml": "[", "proofs.toml": "[", "notes.yaml.orig": "["})
    assert len(found.promises) == 2


def test_paths_are_files_or_folders_and_a_file_counts_once(load_files, load_paths, files, tmp_path) -> None:
    load_files(files)
    found = load_paths("declared/providers.yaml", tmp_path / "declared/routing.yaml", "declared")
    assert [promise.place.file for promise in found.promises] == ["declared/routing.yaml"] * 2


def test_a_file_outside_the_current_folder_is_shown_as_given(
    load_files, load_paths, files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_files(files)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    absolute = tmp_path / "declared"
    assert load_paths(absolute).promises[0].place.file == f"{absolute}/routing.yaml"
    assert load_paths("../declared").promises[0].place.file == "../declared/routing.yaml"


def test_a_promise_survives_json(load_files, files: Mapping[str, str], kinds) -> None:
    for promise in load_files(files).promises:
        text = json.dumps(promise.to_json())
        assert "null" not in text
        assert Promise.from_json(json.loads(text), kinds) == promise


@pytest.mark.parametrize("broken", [{"invariant": {"kind": "gone"}}, {"invariant": []}, {"policy": {}}])
def test_a_promise_that_does_not_fit_is_a_value_error(load_files, files, kinds, broken) -> None:
    good = load_files(files).promises[0].to_json()
    with pytest.raises(ValueError):
        Promise.from_json({**good, **broken}, kinds)


def test_the_setting_is_plain_json_with_the_words_of_the_yaml(load_files, files: Mapping[str, str]) -> None:
    setting = load_files(files).promises[0].setting()
    assert json.loads(json.dumps(setting)) == setting
    assert setting["providers"]["openai"] == {
        "dialect": "openai-chat",
        "base_url": "https://api.openai.com/v1",
        "key": "OPENAI_API_KEY",
        "model": "gpt-4o-mini",
    }
    assert setting["policy"]["raise"] == ["bad_request", "http_502"]
    assert setting["prices"] == {"currency": "USD", "models": {}}


@pytest.fixture(scope="module")
def packaged() -> Declarations:
    models = {name: kind.model for name, kind in KINDS.items()}
    return load([PACKAGED], models, tuple(DIALECTS))


def test_the_package_declares_every_kind(packaged: Declarations) -> None:
    assert {promise.invariant.kind for promise in packaged.promises} == set(KINDS)
    assert {promise.domain for promise in packaged.promises} >= {"LLM Integration Domain", "Streaming Domain"}
    assert packaged.policy.chain == ("openai", "anthropic", "deepseek", "gemini") == tuple(packaged.providers)


def test_the_packaged_policy_writes_every_field_out(packaged: Declarations) -> None:
    policy = packaged.policy
    for model in (policy, policy.retries, policy.retries.backoff, policy.timeouts, policy.stream):
        assert model.model_fields_set == type(model).model_fields.keys()
