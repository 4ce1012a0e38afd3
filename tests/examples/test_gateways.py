"""The ledger of the gateways: what was found in one shows again when its script has started it."""

import subprocess

import pytest
from environments import REPOSITORY

from llminv.evidence.ledger import Ledger

FOLDER = REPOSITORY / "examples/gateways"
BUGS = {bug.id: bug for bug in Ledger(FOLDER / "bugs").bugs()}
# By the port of its gateway.
SCRIPTS = {4000: "litellm_proxy", 8787: "portkey"}
INSTALLS_AND_STARTS_S = 900


def script_of(bug):
    (name,) = [name for port, name in SCRIPTS.items() if f":{port}/" in bug.handler]
    return FOLDER / name / "audit.sh"


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_says_in_which_release_it_was_found(name):
    """Which llminv cannot know of another process."""
    script = script_of(BUGS[name]).read_text()
    version = script.partition("VERSION:-")[2].partition("}")[0]
    assert version
    assert f" {version} " in BUGS[name].root_cause


@pytest.mark.deep
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_shows_again(name):
    """Needs the network, and the script of Portkey needs npm."""
    file = FOLDER / f"bugs/{name}.toml"
    command = [script_of(BUGS[name]), "replay", file]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALLS_AND_STARTS_S, cwd=REPOSITORY, check=False
    )
    assert (done.returncode, done.stdout.partition(" ")[0]) == (1, "FAILS"), done.stderr
