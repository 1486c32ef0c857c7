"""Listening: what is heard, what is repaired, and what that costs; silence hides causes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.attitude import failure_share
from abm.kpis.value import lever_cost
from abm.mechanisms.voice.listening import WAYS, Listening, heard_part, heard_share, repaired_after, repaired_share
from tests.mechanisms.voice.runs import market, measured

share = st.floats(0, 1)
EARS = np.reshape(np.array(Listening().ears), (8, 4))
DELAYS = np.array(Listening().delays)
RECORDS = WAYS.index("complaint_records")


def heard(since=1000, voiced=0.4, **intensities):
    """Return what is heard of each cause at some intensities."""
    by_way = np.array([intensities.get(way, 0.0) for way in WAYS])
    return heard_part(by_way, EARS, DELAYS, np.full(4, voiced), np.full(8, since))


def test_what_is_heard_by_hand():
    """Half of what is voiced (.4); the front line hears .4 of the core: together 1 - .8 x .6."""
    assert heard(complaint_records=0.5) == pytest.approx([0.2] * 4)
    assert heard(complaint_records=0.5, front_line=1.0)[0] == pytest.approx(1 - 0.8 * 0.6)
    assert heard(front_line=1.0)[1] == pytest.approx(0.05), "staff do not report their own rudeness"


def test_a_way_is_deaf_until_its_delay_is_over():
    assert heard(since=11, customer_meetings=1.0).tolist() == [0, 0, 0, 0]
    assert heard(since=12, customer_meetings=1.0)[0] == pytest.approx(0.15)


def test_silence_hides_causes():
    assert heard(voiced=0.0, complaint_records=0.99).tolist() == [0, 0, 0, 0]


@given(share, share, share, share, share)
def test_repair_is_a_share(repaired, part, effort, rate, relapse):
    found = repaired_after(np.array([repaired]), np.array([part]), effort, rate, relapse)[0]
    assert (1 - relapse) * repaired - 1e-12 <= found <= 1.0 + 1e-12


def test_repair_settles_where_work_and_relapse_balance():
    """Of work w = rate x effort x heard and relapse l: where x = k + w (1 - k) with k = (1 - l) x."""
    at = np.array([0.0])
    for _ in range(400):
        at = repaired_after(at, np.array([0.5]), 0.8, 0.25, 0.06)
    work = 0.25 * 0.8 * 0.5
    assert at[0] == pytest.approx(work / (0.06 + work - 0.06 * work), abs=1e-9)


def test_firms_that_listen_repair_and_it_costs():
    listens = {
        "listening": {"complaint_records": 0.9, "repair_effort": 0.8},
        "voice": {"counter_ease": 0.9, "phone_ease": 0.9, "online_ease": 0.9},
    }
    mute = {"listening": {"complaint_records": 0.9, "repair_effort": 0.8}, "voice": {}}
    kpis = (failure_share, heard_share, repaired_share, lever_cost)
    found = measured(market(listens, mute, {}), *kpis)
    assert found[0, 0] < found[1, 0] < found[2, 0]
    assert found[0, 1] > found[1, 1] > found[2, 1] == 0.0
    assert ((found[:, 1:3] >= 0) & (found[:, 1:3] <= 1)).all()
    assert found[0, 3] > found[1, 3] > found[2, 3]


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_do_not_depend_on_threads(threads):
    firm = {"listening": {"front_line": 0.5, "repair_effort": 0.8}, "recovery": {"empathy": 0.5}}
    one, several = (Engine(market(firm, {}, periods=30), 1, threads=count) for count in (1, threads))
    for engine in (one, several):
        engine.run(30)
    np.testing.assert_array_equal(one.world.history, several.world.history)
    np.testing.assert_array_equal(one.world.customers.repaired, several.world.customers.repaired)
