"""A document is whole at every moment, whatever is interrupted."""

import os
from multiprocessing import get_context

import pytest

from llminv.errors import UsageError
from llminv.evidence.files import ensure_writable, read_text, write_atomically, write_new


def leftovers(folder):
    return [file.name for file in folder.iterdir() if file.name.endswith(".tmp")]


def test_written_as_it_is(tmp_path):
    file = tmp_path / "new" / "A.md"
    assert write_atomically(file, "a\r\nb\n") is True
    assert file.read_bytes() == b"a\r\nb\n"
    assert read_text(file) == "a\r\nb\n"
    assert leftovers(file.parent) == []


def test_the_same_text_is_not_written_again(tmp_path):
    file = tmp_path / "A.md"
    write_atomically(file, "a")
    before = file.stat()
    assert write_atomically(file, "a") is False
    assert file.stat().st_ino == before.st_ino
    assert write_atomically(file, "b") is True


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch, step, error):
    file = tmp_path / "A.md"
    file.write_text("old")

    def interrupted(*args):
        raise error

    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises((UsageError, KeyboardInterrupt)) as raised:
        write_atomically(file, "new")
    monkeypatch.undo()
    assert file.read_text() == "old"
    assert leftovers(tmp_path) == []
    if isinstance(raised.value, UsageError):
        assert raised.value.message == f"cannot write {file}: No space left on device"


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_an_interrupted_first_write_leaves_nothing(tmp_path, monkeypatch, step):
    def interrupted(*args, **options):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(UsageError, match="Input/output error"):
        write_new(tmp_path / "a.toml", "new")
    assert list(tmp_path.iterdir()) == []


def test_permissions_and_links_are_kept(tmp_path):
    file, link = tmp_path / "A.md", tmp_path / "B.md"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o640)


def test_a_new_file_is_readable_as_any_other(tmp_path):
    (tmp_path / "other").touch()
    write_new(tmp_path / "a.toml", "")
    assert (tmp_path / "a.toml").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_an_existing_file_is_never_overwritten(tmp_path):
    file = tmp_path / "a.toml"
    assert write_new(file, "first") is True
    assert write_new(file, "second") is False
    assert file.read_text() == "first"
    assert leftovers(tmp_path) == []


def race(file, text, barrier, results):
    barrier.wait()
    results.put((text, write_new(file, text)))


def test_one_of_many_processes_creates_the_file(tmp_path):
    context = get_context("spawn")
    barrier, results, file = context.Barrier(4), context.Queue(), tmp_path / "a.toml"
    children = [context.Process(target=race, args=(file, f"text {i}", barrier, results)) for i in range(4)]
    for child in children:
        child.start()
    outcome = dict(results.get(timeout=60) for _ in children)
    for child in children:
        child.join()
    assert sorted(outcome.values()) == [False, False, False, True]
    assert outcome[file.read_text()] is True


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as raised:
        ensure_writable(tmp_path / "file" / "folder")
    assert raised.value.message == f"cannot write to {tmp_path}/file/folder: Not a directory"
    assert raised.value.hint
    ensure_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_what_cannot_be_read(tmp_path):
    assert read_text(tmp_path / "missing") is None
    (tmp_path / "A.md").write_bytes(b"ab\xff")
    with pytest.raises(UsageError, match=r"A\.md is not UTF-8 text: invalid start byte at byte 2"):
        read_text(tmp_path / "A.md")
    with pytest.raises(UsageError, match="cannot read"):
        read_text(tmp_path)
