"""Compaction: fewer files, the same runs, whenever it is killed."""

import pytest

from abm.study.compact import compact
from abm.study.store import Store, encode


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
    assert store.open(name).metadata.row_group(0).num_rows == 20 * 2


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
    monkeypatch.setattr("abm.study.store.versions", lambda: {"numpy": "9.9"})
    store.commit(encode([outcome(sheet, 0), outcome(sheet, 1)], sheet.kpis))
    store.commit(encode([outcome(sheet, 2), outcome(sheet, 3)], sheet.kpis))
    before = content(store, sheet)
    made_with = store.made_with()
    assert len(made_with) == 2
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
    method = "commit" if when.startswith("before the merged") else "remove"
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
    monkeypatch.setattr("abm.study.compact.LARGE", 3 * largest)
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
