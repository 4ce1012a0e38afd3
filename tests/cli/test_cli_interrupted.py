"""Whatever kills llminv, and whenever: every file is as it was before, or as it is afterwards."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "support/interrupted.py"
DOCUMENTS = ["INVARIANTS.md", "VALIDATED_BUG.md"]


def test_killed_at_every_step(project, cli, edit):
    """The handler has a bug, and the documents are those of a time before it was known."""
    cli("docs")
    edit("pyproject.toml", "handler.py:Router", "broken.py:Stops")
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    bug = "invariants/bugs/fallback-chain-stopped-openai-rate-limit-912ba6.toml"
    changed = {
        "file_a_bug": [*DOCUMENTS, bug],
        "write_documents": ["INVARIANTS.md"],
        "verify": ["invariants/bugs/verified.toml"],
    }
    for action, names in changed.items():
        found = report[action]
        assert found["torn"] == []
        assert found["old"] == names
        assert found["new"] == names
        assert found["killed"] >= 6 * len(names)
