"""The defection ratio: counts against the exits of a whole run, and what contagion and a common cause make of it."""

from __future__ import annotations

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.measurement.defection_ratio import defection_ratio, naive_defection_ratio

COUNTS = ("exposed", "exposed_exits", "touched", "touched_exits", "unexposed", "unexposed_exits")


def market(customers=600, periods=40, **sections):
    towns = [{"name": "here", "share": 0.5}, {"name": "there"}]
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "segments": towns},
            "network": {"strong_share": 1.0, "segment_homophily": 0.8},
            "defection": {"exit_rate": 0.01, "contagion": 0.0},
            "defection_ratio": {"recent": 2, "forgotten_after": 6},
            "firms": [{"name": "north"}, {"name": "east"}],
            **sections,
        }
    )


def counted_by_hand(world, recent, forgotten_after):
    """Return the counts of each period from who left when and the graph."""
    exited, found = world.customers.exited, np.zeros((world.periods, len(COUNTS)), int)
    ties = world.ties
    for t in range(world.periods):
        for i in range(world.n):
            if 0 <= exited[i] < t:
                continue
            ages = [t - exited[k] for k in ties.target[ties.start[i] : ties.start[i + 1]] if 0 <= exited[k] < t]
            ages = [age for age in ages if age <= forgotten_after]
            left = int(exited[i] == t)
            if not ages:
                found[t, 4:] += 1, left
            else:
                found[t, 2:4] += 1, left
                if len(ages) == 1 and ages[0] <= recent:
                    found[t, :2] += 1, left
    return found


@pytest.mark.parametrize(("recent", "forgotten_after"), [(1, 26), (2, 6), (5, 5)])
def test_the_counts_are_those_of_the_exits_of_the_run(recent, forgotten_after):
    scenario = market(customers=150, defection_ratio={"recent": recent, "forgotten_after": forgotten_after})
    engine = Engine(scenario, 5)
    engine.run(scenario.periods)
    world = engine.world
    by_hand = counted_by_hand(world, recent, forgotten_after)
    for k, name in enumerate(COUNTS):
        np.testing.assert_array_equal(world.tallied(name).sum(axis=-1), by_hand[:, k], err_msg=name)
    assert by_hand[:, 3].sum() > 0


def ratios(**changes):
    """Return the two ratios of a market of 8,000 customers, pooled over three runs."""
    scenario = market(customers=8000, periods=80, defection_ratio={"forgotten_after": 16}).replace(changes)
    total = dict.fromkeys(COUNTS, 0)
    for replication in range(3):
        tallies = record(scenario, 5, replication=replication).tallies
        total = {name: total[name] + tallies[name].sum() for name in COUNTS}
    hazard = {who: total[f"{who}_exits"] / total[who] for who in ("exposed", "touched", "unexposed")}
    return hazard["exposed"] / hazard["unexposed"], hazard["touched"] / hazard["unexposed"]


@pytest.mark.slow
def test_contagion_is_found_again_and_a_common_cause_is_taken_for_it():
    spread, _ = ratios(**{"defection.contagion": 0.8, "defection.exit_rate": 0.004})
    assert spread == pytest.approx(1.8, abs=0.3)
    alone, naive = ratios(**{"defection.exit_rate": 0.004})
    assert alone == pytest.approx(1.0, abs=0.2)
    assert naive == pytest.approx(1.0, abs=0.1)
    local = {
        "local_failures": {"failure_factor": [1.0, 15.0]},
        "defection.dissatisfaction": 12.0,
        "defection.exit_rate": 0.003,
    }
    _, naive = ratios(**local)
    assert naive > 1.15


def test_kpis_are_of_the_whole_market():
    table = abm.simulate(market(), 5, kpis=(defection_ratio, naive_defection_ratio))
    by_firm = table.pivot(index="period", columns="firm", values="naive_defection_ratio")
    np.testing.assert_array_equal(by_firm["north"], by_firm["east"])


def test_it_changes_nothing():
    one, other = (record(market(**sections), 5).tallies for sections in ({}, {"defection_ratio": None}))
    for name in other:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_without_exits_there_is_no_ratio():
    table = abm.simulate(market(defection={"exit_rate": 0.0}), 5, kpis=(defection_ratio,))
    assert table["defection_ratio"].isna().all()


def test_local_failures_hit_one_segment():
    scenario = market(
        customers=2000, local_failures={"failure_factor": [0.0, 6.0]}, failure_causes={}, defection={"exit_rate": 0.0}
    )
    engine = Engine(scenario, 5)
    engine.run(scenario.periods)
    c = engine.world.customers
    used = c.encounters[0] > 2
    satisfaction = [c.satisfaction[0][used & (c.segment == k)].mean() for k in (0, 1)]
    assert satisfaction[0] > satisfaction[1] + 0.05
    usual = market(customers=2000, defection={"exit_rate": 0.0})
    neutral = usual.replace({"local_failures": {"failure_factor": [1.0, 1.0]}})
    np.testing.assert_array_equal(record(usual, 5).tallies["failures"], record(neutral, 5).tallies["failures"])


@pytest.mark.parametrize(
    ("factors", "words"), [([1.0, 1.0, 2.0], "2 segments"), ([-1.0], "must lie in"), ([1e9], "must lie in")]
)
def test_impossible_factors_are_refused(factors, words):
    with pytest.raises(Refusal, match=words):
        market(local_failures={"failure_factor": factors})


def test_what_is_recent_is_not_forgotten():
    with pytest.raises(Refusal, match="more than forgotten_after"):
        market(defection_ratio={"recent": 9, "forgotten_after": 3})


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(local_failures={"failure_factor": [1.0, 3.0]}))
