"""Bad input: exit 2, one clear message with its place and what to do, and no traceback of ours."""

import os

import pytest

from llminv.cli.app import COMMANDS


def said(answer):
    """What stands on stderr, after making sure that nothing was played."""
    assert (answer.status, answer.out) == (2, "")
    assert "llminv/" not in answer.err, "a traceback of ours"
    return answer.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], "error: no such command 'rnu'. Did you mean 'run'?\nhelp: `llminv --help`"),
        (
            ["check", "--hlep"],
            "error: no such option: --hlep; did you mean --help?\nhelp: `llminv check --help`",
        ),
        (
            ["run", "--max-exampels", "3"],
            "error: no such option: --max-exampels; did you mean --max-examples?",
        ),
        (["run", "-n", "0"], "error: invalid value for '-n' / '--max-examples': Input should be greater"),
        (["run", "--seed", "x"], "error: invalid value for '--seed'"),
        (
            ["run", "--color", "blue"],
            "error: invalid value for '--color': 'blue' is not one of 'auto', 'always'",
        ),
        (["run", "--handler"], "error: option '--handler' requires an argument\n"),
        (["check", "extra"], "error: got unexpected extra argument(s) (extra)\n"),
        (["replay"], "error: missing argument 'BUG'\nhelp: `llminv replay --help`"),
        (
            ["run", "--select", "fallbak"],
            "error: no invariant 'fallbak' is declared; did you mean 'fallback'?",
        ),
        (["run", "--out", "x", "--no-write"], "error: --out and --no-write contradict each other\n"),
        (
            ["list", "fault"],
            "error: there is no list of 'fault'; did you mean 'faults'? (allowed: invariants,",
        ),
        (
            ["replay", "fallbak-1"],
            "error: no bug fallbak-1 is recorded in invariants/bugs\nhelp: `llminv bugs`",
        ),
        (["bugs", "shwo"], "error: there is no `llminv bugs shwo`; did you mean 'show'?"),
        (["bugs", "show"], "error: missing argument 'BUG'\nhelp: `llminv bugs` names"),
        (["bugs", "show", "no/such.toml"], "error: no/such.toml: no such file\nhelp: `llminv bugs`"),
        (["replay", "no/such.toml"], "error: no/such.toml: no such file\nhelp: `llminv bugs`"),
        (["run", "--invariants", "nowhere"], "error: nowhere: no such file or folder\nhelp: `llminv init`"),
        (["run", "--invariants", "handler.py"], "error: handler.py is a file\nhelp: name the folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_command_lines(project, cli, arguments, message):
    assert said(cli(*arguments)).startswith(message)


@pytest.mark.parametrize("command", [["run"], ["check"], ["list"]], ids=" ".join)
def test_a_folder_of_a_project_is_not_the_project(project, cli, monkeypatch, command):
    folder = project / "src/gateway"
    folder.mkdir(parents=True)
    (project / "src/pyproject.toml").write_text("[project]\nname = 'without-settings'\n")
    monkeypatch.chdir(folder)
    assert said(cli(*command)) == (
        "error: invariants: no such file or folder\n"
        f"help: the settings stand in {project}/pyproject.toml: run llminv in {project}\n"
    )
    (folder / "pyproject.toml").touch()
    assert said(cli(*command)).endswith("help: `llminv init` writes declarations to start from\n")


DECLARATION = "invariants/llm.yaml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("domain: LLM", "domain: [LLM", "2:11: this is not YAML: "),
        ("    title: Fallback\n", "    title: A\n    title: B\n", "5:5: "),
        (
            "kind: fallback_order",
            "kind: fallback_ordre",
            "5:11: kind: 'fallback_ordre' is not a kind; did you mean 'fallback_order'?",
        ),
        (
            "statement: A",
            "statment: A",
            "3:5: the field 'statement' is missing\nerror: invariants/llm.yaml:6:5: unknown field 'statment'; did you mean 'statement'?",
        ),
        ("failures: [http_429]", "failures: [http_492]", "8:16: failures[0]: 'http_492'"),
        ("failures: [http_429]", "chain: [opnai]", "8:13: chain[0]: "),
        (
            "failures: [http_429]",
            "chain: [deepseek, openai]",
            "8:23: chain[1]: 'openai' comes before",
        ),
    ],
)
def test_declarations(project, cli, edit, old, new, message):
    """What a declaration can be wrong in is tests/declaration's; here: every command says it like this."""
    text = (project / DECLARATION).read_text()
    (project / DECLARATION).write_text(text.replace(old, new, 1))
    answers = [said(cli(command)) for command in ("check", "run", "docs", "list")]
    assert f"error: {DECLARATION}:{message}" in answers[0]
    assert len(set(answers)) == 1


def test_no_declarations(project, cli):
    for file in (project / "invariants").iterdir():
        file.unlink()
    assert said(cli("run")) == (
        "error: invariants: the folder holds no YAML file\n"
        "help: `llminv init` writes declarations to start from\n"
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "nowhere.py:Handler",
            "error: handler 'nowhere.py:Handler': there is no file nowhere.py\nhelp: write path",
        ),
        ("no_such_module", "error: handler 'no_such_module': no module named 'no_such_module'\n"),
        (
            "handler.py:Ruoter",
            "error: handler.py has no attribute 'Ruoter'\nhelp: did you mean handler.py:Router?\n",
        ),
        ("handler.py", "error: handler.py offers no operation\nhelp: did you mean handler.py:Router?\n"),
        ("no such spec", "error: 'no such spec' is not a handler spec\nhelp: write package.module, "),
        (
            "broken.py:OffersNothing",
            "error: broken.py:OffersNothing makes a OffersNothing, which offers no operation",
        ),
    ],
)
def test_handler_specs(project, cli, spec, message):
    assert said(cli("run", "--handler", spec)).startswith(message)


