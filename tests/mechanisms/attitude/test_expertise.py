"""Expertise: it grows by visits to any firm, raises expectations, eases leaving, and makes hearsay pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.standard import STANDARD
from abm.mechanisms.attitude.expertise import (
    discount_hearsay,
    eased_by,
    expert_repeat_gap,
    expert_satisfaction_gap,
    expertise_of,
    gain_expertise,
    meet_alternatives,
    note_expertise,
    visitor_expertise,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same_however_run
from tests.mechanisms.small import Small

KPIS = (visitor_expertise, expert_satisfaction_gap, expert_repeat_gap)
NOTHING = {"raised": 0.0, "eased": 0.0, "independence": 0.0, "meeting": 0.0}
CSI, REPEATS = (next(kpi for kpi in STANDARD if kpi.name == name) for name in ("csi", "repeat_rate"))


def market(section=None, customers=600, periods=104, awareness=1.0, **more):
    named = [{"name": f"f{j}", "initial_awareness": awareness} for j in range(3)]
    people = {"customers": customers, "purchase_rate": 0.5}
    return Scenario.parse({
        "periods": periods, "burn_in": periods // 2, "population": people, "firms": named, "expertise": section or {},
        **more,
    })  # fmt: skip


def mean(scenario, kpi, runs=3):
    return float(np.mean([record(scenario, seed).summary((kpi,)).mean() for seed in range(runs)]))


@given(st.floats(0, 1e6, width=32), st.floats(0.015625, 1e5, width=32))
def test_expertise_is_a_share_that_grows(visits, half):
    one, more = (float(expertise_of(np.float32(x), np.float32(half))) for x in (visits, 2 * visits + 1))
    assert 0 <= one <= more <= 1


@given(st.integers(0, 200), st.floats(0, 0.984375, width=32))
def test_easing_step_by_step_is_easing_at_once(visits, eased):
    bother = np.float32(1.0)
    for x in range(visits):
        before, after = (expertise_of(np.float32(x + k), np.float32(20.0)) for k in (0, 1))
        bother *= eased_by(np.float32(before), np.float32(after), np.float32(eased))
    assert bother == pytest.approx(1 - eased * visits / (visits + 20), rel=1e-4)


class TestByHand:
    def small(self, **section):
        small = Small(3, [{}, {}], expertise={"half_visits": 4.0, **section})
        small.c.category_experience[:] = (0, 4, 12)
        return small

    def test_two_visits_of_a_period_are_judged_by_what_was_known_before_both(self):
        small = self.small(raised=0.2, eased=0.5)
        small.c.expectation[:] = 0.5
        small.c.bother[:] = 1.0
        small.c.latest_firm[1] = 0
        small.visits([1, 1, 2], [0, 1, 1])
        small.passing.transaction[:3] = (0.5, 0.75, 1.0)
        small.run("expertise", note_expertise)
        small.run("expertise", gain_expertise)
        assert small.c.category_experience.tolist() == [0, 6, 13]
        np.testing.assert_allclose(small.at("visit_expertise"), [0.5, 0.5, 0.75])
        np.testing.assert_allclose(small.c.expectation, [[0.5, 0.6, 0.5], [0.5, 0.6, 0.65]], atol=1e-6)
        bother = [1, (1 - 0.5 * 0.6) / 0.75, (1 - 0.5 * 13 / 17) / (1 - 0.5 * 0.75)]
        np.testing.assert_allclose(small.c.bother, bother, atol=1e-6)
        assert small.counted("expert_visits") == [1, 2, 0]
        assert small.counted("novice_visits") == [0, 0, 0]
        assert small.counted("expert_base") == [2, 0, 0]
        assert small.counted("expert_repeats") == [1, 0, 0]
        assert small.counted("expert_satisfaction") == [2**19, 3 * 2**18 + 2**20, 0]

    def test_novices_are_counted_apart(self):
        small = self.small(expert_from=0.6)
        small.c.latest_firm[:] = (0, 1, 0)
        small.visits([0, 1, 2], [0, 0, 0])
        small.passing.transaction[:3] = 0.5
        small.run("expertise", note_expertise)
        assert small.counted("novice_visits") == [2, 0, 0]
        assert small.counted("expert_visits") == [1, 0, 0]
        assert small.counted("novice_base") == [1, 1, 0]
        assert small.counted("novice_repeats") == [1, 0, 0]
        assert small.counted("expert_repeats") == [1, 0, 0]

    def test_expectations_end_at_one(self):
        small = self.small(raised=0.5)
        small.c.expectation[:] = 0.9
        small.visits([2], [0])
        small.run("expertise", note_expertise)
        small.run("expertise", gain_expertise)
        assert small.c.expectation[0, 2] == 1.0

    def test_who_visits_meets_firms_that_she_does_not_know(self):
        small = self.small(meeting=1.0)
        small.c.aware[1] = 0
        small.visits([0, 2], [0, 0])
        small.run("expertise", meet_alternatives)
        assert small.c.aware[1].tolist() == [1, 0, 1]
        assert small.counted("learned") == [0, 2, 0]

    def test_hearsay_passes_the_sooner_the_more_she_knows(self):
        small = self.small(independence=0.4)
        small.c.word_of_mouth[:] = 1.0
        small.run("expertise", discount_hearsay)
        np.testing.assert_allclose(small.c.word_of_mouth[0], [1.0, 0.8, 0.7], atol=1e-6)


def test_without_the_section_nothing_is_scheduled_and_without_effects_nothing_moves():
    plain = market(periods=60).replace({"expertise": None})
    assert "expertise" not in [step.mechanism.name for step in plain.steps()]
    one, other = (record(m, 3).tallies for m in (plain, market(NOTHING, periods=60)))
    for name in ("visits", "acquired", "satisfaction_sum", "learned", "trust_sum"):
        np.testing.assert_array_equal(one[name], other[name])
    np.testing.assert_array_equal(
        (other["expert_visits"] + other["novice_visits"])[:, :3], other["visits"][:, :3]
    )  # fmt: skip


def test_satisfaction_falls_at_constant_quality():
    """By what experts expect: expectations settle at performance + raised x expertise / expectation_rate."""
    plain, raised = (market({**NOTHING, "raised": rise}) for rise in (0.0, 0.02))
    assert mean(raised, CSI) < mean(plain, CSI) - 0.5
    assert mean(raised, expert_satisfaction_gap) < mean(plain, expert_satisfaction_gap) - 0.005


def test_loyalty_is_less_bound_to_the_firm():
    plain, eased = (market({**NOTHING, "eased": part}) for part in (0.0, 0.9))
    assert mean(eased, REPEATS) < mean(plain, REPEATS) - 0.003


def test_who_uses_the_category_comes_to_know_more_firms():
    known = []
    for meeting in (0.0, 0.2):
        engine = Engine(market({**NOTHING, "meeting": meeting}, awareness=0.4, periods=8), 3)
        engine.run(8)
        known.append(engine.world.customers.aware.mean())
    assert known[1] > known[0] + 0.05


def test_newcomers_begin_as_novices():
    engine = Engine(market(periods=60, renewal={"leaving_rate": 0.9, "every": 4}), 3)
    engine.run(60)
    c = engine.world.customers
    old = Engine(market(periods=60), 3)
    old.run(60)
    assert c.category_experience.mean() < 0.7 * old.world.customers.category_experience.mean()


def test_threads_tiles_and_groups_leave_the_bits_as_they_are():
    assert_same_however_run(market(awareness=0.5, periods=20).replace({"burn_in": 0}), KPIS)


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_measures_are_shares_or_differences_of_shares(kpi):
    values = record(market(periods=40), 3).by_period((kpi,))
    assert np.nanmax(np.abs(values)) <= 1
    assert np.isfinite(values).any()


def test_with_costs_of_leaving_and_word_of_mouth_off_it_still_runs():
    off = market(periods=10).replace({"off": ("word_of_mouth", "switching_cost")})
    assert record(off, 1).tallies["expert_visits"].sum() >= 0


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(customers=100, awareness=0.5))
