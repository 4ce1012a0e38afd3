"""`llminv init`: a project to start from, and nothing of the user's touched."""

import tomllib
from pathlib import Path

import pytest

from llminv.cli.project import packaged

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_twice(empty, cli, snapshot):
    first = cli("init")
    before = files(empty)
    snapshot("init", first, cli("init"))
    assert files(empty) == before


def test_a_run_right_afterwards(empty, cli):
    """The handler keeps all that is declared beside it."""
    cli("init")
    answer = cli("run", "--seed", "1", "-n", "1", "--no-write")
    assert (answer.status, "9 invariants: 9 held" in answer.out) == (0, True)


def test_all_declarations(empty, cli):
    answer = cli("init", "--all")
    assert answer.out.splitlines()[: len(packaged())] == [
        f"invariants/{file.name}: written" for file in packaged()
    ]
    for file in packaged():
        assert (empty / "invariants" / file.name).read_text() == file.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[tool.llminv]\nhandler"),
        ("[project]\nname = 'x'\n", "[project]\nname = 'x'\n\n[tool.llminv]\nhandler"),
        (
            "[project]\nname = 'x' # no newline",
            "[project]\nname = 'x' # no newline\n\n[tool.llminv]\nhandler",
        ),
        ("[project]\r\nname = 'x'\r\n", "[project]\r\nname = 'x'\r\n\r\n[tool.llminv]\r\nhandler"),
    ],
)
def test_settings_are_appended(empty, cli, before, after):
    (empty / "pyproject.toml").write_bytes(before.encode())
    assert cli("init").status == 0
    text = (empty / "pyproject.toml").read_bytes().decode()
    assert text.startswith(after)
    assert tomllib.loads(text)["tool"]["llminv"] == {
        "handler": "handler.py:Handler",
        "invariants": "invariants",
    }


def test_settings_that_are_there_are_gone_by(empty, cli):
    text = "[tool]\nllminv.handler = 'app.llm:Router'\nllminv.invariants = 'promises'\n"
    (empty / "pyproject.toml").write_text(text)
    answer = cli("init")
    *declared, handler, settings = answer.out.splitlines()
    assert declared == ["promises/llm.yaml: written", "promises/providers.yaml: written"]
    assert handler == "handler.py: not needed, the handler is app.llm:Router"
    assert settings == "pyproject.toml: kept as it was, it has [tool.llminv]"
    assert (empty / "pyproject.toml").read_text() == text
    assert not (empty / "handler.py").exists()


def test_settings_that_cannot_be_appended(empty, cli):
    (empty / "pyproject.toml").write_text("tool = {}\n")
    answer = cli("init")
    assert answer.status == 2
    assert answer.err.startswith("error: pyproject.toml: [tool.llminv] cannot be appended")
    assert (empty / "pyproject.toml").read_text() == "tool = {}\n"


def test_other_declarations_are_left_alone(empty, cli):
    (empty / "invariants").mkdir()
    (empty / "invariants/own.yml").write_text("domain: Ours\n")
    assert cli("init").out.startswith("invariants: kept as it was, it holds own.yml\n")
    assert [path.name for path in (empty / "invariants").iterdir()] == ["own.yml"]


def test_own_files_are_kept(empty, cli):
    (empty / "invariants").mkdir()
    for name in ("handler.py", "invariants/providers.yaml"):
        (empty / name).write_text("ours\n")
    cli("init")
    assert (empty / "handler.py").read_text() == "ours\n"
    assert (empty / "invariants/providers.yaml").read_text() == "ours\n"
    assert (empty / "invariants/llm.yaml").exists()


def test_a_wheel_carries_every_declaration():
    included = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    carried = [*(file.name for file in packaged()), "usage"]
    assert all((ROOT / "invariants" / name).exists() for name in carried)
    assert included["force-include"] == {f"invariants/{name}": f"llminv/packaged/{name}" for name in carried}


def test_the_recorded_usage_comes_along(empty, cli):
    cli("init", "--all")
    usage = ROOT / "invariants/usage"
    for file in usage.iterdir():
        assert (empty / "invariants/usage" / file.name).read_text() == file.read_text()
