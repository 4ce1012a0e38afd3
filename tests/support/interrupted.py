"""Kills itself at every step that touches a file, and looks at what is left; a script, for it forks.

Run in a project whose handler is wrong. For each action a child is killed (SIGKILL, nothing is cleaned
up) before its first such step, another one before its second, and so on until a child gets through. Each
has a copy of the project to itself. Prints, as JSON, for each action: how many were killed, which files
were left as they were before and which as they are afterwards, and what was neither.
"""

import contextlib
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from llminv.audit.engine import Options
from llminv.audit.engine import run as audit_run
from llminv.cli import record
from llminv.cli.project import Project
from llminv.evidence.verified import BugStatus, entry_for, write_verified
from llminv.evidence.version import Version
from llminv.kinds import KINDS
from llminv.reports.documents import documents
from llminv.simulation.transport import IN_PROCESS

# Whatever changes a file or a folder; who opens one to write it has emptied it before the first of these.
STEPS = {"write", "truncate", "fsync", "chmod", "link", "replace", "rename", "unlink", "mkdir"}


def file_a_bug(audit, killable):
    records = record.Records.planned(Project.here(), "broken.py:Stops", out=None, no_write=False)
    killable()
    list(records.write(audit, IN_PROCESS))


def write_documents(audit, killable):
    declaration = Path("invariants/llm.yaml")
    declaration.write_text(declaration.read_text().replace("agents stop working", "nobody is served"))
    killable()
    project = Project.here()
    wanted = project.declarations.promises
    list(record.up_to_date(lambda: documents(Path(), wanted, project.ledger, KINDS)))


def verify(audit, killable):
    file_a_bug(audit, lambda: None)
    ledger = Project.here().ledger
    (bug,) = ledger.bugs()
    write_verified(ledger.folder, {bug.id: entry_for(bug, BugStatus.OPEN, "before")}, [bug])
    killable()
    write_verified(ledger.folder, {bug.id: entry_for(bug, BugStatus.OPEN, "afterwards")}, [bug])


ACTIONS = (file_a_bug, write_documents, verify)


def touches_a_file(function):
    """Whether it is the operating system's, or a method of an open file, and no method of a text."""
    is_of_files = function.__module__ == "posix" or type(function.__self__).__module__ == "_io"
    return is_of_files and function.__name__ in STEPS


def die_before(step):
    """From here on this process may die; what there is now is what there was before."""
    Path("../before.json").write_text(json.dumps(files()))
    steps = itertools.count(1)

    def die(frame, event, function):
        if event == "c_call" and touches_a_file(function) and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(die)


def files():
    return {
        str(path): path.read_text()
        for path in sorted(Path().rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(".tmp")
    }


def attempt(action, audit, step):
    """Let a child do the action and die before a step (0: never); return if it died, and the files."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(".", f"{folder}/project", ignore=shutil.ignore_patterns("__pycache__"))
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.chdir(f"{folder}/project")
                action(audit, lambda: die_before(step))
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        if status and not os.WIFSIGNALED(status):
            sys.exit(f"{action.__name__} failed")
        with contextlib.chdir(f"{folder}/project"):
            return bool(status), json.loads(Path("../before.json").read_text()), files()


def main():
    record.handler_version = lambda *_: Version("abc")
    promises = [each for each in Project.here().declarations.promises if each.invariant.id == "fallback"]
    audit = audit_run(promises, "broken.py:Stops", KINDS, Options(seed=1))
    report = {}
    for action in ACTIONS:
        _, _, after = attempt(action, audit, 0)
        old, new, torn = set(), set(), []
        for step in itertools.count(1):
            died, before, left = attempt(action, audit, step)
            if not died:
                break
            for name in {*before, *after}:
                was, is_, will = before.get(name), left.get(name), after.get(name)
                if is_ not in (was, will):
                    torn.append([step, name])
                elif was != will:
                    (new if is_ == will else old).add(name)
            torn += [[step, name] for name in left if name not in {*before, *after}]
        report[action.__name__] = {"killed": step - 1, "old": sorted(old), "new": sorted(new), "torn": torn}
    print(json.dumps(report))


main()
