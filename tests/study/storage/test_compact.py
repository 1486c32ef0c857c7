"""Compaction: fewer files, the same runs, whenever it is killed."""

import errno
import os

import pytest
from pyarrow import parquet

from abm.study.provenance import files
from abm.study.provenance.digest import digest
from abm.study.storage.compact import LARGE, STEP, compact
from abm.study.storage.segment import encode
from abm.study.storage.store import Store


@pytest.fixture
def sheet(study):
    return study(replications=10, kpis=("profit",)).sheet


@pytest.fixture
def store(sheet, outcome, tmp_path):
    """Twenty runs in ten segments, one of them failed, and one segment of another experiment."""
    made = Store(tmp_path)
    made.prepare()
    for index in range(0, 20, 2):
        second = outcome(sheet, index + 1, error="RuntimeError" if index == 6 else "")
        made.commit(encode([outcome(sheet, index), second], sheet.kpis))
    return made


def content(store, sheet):
    rows = [store.rows(sheet, by_period=which) for which in (False, True)]
    values = [
        (r.index.tolist(), r.period.tolist(), [r.firms[f] for f in r.firm], r.kpis["profit"].tobytes()) for r in rows
    ]
    return values, rows[0].errors


def test_the_same_runs_in_one_file(store, sheet):
    before = content(store, sheet)
    assert compact(store, many=5) == 10
    assert len(store.names()) == 1
    assert content(store, sheet) == before


def test_few_segments_are_left_alone(store):
    assert compact(store) == 0
    assert len(store.names()) == 10


def test_twins_are_dropped_and_the_done_one_stays(store, sheet, outcome):
    store.commit(encode([outcome(sheet, 7), outcome(sheet, 0)], sheet.kpis))
    before = content(store, sheet)
    compact(store, many=2)
    assert content(store, sheet) == before
    assert before[1] == {}
    (name,) = store.names()
    ids, failed = store.open(name).runs
    assert (len(ids), len(set(ids)), failed.any()) == (20, 20, False)


def test_other_columns_go_into_other_segments(store, sheet, study, outcome):
    other = study(kpis=("csi", "trust")).sheet
    for index in (0, 1):
        store.commit(encode([outcome(other, index)], other.kpis))
    before = content(store, sheet)
    assert compact(store, many=2) == 12
    assert len(store.names()) == 2
    assert content(store, sheet) == before
    assert store.holdings(other).done.sum() == 2


def test_runs_made_with_other_versions_stay_apart(store, sheet, outcome, monkeypatch):
    monkeypatch.setattr("abm.study.storage.segment.versions", lambda: {"numpy": "9.9"})
    store.commit(encode([outcome(sheet, 0), outcome(sheet, 1)], sheet.kpis))
    store.commit(encode([outcome(sheet, 2), outcome(sheet, 3)], sheet.kpis))
    before = content(store, sheet)
    made_with = store.made_with()
    assert len(made_with) == 2
    with monkeypatch.context() as patch:
        patch.setattr(store, "open", None)  # what is known of a segment is not read again
        assert store.made_with() == made_with
    assert compact(store, many=2) == 12
    assert (len(store.names()), store.made_with()) == (2, made_with)
    assert content(store, sheet) == before


@pytest.mark.parametrize("when", ["before the merged segment", "before the small ones go", "half-way through them"])
def test_a_kill_loses_nothing(store, sheet, monkeypatch, when):
    class Killed(BaseException):
        pass

    def killed(*arguments):
        raise Killed

    def half(self, names):
        for name in sorted(names)[:5]:
            (self.segments / f"{name}.parquet").unlink()
        raise Killed

    before = content(store, sheet)
    method = "merge" if when.startswith("before the merged") else "remove"
    monkeypatch.setattr(Store, method, half if when.startswith("half") else killed)
    with pytest.raises(Killed):
        compact(store, many=2)
    monkeypatch.undo()
    assert content(store, sheet) == before
    compact(store, many=2)
    assert content(store, sheet) == before


def test_groups_keep_to_a_size(store, sheet, monkeypatch):
    before = content(store, sheet)
    largest = max(store.size(name) for name in store.names())
    monkeypatch.setattr("abm.study.storage.compact.LARGE", 3 * largest)
    compact(store, many=2)
    assert 3 <= len(store.names()) <= 5
    assert content(store, sheet) == before


def test_another_process_may_have_compacted_meanwhile(store, sheet, monkeypatch):
    before = content(store, sheet)
    names = store.names()
    rival = Store(store.folder)
    compact(rival, many=2)
    monkeypatch.setattr(Store, "names", lambda self: names)
    monkeypatch.setattr(Store, "size", lambda self, name: 1)
    assert compact(store, many=2) == 0
    monkeypatch.undo()
    assert content(store, sheet) == before


def test_a_segment_damaged_since_it_was_seen_is_not_merged(store, sheet):
    """Its numbers would get a sound digest."""
    store.names()
    victim = store.segments / f"{store.names()[3]}.parquet"
    about = victim.stat()
    data = bytearray(victim.read_bytes())
    data[len(data) // 3] ^= 4
    victim.write_bytes(data)
    os.utime(victim, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert compact(store, many=2) == 0
    assert compact(store, many=2) == 9
    assert store.damaged == {victim.stem}
    assert victim.exists()
    assert store.holdings(sheet).done.sum() + store.holdings(sheet).failed.sum() == 18


def test_a_full_disk_leaves_the_segments_as_they_are(store, sheet, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = content(store, sheet)
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        assert compact(store, many=2) == 0
    assert len(list(store.segments.iterdir())) == 10, "nothing is left of it"
    assert len(store.names()) == 10
    assert content(store, sheet) == before


@pytest.mark.parametrize(("size", "merged"), [(1 << 10, 11), (LARGE // STEP, 10), (LARGE - 1, 10), (LARGE, 10)])
def test_segments_of_other_sizes_are_not_merged(store, sheet, outcome, monkeypatch, size, merged):
    other = encode([outcome(sheet, 17), outcome(sheet, 18)], sheet.kpis)
    store.commit(other)
    monkeypatch.setattr(Store, "size", lambda self, name: size if name == digest(other).hex() else 2 << 10)
    assert compact(store, many=merged + 1) == 0
    assert compact(store, many=merged) == merged
    assert (digest(other).hex() in store.names()) == (merged == 10)


def test_row_groups_are_of_a_size_whatever_is_merged(store, sheet, monkeypatch):
    before = content(store, sheet)
    monkeypatch.setattr("abm.study.storage.segment.ROWS", 9)
    compact(store, many=2)
    (name,) = store.names()
    about = parquet.read_metadata(store.segments / f"{name}.parquet")
    sizes = [about.row_group(group).num_rows for group in range(about.num_row_groups)]
    assert max(sizes) <= 9
    assert len(sizes) > 10
    assert content(store, sheet) == before
    assert len(store.open(name).runs[0]) == 20
