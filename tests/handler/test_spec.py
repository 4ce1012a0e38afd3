"""From a spec to a handler: what is called, what is taken as it is, and what is said where neither works."""

import sys
from pathlib import Path

import pytest

from llminv.contract import OPERATIONS, World
from llminv.errors import HandlerError
from llminv.handler.spec import load_target, method_of, offered, own_traceback

SOURCE = """
class Plain:
    def complete(self, request): return "plain"
class Asynchronous:
    async def complete(self, request): return "async"
    async def stream(self, request): yield "a"
class Both(Plain):
    async def acomplete(self, request): return "async"
class Nothing:
    complete = None
class Wide:
    def complete(self, request): pass
    def stream(self, request): pass
    def count_tokens(self, text_or_messages, *, provider, model, tools=()): pass
    def cost(self, usage, *, provider, model): pass
made = Plain()
class namespace:
    made = made
def factory(): return Plain()
def with_world(world): return world
def with_default(world=None): return world
def with_other_default(debug=False): return debug
async def coroutine(world): return world
number = 3
"""
WORLD = World({}, {}, {})


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "my-handler.v1.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(
    ("attribute", "is_factory"),
    [
        ("Plain", True),
        ("Asynchronous", True),
        ("made", False),
        ("namespace.made", False),
        ("factory", True),
        ("coroutine", True),
    ],
)
def test_a_class_or_a_callable_is_called_anything_else_is_the_handler(attribute, is_factory, file):
    assert load_target(f"{file}:{attribute}").is_factory is is_factory


@pytest.mark.parametrize(
    ("attribute", "made"),
    [("with_world", WORLD), ("with_default", WORLD), ("with_other_default", False)],
)
def test_the_world_is_given_to_those_who_take_it(attribute, made, file):
    assert load_target(f"{file}:{attribute}").make(WORLD) == made


@pytest.mark.parametrize(
    ("attribute", "operations"),
    [
        ("Plain", ("complete",)),
        ("Asynchronous", ("acomplete", "astream")),
        ("Both", ("complete", "acomplete")),
        ("Nothing", ()),
        ("Wide", ("complete", "stream", "count_tokens", "cost")),
    ],
)
def test_operations(attribute, operations, file):
    handler = load_target(f"{file}:{attribute}").make(WORLD)
    assert offered(handler) == operations
    for operation in OPERATIONS:
        if operation in operations:
            assert callable(method_of(handler, operation))
        else:
            with pytest.raises(HandlerError, match=f"^the handler does not offer {operation}$"):
                method_of(handler, operation)


def test_a_module_can_be_the_handler(tmp_path, monkeypatch):
    (tmp_path / "a_module_of_ours.py").write_text("def complete(request): return 'hi'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    target = load_target("a_module_of_ours")
    assert (target.is_factory, offered(target.value)) == (False, ("complete",))


@pytest.mark.parametrize(
    ("attribute", "message", "hint"),
    [
        ("Plane", "{file} has no attribute 'Plane'", "did you mean {file}:Plain?"),
        ("zzz", "{file} has no attribute 'zzz'", "name something that stands in {file}"),
        (
            "number",
            "{file}:number offers no operation",
            "a handler has at least one of: complete, acomplete, stream, astream, count_tokens, cost",
        ),
    ],
)
def test_what_is_said_about_a_wrong_attribute(attribute, message, hint, file):
    with pytest.raises(HandlerError) as caught:
        load_target(f"{file}:{attribute}")
    assert caught.value.message == message.format(file=file)
    assert caught.value.hint == hint.format(file=file)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "nowhere/handler.py:Handler",
            "handler 'nowhere/handler.py:Handler': there is no file nowhere/handler.py",
        ),
        ("no-such-name:Handler", "'no-such-name:Handler' is not a handler spec"),
        (
            "no_such_module_x:Handler",
            "handler 'no_such_module_x:Handler': no module named 'no_such_module_x'",
        ),
    ],
)
def test_what_is_said_about_a_wrong_place(spec, message):
    with pytest.raises(HandlerError) as caught:
        load_target(spec)
    assert caught.value.message == message
    assert caught.value.hint


