"""Files that are whole or not there."""

import errno
import os
import time

import pytest

from abm.study.provenance import files
from abm.study.provenance.digest import digest
from abm.study.provenance.files import remove_abandoned, write_named, write_whole


def test_written_and_written_over(tmp_path):
    write_whole(tmp_path / "a", b"one")
    write_whole(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_write_that_fails(tmp_path, monkeypatch, error):
    def fails(handle):
        raise error

    monkeypatch.setattr(files.os, "fsync", fails)
    with pytest.raises(type(error)):
        write_whole(tmp_path / "a", b"one")
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_survives_a_write_that_fails(tmp_path, monkeypatch):
    write_whole(tmp_path / "a", b"one")
    monkeypatch.setattr(files.os, "fsync", lambda handle: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"


def test_named_by_the_digest_of_what_was_written_little_by_little(tmp_path):
    name = write_named(tmp_path, ".txt", lambda file: [file.write(part) for part in (b"one", b"", b"two")])
    assert name == digest(b"onetwo").hex()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(f"{name}.txt", b"onetwo")]


def test_nothing_is_left_of_a_file_that_is_not_filled(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_named(tmp_path, ".txt", lambda file: (file.write(b"one"), 1 / 0))
    assert list(tmp_path.iterdir()) == []


def test_flushed_before_it_gets_its_name(tmp_path, monkeypatch):
    events = []
    fsync, rename = os.fsync, files.Path.replace
    monkeypatch.setattr(files.os, "fsync", lambda handle: (events.append("flush"), fsync(handle)))
    monkeypatch.setattr(files.Path, "replace", lambda a, b: (events.append("rename"), rename(a, b)))
    write_whole(tmp_path / "a", b"one")
    assert events == ["flush", "rename", "flush"]


def test_only_old_unfinished_files_are_removed(tmp_path):
    for name in (".a.1.part", ".b.2.part", "c.part"):
        (tmp_path / name).touch()
    old = time.time() - 2 * 3600
    os.utime(tmp_path / ".a.1.part", (old, old))
    os.utime(tmp_path / "c.part", (old, old))
    remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.2.part", "c.part"]