@pytest.mark.parametrize("spec", ["needs_library.py", "raises.py", "broken.py:CannotBeMade"])
def test_handlers_that_raise_while_they_are_loaded(project, cli, spec, snapshot, monkeypatch):
    """The user's own traceback, and nothing of ours in it."""
    answer = cli("run", "--handler", spec)
    said(answer)
    scrubbed = answer._replace(err=answer.err.replace(f"{project}/", "").replace(os.sys.prefix, "PREFIX"))
    snapshot(f"handler_{spec.partition('.')[0]}", scrubbed)


def test_an_unwritable_folder(project, cli):
    (project / "taken").write_text("a file where the folder should be")
    before = {path for path in project.rglob("*") if "__pycache__" not in path.parts}
    assert said(cli("run", "--out", "taken")) == (
        "error: cannot write to taken: File exists\n"
        "help: check the path, its permissions and the free space, or name another folder\n"
    )
    assert {path for path in project.rglob("*") if "__pycache__" not in path.parts} == before


@pytest.mark.parametrize("read_only", [".", "invariants"])
def test_a_read_only_checkout(project, cli, monkeypatch, read_only):
    """Refused before anything is played. Root may write anywhere, so it is the attempt that is made to fail."""
    import tempfile

    real = tempfile.TemporaryFile

    def refuse(*args, **kwargs):
        if "dir" in kwargs and (project / read_only).samefile(kwargs["dir"]):
            raise OSError(30, "Read-only file system")
        return real(*args, **kwargs)

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert "Read-only file system" in said(cli("run"))


def test_documents_with_broken_markers(project, cli):
    (project / "INVARIANTS.md").write_text("<!-- llminv:end -->\n")
    assert said(cli("run")).startswith("error: INVARIANTS.md: the markers are not one pair")


def test_a_broken_ledger(project, cli):
    (project / "invariants/bugs").mkdir()
    (project / "invariants/bugs/x.toml").write_text("\nformat = \n")
    for command in (["run"], ["docs"], ["bugs"], ["bugs", "show", "x"], ["replay", "x"]):
        assert said(cli(*command)).startswith("error: invariants/bugs/x.toml:2: not TOML: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.llminv]\n\nhandlr = 'x'\n",
            "pyproject.toml:3: [tool.llminv] has no setting 'handlr'; did you mean 'handler'?",
        ),
        ("[tool.llminv]\nhandler = 3\n", "pyproject.toml:2: handler: expected text, found 3"),
        ("[tool.llminv]\nhandler = ' '\n", "pyproject.toml:2: handler: expected text, found ' '"),
        (
            "[tool.llminv]\nscenario_limit_s = 0\n",
            "pyproject.toml:2: scenario_limit_s: expected a number of seconds",
        ),
        (
            "[tool.llminv]\njobs = 0\n",
            "pyproject.toml:2: jobs: expected a whole number above 0, found 0",
        ),
        (
            "[tool.llminv]\njobs = true\n",
            "pyproject.toml:2: jobs: expected a whole number above 0, found True",
        ),
        (
            "[tool.llminv]\nscenario_limit_s = true\n",
            "pyproject.toml:2: scenario_limit_s: expected a number of seconds",
        ),
        (
            "[tool.llminv]\nscenario_limit_s = nan\n",
            "pyproject.toml:2: scenario_limit_s: expected a number of seconds",
        ),
        (
            "[tool.llminv]\nisolation = 'forks'\n",
            "pyproject.toml:2: isolation: 'forks' is no isolation; did you mean 'fork'?",
        ),
        (
            "[tool.llminv]\nledgers = 'x'\n",
            "pyproject.toml:2: ledgers: expected a list of folders, found 'x'",
        ),
        (
            "[tool.llminv]\nledgers = ['']\n",
            "pyproject.toml:2: ledgers: expected a list of folders, found ['']",
        ),
        ("[tool]\nllminv = 'x'\n", "pyproject.toml:2: tool.llminv is not a table"),
        ("tool = 3\n", "pyproject.toml:1: tool is not a table"),
        ("[tool.llminv\n", "pyproject.toml:1:13: this is not TOML: "),
        ("a = ", "pyproject.toml: this is not TOML: "),
    ],
)
def test_settings(project, cli, text, message):
    (project / "pyproject.toml").write_text(text)
    assert said(cli("check")).startswith(f"error: {message}")


def test_no_settings_are_the_defaults(project, cli):
    (project / "pyproject.toml").unlink()
    assert cli("check").status == 0
    # handler.py itself offers nothing, and the class in it is near.
    assert "did you mean handler.py:Router?" in said(cli("run"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_an_unknown_option(project, cli, command):
    assert f"`llminv {command} --help`" in said(cli(command, "--no-such-option"))
