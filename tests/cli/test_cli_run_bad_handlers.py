"""Whatever a handler does, each invariant gets a verdict and the run goes on."""

import pytest

# What each of them does is in tests/support/project/broken.py: the verdict, and what the report says.
CASES = {
    "Exits": ("violated", "raises SystemExit: 3"),
    "Interrupts": ("violated", "raises KeyboardInterrupt"),
    "RaisesBase": ("violated", "raises BaseException: odd"),
    "Kills": ("unknown", "the handler ended its process (exited with status 7)"),
    "Segfaults": ("unknown", "the handler ended its process (killed by SIGSEGV), at broken.py:"),
    "Loops": ("unknown", "real-time limit of 0.5 s hit, at broken.py:"),
    "Polls": ("violated", "it never ends: sleeping, past 86400 virtual seconds"),
    "ReturnsNothing": ("unknown", "the handler returned builtins.NoneType, which is no Reply"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_terrible_end(project, cli, edit, name):
    verdict, said = CASES[name]
    edit("pyproject.toml", "scenario_limit_s = 2", "scenario_limit_s = 0.5")
    answer = cli("run", "--seed", "1", "--handler", f"broken.py:{name}")
    assert [
        line.split()[1] for line in answer.out.splitlines() if line.startswith(("fallback ", "keys "))
    ] == [
        "held",
        "held",
    ]
    assert f"{verdict.upper()} exhaustion" in answer.out
    assert said in " ".join(answer.out.split())
    assert answer.status == {"violated": 1, "unknown": 2}[verdict]


def test_a_hang(project, cli, snapshot):
    snapshot("run_hangs", cli("run", "--seed", "1", "--handler", "broken.py:Hangs", "--select", "fallback"))
