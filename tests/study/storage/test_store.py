"""The store: numbers come back to the last bit, twins once, damage is noticed."""

import errno
import hashlib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from abm.core.errors import Refusal
from abm.study.provenance import files
from abm.study.storage.results import Results
from abm.study.storage.rows import Holdings, Outcome
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments, Store
from tests.examples import examples

function_fixtures = settings(
    max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture
def sheet(study):
    return study(kpis=("profit", "csi")).sheet


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "results")
    made.prepare()
    return made


def bits(values):
    return np.ascontiguousarray(values).view(np.uint64).tolist()


@given(
    shape=st.tuples(st.integers(0, 4), st.integers(1, 3)),
    data=st.data(),
)
@function_fixtures
def test_every_bit_comes_back(sheet, shape, data):
    block = data.draw(arrays(float, (*shape, 2), elements=st.floats(width=64)))
    summary = data.draw(arrays(float, (shape[1], 2), elements=st.floats(width=64)))
    firms = tuple(f"firm {j}" for j in range(shape[1]))
    kept = Segments()
    kept.commit(encode([Outcome(sheet.run(1), "{}", firms, summary, block)], sheet.kpis))
    for rows, expected in (
        (kept.rows(sheet, by_period=False), summary[None]),
        (kept.rows(sheet, by_period=True), block),
    ):
        assert [rows.firms[code] for code in rows.firm] == list(firms) * expected.shape[0]
        for k, kpi in enumerate(sheet.kpis):
            assert bits(rows.kpis[kpi]) == bits(expected[:, :, k].ravel())


def test_periods_count_from_zero_and_whole_runs_are_minus_one(sheet, outcome):
    kept = Segments()
    kept.commit(encode([outcome(sheet, 0)], sheet.kpis))
    assert list(kept.rows(sheet, by_period=True).period) == [0, 0, 1, 1]
    assert list(kept.rows(sheet, by_period=False).period) == [-1, -1]


def test_equal_outcomes_make_equal_bytes(sheet, outcome):
    assert encode([outcome(sheet, 0)], sheet.kpis) == encode([outcome(sheet, 0)], sheet.kpis)


def test_runs_of_different_shape_share_a_segment(sheet, outcome):
    runs = [outcome(sheet, 0), outcome(sheet, 1, firms=("south", "west", "north"), periods=1)]
    runs += [outcome(sheet, 2, periods=0), outcome(sheet, 3, error="RuntimeError")]
    kept = Segments()
    kept.commit(encode(runs, sheet.kpis))
    rows = kept.rows(sheet, by_period=True)
    found = [(i, p, rows.firms[f]) for i, p, f in zip(rows.index, rows.period, rows.firm, strict=True)]
    assert found == [
        *[(0, t, firm) for t in (0, 1) for firm in ("north", "south")],
        *[(1, 0, firm) for firm in ("south", "west", "north")],
    ]
    heads = kept.rows(sheet, by_period=False)
    assert list(heads.index) == [0, 0, 1, 1, 1, 2, 2, 3]
    assert heads.errors == {3: ("RuntimeError", "RuntimeError in run 3")}
    assert np.isnan(heads.kpis["profit"][-1])


def test_rows_come_in_the_order_of_the_sheet_whatever_the_order_of_the_segments(sheet, outcome, store):
    for index in (4, 0, 5, 2):
        store.commit(encode([outcome(sheet, index)], sheet.kpis))
    assert list(store.rows(sheet, by_period=False).index) == [0, 0, 2, 2, 4, 4, 5, 5]


def test_only_some_runs_are_read(sheet, outcome, store):
    store.commit(encode([outcome(sheet, index) for index in (0, 1, 2)], sheet.kpis))
    store.commit(encode([outcome(sheet, index) for index in (3, 4)], sheet.kpis))
    assert list(store.rows(sheet, by_period=False, only=[1, 4, 5]).index) == [1, 1, 4, 4]
    assert len(store.rows(sheet, by_period=False, only=[]).index) == 0


def test_ids_are_looked_at_once_until_a_segment_comes_or_goes(sheet, study, outcome, store, monkeypatch):
    found, looks = Holdings.found, []
    monkeypatch.setattr(Holdings, "found", lambda *order: (looks.append(1), found(*order))[1])
    store.commit(encode([outcome(sheet, index) for index in (0, 1)], sheet.kpis))
    assert list(store.rows(sheet, by_period=False, only=[1]).index) == [1, 1]
    assert store.holdings(sheet).done.sum() == 2
    assert len(store.rows(sheet, by_period=True).index) == 8
    assert len(looks) == 1
    store.commit(encode([outcome(sheet, 2)], sheet.kpis))
    assert store.holdings(sheet).done.sum() == 3
    store.remove(store.names())
    assert store.holdings(sheet).done.sum() == 0
    assert store.holdings(study(seed=8).sheet).strangers == 0
    assert len(looks) == 4


def test_twins_are_read_once(sheet, outcome, store):
    store.commit(encode([outcome(sheet, 0), outcome(sheet, 1)], sheet.kpis))
    store.commit(encode([outcome(sheet, 1), outcome(sheet, 2)], sheet.kpis))
    assert list(store.rows(sheet, by_period=False).index) == [0, 0, 1, 1, 2, 2]
    assert list(store.holdings(sheet).done) == [True, True, True, False, False, False]


@pytest.mark.parametrize("first", ["done", "failed"])
def test_a_run_that_was_done_at_last_is_done(sheet, outcome, store, first):
    failed, done = outcome(sheet, 1, error="MemoryError"), outcome(sheet, 1)
    for one in (failed, done) if first == "failed" else (done, failed):
        store.commit(encode([one], sheet.kpis))
    assert store.holdings(sheet).done[1]
    assert store.rows(sheet, by_period=False).errors == {}
    assert len(store.rows(sheet, by_period=False).index) == 2


