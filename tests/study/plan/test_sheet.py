"""The run sheet: order, ids and finding runs by id."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.study.plan.design import Design, grid
from abm.study.plan.sheet import Sheet, raw
from tests.examples import examples


def sheet(arms=2, levels=0, replications=3):
    design = grid({"firms.north.price": [1.0 + level for level in range(levels)]}) if levels else Design()
    digests = {f"arm{a}": f"{a:032x}" for a in range(arms)}
    return Sheet("s", "", digests, "arm0", design, replications, 1, ("profit",), ("north",))


sheets = st.builds(sheet, st.integers(1, 4), st.integers(0, 4), st.integers(1, 5))


def test_order_is_replication_then_point_then_arm():
    runs = [(run.replication, run.point, run.arm) for run in sheet(levels=2, replications=2).runs()]
    assert runs == [(r, p, a) for r in (0, 1) for p in (0, 1) for a in ("arm0", "arm1")]


@given(sheets)
def test_every_run_has_an_id_of_its_own_and_is_found_by_it(sheet):
    ids = [run.run_id for run in sheet.runs()]
    assert len(set(ids)) == len(sheet) == len(ids)
    assert [run_id.decode() for run_id in sheet.ids] == ids
    assert list(sheet.find(raw(ids))) == list(range(len(sheet)))
    assert [run_id.decode() for run_id in sheet.ids_of(np.array([len(ids) - 1, 0]))] == [ids[-1], ids[0]]
    assert [run.index for run in sheet.runs()] == list(range(len(sheet)))


@given(sheets, st.lists(st.text("0123456789abcdef", min_size=32, max_size=32), max_size=5))
def test_a_strange_id_is_not_found(sheet, ids):
    assert list(sheet.find(raw(ids))) == [-1] * len(ids)


def test_raw_ids_compare_as_their_texts_do():
    ids = ["00" * 16, "00" * 15 + "01", "a0" + "00" * 15, "a0" + "00" * 14 + "20", "ff" * 16]
    assert list(np.argsort(raw(ids[::-1]))) == [4, 3, 2, 1, 0]
    assert len(np.unique(raw(ids))) == len(ids)
    assert raw(ids).tobytes().hex() == "".join(ids)


@given(sheets)
@settings(max_examples=examples(20))
def test_read_back_equal_from_its_table(sheet):
    back = Sheet.from_dict(sheet.to_dict())
    assert back == sheet
    assert list(back.digests) == list(sheet.digests)
    assert list(back.ids) == list(sheet.ids)


def test_more_replications_or_levels_keep_the_ids_of_the_runs_there_are():
    small, tall = sheet(levels=2), sheet(levels=2, replications=10)
    wide = replace(small, design=grid({"firms.north.price": [0.5, 1.0, 2.0]}))
    assert set(small.ids) < set(tall.ids)
    assert set(small.ids) < set(wide.ids)


def test_an_arm_of_another_digest_shares_no_id():
    changed = replace(sheet(), digests={"arm0": "f" * 32, "arm1": f"{1:032x}"})
    common = set(sheet().ids) & set(changed.ids)
    assert common == {run.run_id.encode() for run in sheet().runs() if run.arm == "arm1"}


def test_settings_are_canonical():
    assert sheet(levels=2).settings(1) == '{"firms.north.price":2.0}'
    assert sheet().settings(0) == "{}"


@pytest.mark.parametrize("index", [0, 5, 11])
def test_place_and_run_agree(index):
    runs = sheet(levels=2)
    replication, point, arm = runs.place(index)
    run = runs.run(index)
    assert (run.replication, run.point, run.arm) == (replication, point, runs.arms[arm])