PACKAGE = {
    "__init__.py": "from gw_inner.core import Handler as Known\n",
    "core.py": "from .answers import ANSWER\nclass Handler:\n    def complete(self, request): return ANSWER\n",
    "answers.py": "ANSWER = 'from a package'\n",
    "script.py": "from answers import ANSWER\nclass Handler:\n    def complete(self, request): return ANSWER\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write a package into a folder of the current one, and return its own folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)

    def written(parent, name="gw_inner"):
        folder = tmp_path / parent / name
        folder.mkdir(parents=True)
        for file, text in PACKAGE.items():
            (folder / file).write_text(text.replace("gw_inner", name))
        return folder

    yield written
    for loaded in [known for known in sys.modules if known.split(".")[0] in ("gw_inner", "answers")]:
        del sys.modules[loaded]


@pytest.mark.parametrize(
    ("parent", "spec"),
    [
        ("src", "src/gw_inner/core.py:Handler"),
        ("src", "src/gw_inner/__init__.py:Known"),
        (".", "gw_inner/core.py:Handler"),
        ("src", "gw_inner.core:Handler"),
        ("src", "gw_inner:Known"),
    ],
)
def test_a_file_of_a_package_is_imported_as_its_module(package, parent, spec):
    package(parent)
    made = load_target(spec).make(WORLD)
    assert made.complete(None) == "from a package"
    assert type(made).__module__ == "gw_inner.core"  # once, under its own name
    assert type(made) is sys.modules["gw_inner"].Known


def test_the_projects_folder_comes_before_its_src(package):
    package(".")
    package("src")
    sys.path.insert(0, str(Path.cwd()))
    with pytest.raises(HandlerError, match="has no attribute 'Nothing'"):
        load_target("gw_inner:Nothing")
    assert str(Path("src").absolute()) not in sys.path


def test_a_file_of_a_package_may_name_its_neighbours_as_a_script_does(package):
    package("src")
    made = load_target("src/gw_inner/script.py:Handler").make(WORLD)
    assert made.complete(None) == "from a package"


def test_a_package_without_an_init_is_told_what_it_lacks(package):
    (package("src") / "__init__.py").unlink()
    with pytest.raises(HandlerError, match="relative import") as caught:
        load_target("src/gw_inner/core.py:Handler")
    assert caught.value.hint == "put an __init__.py beside the file, or write package.module:attribute"
    assert load_target("gw_inner.core:Handler").make(WORLD).complete(None) == "from a package"


def test_a_package_called_as_one_of_pythons_own_hides_nothing(package):
    folder = package(".", "queue")
    load_target("queue/script.py:Handler")
    assert str(folder.parent) not in sys.path


@pytest.mark.parametrize(
    ("parent", "spec", "missing", "hint"),
    [
        (
            "backend",
            "gw_inner.core:Handler",
            "gw_inner",
            "backend/gw_inner is the project's own: name the handler by its file, or set PYTHONPATH=backend",
        ),
        (
            "src",
            "gw_inner.cor:Handler",
            "gw_inner.cor",
            "look for the right name in src/gw_inner, which is the project's own",
        ),
        (
            "src/gw_inner",
            "gw_outer",
            "gw_outer",
            (
                f"llminv runs in {sys.prefix}: install the handler's libraries there (pip install gw_outer), "
                "or install llminv into the handler's own environment"
            ),
        ),
    ],
)
def test_nobody_is_told_to_install_what_is_the_projects_own(package, parent, spec, missing, hint):
    package(parent)
    sys.path.insert(0, str(Path.cwd()))
    with pytest.raises(HandlerError) as caught:
        load_target(spec)
    assert caught.value.message == f"handler {spec!r}: no module named {missing!r}"
    assert caught.value.hint == hint


def test_a_module_that_raises_shows_the_users_own_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "raises.py"
    path.write_text("def inner():\n    1 / 0\ninner()\n")
    with pytest.raises(HandlerError) as caught:
        load_target(f"{path}:Handler")
    lines = caught.value.traceback.splitlines()
    assert [line.strip() for line in lines if "File" in line] == [
        f'File "{path}", line 3, in <module>',
        f'File "{path}", line 2, in inner',
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_traceback_of_our_own_alone_stays_a_traceback():
    assert own_traceback(ValueError("x")) == "ValueError: x\n"


def test_a_word_that_is_nearly_an_adapter():
    with pytest.raises(HandlerError) as caught:
        load_target("openai_sdk")
    assert caught.value.hint == "did you mean the adapter openai-sdk?"


def test_an_adapter_is_loaded_by_its_name():
    assert load_target("openai-sdk").spec == "llminv.handler.adapters.openai_sdk:Handler"
