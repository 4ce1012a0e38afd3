"""verified.toml keeps what was seen, of as many as write at once."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

from llminv.evidence.ledger import Ledger
from llminv.evidence.verified import BugStatus, entry_for, read_verified, standing, write_verified


def test_who_writes_at_once_loses_nothing(tmp_path, bug):
    """Each opens the folder for itself, as processes do, and waits for its lock."""
    bugs = [dataclasses.replace(bug, id=f"bug-{number}") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        written = pool.map(
            lambda each: write_verified(tmp_path, {each.id: entry_for(each, BugStatus.OPEN)}, bugs), bugs
        )
        assert all(written)
    assert read_verified(tmp_path).keys() == {each.id for each in bugs}


def test_the_same_again_is_not_written(tmp_path, bug):
    entry = {bug.id: entry_for(bug, BugStatus.OPEN, "it FAILS")}
    assert write_verified(tmp_path, entry, [bug]) is True
    assert write_verified(tmp_path, entry, [bug]) is False


def test_what_is_not_verified_is_told_by_the_bug(tmp_path, bug):
    ledger = Ledger(tmp_path)
    told = {
        (found, fixed): standing(dataclasses.replace(bug, found_in=found, fixed_in=fixed), {}).status
        for found in ("", "a", "a dirty", "a dirty x==1")
        for fixed in ("", "b", "x==2")
    }
    assert told == {
        ("", ""): BugStatus.UNVERIFIABLE,
        ("", "b"): BugStatus.UNVERIFIABLE,
        ("", "x==2"): BugStatus.UNVERIFIED,
        ("a", ""): BugStatus.OPEN,
        ("a", "b"): BugStatus.UNVERIFIED,
        ("a", "x==2"): BugStatus.UNVERIFIED,
        ("a dirty", ""): BugStatus.UNVERIFIABLE,
        ("a dirty", "b"): BugStatus.UNVERIFIABLE,
        ("a dirty", "x==2"): BugStatus.UNVERIFIED,
        ("a dirty x==1", ""): BugStatus.UNVERIFIABLE,
        ("a dirty x==1", "b"): BugStatus.UNVERIFIABLE,
        ("a dirty x==1", "x==2"): BugStatus.UNVERIFIED,
    }
    assert ledger.standings([bug]) == {bug.id: standing(bug, {})}
