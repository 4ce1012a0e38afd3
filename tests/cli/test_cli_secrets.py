"""Secrets: no key, canary or real, stands in anything that llminv says or writes, whatever a handler does."""

import pytest

from llminv.audit.worker import Worker, WorkerCrash
from llminv.simulation.sites import canary

REAL = "company-0123456789-abcdefghij"
OWN = "sk-proj-" + "0123456789abcdef" * 2
USERS = "sk-users-0123456789-klmnopqrst"
SECRETS = [canary("openai"), canary("deepseek"), REAL, USERS, OWN]


@pytest.fixture
def leaks(project, edit, monkeypatch):
    """Configure one of the handlers that leak; the user's own key is in the environment."""
    monkeypatch.setenv("COMPANY_LLM_KEY", REAL)
    monkeypatch.setenv("OPENAI_API_KEY", USERS)

    def configure(name):
        edit("pyproject.toml", "handler.py:Router", f"leaks.py:{name}")

    return configure


def everything(project, *answers):
    """All that was said and all that was written, but for the handler's own code."""
    files = (path for path in project.rglob("*") if path.is_file() and path.suffix != ".pyc")
    texts = [path.read_text() for path in files if path.name != "leaks.py"]
    return "\n".join([*texts, *(answer.out + answer.err for answer in answers)])


def leaked(text):
    """The secrets in a text, and the longest beginnings of them: a key that was cut is one all the same."""
    return [secret for secret in SECRETS if secret[:20] in text]


def test_a_handler_that_leaks_wherever_it_can(project, leaks, cli):
    leaks("Everywhere")
    run = cli("run", "--seed", "1", "--select", "keys", "-n", "1")
    assert run.status == 1
    bug = min((project / "invariants/bugs").glob("*.toml")).stem
    text = everything(project, run, cli("bugs"), cli("replay", bug, "--bytes"), cli("bugs", "show", bug))
    assert leaked(text) == []
    for word in ("<key:openai>", "<key:deepseek@openai>", "<secret:COMPANY_LLM_KEY>", "<key:unknown>"):
        assert word in text, "the places where they stood are seen"


@pytest.mark.parametrize("name", ["WhileMade", "Dies", "NoReply"])
def test_a_handler_that_leaks_as_it_ends(project, leaks, cli, name):
    leaks(name)
    run = cli("run", "--seed", "1", "--select", "fallback")
    assert run.status == 2
    assert leaked(everything(project, run)) == []


def test_a_crash_of_llminv_itself(project, leaks):
    """The traceback of the worker is handed on, with what stands in the environment of both."""
    leaks("Everywhere")
    setting = {"providers": {"openai": {"dialect": f"{canary('openai')} {REAL} {USERS}"}}}
    with pytest.raises(WorkerCrash) as raised, Worker(setting, "handler.py:Router", 1.0):
        pass
    assert str(raised.value).splitlines()[-1] == (
        "KeyError: '<key:openai> <secret:COMPANY_LLM_KEY> <secret:OPENAI_API_KEY>'"
    )
