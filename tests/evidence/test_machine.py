"""Folders of this machine do not get into what is recorded."""

import dataclasses
import sys
import sysconfig
import tempfile
from datetime import date
from pathlib import Path

import pytest

import llminv
from llminv.audit.events import HandlerInfo
from llminv.evidence.bug import from_counterexample
from llminv.evidence.machine import without_folders
from llminv.evidence.version import Version
from llminv.history import ErrorInfo, History, Raised

PROJECT = Path("/srv/app")
SITE = sysconfig.get_paths()["purelib"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"open('{PROJECT}/app/x.py')", "open('<project>/app/x.py')"),
        (f"{PROJECT}", "<project>"),
        (f"in {PROJECT}.", "in <project>."),
        (f"{PROJECT}-two/x", f"{PROJECT}-two/x"),
        (f"/mnt{PROJECT}/x", f"/mnt{PROJECT}/x"),
        (f"https://example.com{PROJECT}/x", f"https://example.com{PROJECT}/x"),
        (f'File "{SITE}/httpx/_api.py"', 'File "<site-packages>/httpx/_api.py"'),
        (f"{Path(llminv.__file__).parent}/runner.py", "<llminv>/runner.py"),
        (f"{sys.prefix}/bin/python", "<python>/bin/python"),
        (f"{Path.home()}/.netrc", "<home>/.netrc"),
        (f"{tempfile.gettempdir()}/a,{tempfile.gettempdir()}/b", "<tmp>/a,<tmp>/b"),
        ("nothing of that", "nothing of that"),
    ],
)
def test_in_a_text(text, expected):
    assert without_folders({"a": [text, 1, None]}, PROJECT) == {"a": [expected, 1, None]}


def test_in_a_bug(promise, counterexample):
    raised = Raised(0.25, 0, ErrorInfo("OSError", f"no {PROJECT}/key", frames=(f"{SITE}/a.py:1 in b",)))
    told = dataclasses.replace(
        counterexample,
        finding=dataclasses.replace(
            counterexample.finding, expected=f"a {PROJECT}/a", observed=f"b {PROJECT}/b"
        ),
        history=History((raised,)),
    )
    bug = from_counterexample(
        promise,
        told,
        HandlerInfo("app.py", ()),
        version=Version(),
        transport="in-process",
        seed=1,
        today=date(2026, 1, 31),
        folder=PROJECT,
    )
    assert (bug.expected, bug.observed) == ("a <project>/a", "b <project>/b")
    (event,) = bug.history.events
    assert event.error.message == "no <project>/key"
    assert event.error.frames == ("<site-packages>/a.py:1 in b",)
