"""proofs.toml, beside the ledger: what `llminv prove` saw of each invariant. It is llminv's; nobody edits it.

An entry counts for as long as the invariant promises the same: it holds a digest of the promise. Whoever
changes a field, the policy or the providers has to prove anew; words for people may change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llminv import __version__
from llminv.audit.proof import Proof, Result
from llminv.codec import to_json
from llminv.evidence import toml_text
from llminv.evidence.files import locked, read_text, write_atomically
from llminv.evidence.toml_file import TomlFile, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from llminv.declaration.promise import Promise

PROOFS_TOML = "proofs.toml"
FORMAT = 1

_HEAD = "# What `llminv prove` saw when it planted known bugs in the handler, for each invariant.\n\n"
_MEND = "delete the file: `llminv prove` writes it anew"
# What of an invariant is for people, and changes nothing that is played or judged.
_FOR_PEOPLE = frozenset({"title", "statement", "critical", "accepted", "max_examples"})


@dataclass(frozen=True)
class Proven:
    """The proofs of one invariant, in which handler, and a digest of the promise."""

    handler: str
    promise: str
    llminv_version: str
    proofs: tuple[Proof, ...] = ()

    def of(self, result: Result) -> list[Proof]:
        """Return the proofs with this result."""
        return [proof for proof in self.proofs if proof.result == result]


def digest(promise: Promise) -> str:
    """Return a digest of all that a proof depends on."""
    said = promise.to_json()
    invariant = {name: value for name, value in said["invariant"].items() if name not in _FOR_PEOPLE}
    parts = [invariant, said["policy"], said["providers"]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def proven(promise: Promise, handler: str, proofs: tuple[Proof, ...]) -> Proven:
    """Return the entry of a promise as it is now."""
    return Proven(handler, digest(promise), __version__, proofs)


def read_proofs(folder: Path) -> dict[str, Proven]:
    """Return the entries by the ids of invariants; raise LedgerError, with the line, for a wrong one."""
    path = folder / PROOFS_TOML
    text = read_text(path)
    if text is None:
        return {}
    toml = TomlFile(path, text, version=FORMAT, mend=_MEND)
    unknown = sorted(toml.data.keys() - {"format", "invariants"})
    if unknown:
        raise toml.wrong(unknown[0], f"the file has no field {unknown[0]!r}: it has format and invariants")
    entries = toml.data.get("invariants", {})
    if not isinstance(entries, dict):
        raise toml.wrong("invariants", "invariants is not a table")
    return {name: _entry(toml, name, value) for name, value in entries.items()}


def _entry(toml: TomlFile, name: str, value: object) -> Proven:
    entry: Proven = toml.read(Proven, value, f"invariants.{name}")
    for index, proof in enumerate(entry.proofs):
        if proof.result not in list(Result):
            what = f"{proof.result!r} is no result{nearest(proof.result, Result)}"
            raise toml.wrong(f"invariants.{name}.proofs[{index}].result", what)
    return entry


def write_proofs(folder: Path, new: Mapping[str, Proven], declared: Collection[str]) -> bool:
    """Put `new` into the file; entries of invariants that are not `declared` go. Return whether it changed.

    Two processes that write at once both keep what they wrote.
    """
    with locked(folder):
        entries = {**read_proofs(folder), **new}
        kept = {name: to_json(entries[name]) for name in sorted(entries) if name in declared}
        return write_atomically(
            folder / PROOFS_TOML, _HEAD + toml_text.dumps({"format": FORMAT, "invariants": kept})
        )