def test_runs_of_another_experiment_are_counted_and_left_out(study, sheet, outcome, store):
    other = study(seed=8, kpis=("trust",)).sheet
    store.commit(encode([outcome(sheet, 0)], sheet.kpis))
    store.commit(encode([outcome(other, 0), outcome(other, 1)], other.kpis))
    assert store.holdings(sheet).strangers == 2
    assert list(store.rows(sheet, by_period=False).index) == [0, 0]
    assert list(store.rows(other, by_period=False).kpis) == ["trust"]


def test_names_of_firms_are_those_of_the_rows_however_runs_are_put_together(sheet, outcome):
    runs = [outcome(sheet, 0), outcome(sheet, 1, error="RuntimeError"), outcome(sheet, 2, firms=("west",), periods=0)]
    together, apart = Segments(), Segments()
    together.commit(encode(runs, sheet.kpis))
    for run in runs:
        apart.commit(encode([run], sheet.kpis))
    for kept in (together, apart):
        assert sorted(kept.rows(sheet, by_period=True).firms) == ["north", "south"]
        assert sorted(kept.rows(sheet, by_period=False).firms) == ["", "north", "south", "west"]
    assert Results(sheet, together).canonical() == Results(sheet, apart).canonical()


def test_an_empty_store_has_empty_rows(sheet, store):
    assert not store.holdings(sheet).done.any()
    assert len(store.rows(sheet, by_period=True).index) == 0


def test_a_segment_is_a_plain_parquet_file(sheet, outcome, store):
    store.commit(encode([outcome(sheet, 0), outcome(sheet, 3, error="RuntimeError")], sheet.kpis))
    (path,) = store.segments.iterdir()
    table = pd.read_parquet(path)
    assert list(table.columns) == [
        "run_id", "arm", "settings", "firm", "status", "error", "message", "point", "replication", "period",
        "profit", "csi",
    ]  # fmt: skip
    assert set(table["run_id"]) == {sheet.run(0).run_id, sheet.run(3).run_id}
    assert list(table.loc[table["status"] == "failed", "error"]) == ["RuntimeError"]
    by_period = table[table["period"] >= 0]
    assert list(by_period["profit"]) == list(outcome(sheet, 0).by_period[:, :, 0].ravel())
    assert pq.read_metadata(path).num_row_groups == 2


def test_the_name_is_the_digest_of_the_bytes(sheet, outcome, store):
    data = encode([outcome(sheet, 0)], sheet.kpis)
    store.commit(data)
    (path,) = store.segments.iterdir()
    assert path.stem == hashlib.blake2b(data, digest_size=16).hexdigest()


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@function_fixtures
def test_one_wrong_bit_anywhere_is_noticed(sheet, outcome, tmp_path_factory, place, bit):
    store = Store(tmp_path_factory.mktemp("damaged"))
    store.prepare()
    store.commit(encode([outcome(sheet, 0)], sheet.kpis))
    (path,) = store.segments.iterdir()
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    path.write_bytes(data)
    assert not store.holdings(sheet).done.any()
    assert store.damaged == {path.stem}
    store.set_aside_damaged()
    assert [file.suffix for file in store.segments.iterdir()] == [".damaged"]


def test_a_cut_off_segment_is_noticed_beside_sound_ones(sheet, outcome, store):
    for index in (0, 1):
        store.commit(encode([outcome(sheet, index)], sheet.kpis))
    path = sorted(store.segments.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-100])
    assert store.holdings(sheet).done.sum() == 1


def test_unfinished_files_are_not_read(sheet, store):
    (store.segments / ".abc.parquet.1.part").write_bytes(b"half")
    assert store.names() == []


def test_a_segment_compacted_away_while_reading_is_looked_for_again(sheet, outcome, store, monkeypatch):
    store.commit(encode([outcome(sheet, 0)], sheet.kpis))
    opened = Store.open
    calls = []

    def vanishing(self, name):
        calls.append(name)
        if len(calls) == 1:
            raise FileNotFoundError(name)
        return opened(self, name)

    monkeypatch.setattr(Store, "open", vanishing)
    assert len(store.rows(sheet, by_period=False).index) == 2
    monkeypatch.setattr(Store, "open", lambda self, name: opened(self, "gone"))
    with pytest.raises(Refusal, match="change faster than they can be read"):
        store.rows(sheet, by_period=False)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match="cannot be written"):
        Store(tmp_path / "file" / "results").prepare()


def test_a_full_disk_is_one_plain_line_and_leaves_nothing_half_written(sheet, outcome, store, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    store.commit(encode([outcome(sheet, 0)], sheet.kpis))
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(Refusal, match="No space left on device; what is stored so far is safe"):
        store.commit(encode([outcome(sheet, 1)], sheet.kpis))
    assert len(list(store.segments.iterdir())) == 1
    assert store.holdings(sheet).done.sum() == 1


def test_files_of_other_names_are_let_alone(store, sheet):
    other = store.segments / "my_panel.parquet"
    other.write_bytes(b"anything")
    assert store.names() == []
    assert store.damaged == set()
    store.set_aside_damaged()
    assert other.read_bytes() == b"anything"


@pytest.mark.parametrize("text", ["format = 99\n", 'format = 1\nname = "old"\n'])
def test_results_of_another_format_are_not_written_over(tmp_path, text):
    (tmp_path / "manifest.toml").write_text(text)
    with pytest.raises(Refusal, match=r"has results in format \d+, and this version writes \d"):
        Store(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.toml"]


def test_a_folder_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Store("~/results").folder == tmp_path / "results"
