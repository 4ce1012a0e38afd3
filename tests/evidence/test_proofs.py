"""proofs.toml: whole after every write, read back as it was, and clear about what is wrong in it."""

import pytest

from llminv.audit.proof import Proof, Result
from llminv.errors import LedgerError
from llminv.evidence.proofs import PROOFS_TOML, Proven, read_proofs, write_proofs

CAUGHT = Proof("chain_stopped", "only_the_first", Result.CAUGHT.value, 2)
FORGED = Proof("outside_chain", "asks_a_stranger", Result.CAUGHT.value, 1, forges=True)
SURVIVED = Proof("hang", "waits_for_ever", Result.SURVIVED.value, 105, "it acted, and the finding never came")
ENTRY = Proven("app.py:Handler", "0123456789abcdef", "0.1.0", (CAUGHT, FORGED, SURVIVED))


def test_what_is_written_is_read(tmp_path):
    assert read_proofs(tmp_path) == {}
    assert write_proofs(tmp_path, {"chain": ENTRY}, {"chain"})
    assert read_proofs(tmp_path) == {"chain": ENTRY}
    assert not write_proofs(tmp_path, {"chain": ENTRY}, {"chain"})
    assert ENTRY.of(Result.SURVIVED) == [SURVIVED]


def test_others_are_kept_and_the_undeclared_go(tmp_path):
    write_proofs(tmp_path, {"chain": ENTRY, "keys": ENTRY}, {"chain", "keys"})
    newer = Proven("app.py:Handler", "f" * 16, "0.1.0", (CAUGHT,))
    write_proofs(tmp_path, {"chain": newer}, {"chain", "keys"})
    assert read_proofs(tmp_path) == {"chain": newer, "keys": ENTRY}
    write_proofs(tmp_path, {}, {"keys"})
    assert read_proofs(tmp_path) == {"keys": ENTRY}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", ":3: format version 2 is not known; this llminv reads 1"),
        ("format = 1", "format = ", ":3: not TOML"),
        ("format = 1", 'format = 1\nby = "me"', ":4: the file has no field 'by'"),
        ('promise = "0123456789abcdef"', "promise = 7", ":7: field 'invariants.chain.promise': found 7"),
        ('"caught"', '"caugth"', "'caugth' is no result: did you mean 'caught'?"),
        ("llminv_version", "version", "has no field 'version': did you mean 'llminv_version'?"),
    ],
)
def test_what_is_wrong_in_it(tmp_path, old, new, message):
    write_proofs(tmp_path, {"chain": ENTRY}, {"chain"})
    path = tmp_path / PROOFS_TOML
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(LedgerError) as caught:
        read_proofs(tmp_path)
    assert message in caught.value.message
    assert "llminv" in caught.value.hint
