"""Opinions: DeGroot's consensus, bounded confidence at its limits, experience, and what they do to choices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.kpi import Tallied
from abm.mechanisms.social.opinion import (
    STEPS_OF_TIES,
    STEPS_SAID,
    Opinion,
    add_opinion,
    averaged,
    consensus,
    hear_opinions,
    learn_opinion,
    mean_opinion,
    note_opinions,
    opinion_spread,
    opinions_counted,
    polarisation,
    say_opinions,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same_however_run
from tests.mechanisms.small import Small

KARATE = json.loads((Path(__file__).parents[2] / "data" / "degroot_karate.json").read_text("utf-8"))
KPIS = (mean_opinion, opinion_spread, polarisation, consensus, opinions_counted)
share = st.floats(0, 1, width=32)


def market(customers=600, periods=40, firms=2, awareness=1.0, **section):
    named = [{"name": f"f{j}", "initial_awareness": awareness} for j in range(firms)]
    people = {"customers": customers, "purchase_rate": 0.5}
    return Scenario.parse({"periods": periods, "population": people, "firms": named, "opinion": section})


def group(opinions, ties=None, **section):
    """Return customers of one firm with given opinions, tied to each other, or all to all with weight 1."""
    n = len(opinions)
    every = [(i, k, 1.0) for i in range(n) for k in range(i)]
    small = Small(n, [{}], opinion={"self_weight": 1.0, **section}).tie(every if ties is None else ties)
    small.c.opinion[0] = opinions
    return small


def talk(small, times):
    speak, hear = (small.bound("opinion", kernel) for kernel in (say_opinions, hear_opinions))
    n = small.world.n
    for t in range(times):
        for lo in range(0, n, small.world.tile):
            speak(lo, min(n, lo + small.world.tile), t)
        hear(0, n, t)
    return small.c.opinion[0].copy()


class TestDeGroot:
    @pytest.mark.parametrize("member", [0, 33])
    def test_the_karate_club_agrees_on_what_its_member_counts(self, member):
        start = np.zeros(34)
        start[member] = 1.0
        small = group(start, [(i, k, 1.0) for i, k in KARATE["ties"]])
        found = talk(small, 300)
        np.testing.assert_allclose(found, KARATE[f"influence_{member}"], atol=1e-6)

    def test_the_karate_club_agrees_as_fast_as_its_second_eigenvalue_says(self):
        start = np.zeros(34)
        start[0] = 1.0
        small = group(start, [(i, k, 1.0) for i, k in KARATE["ties"]])
        spreads = [np.ptp(talk(small, 10)) for _ in range(5)]
        assert (spreads[4] / spreads[2]) ** (1 / 20) == pytest.approx(KARATE["second_eigenvalue"], abs=0.005)

    def test_one_step_by_hand(self):
        """(.5 x .2 + .5 x .6 + .25 x 1) / (.5 + .5 + .25), and who has no ties keeps what she thinks."""
        small = group([0.2, 0.6, 1.0, 0.9], [(0, 1, 0.5), (0, 2, 0.25)], self_weight=0.5)
        expected = [0.65 / 1.25, (0.3 + 0.1) / 1.0, (0.5 + 0.05) / 0.75, 0.9]
        np.testing.assert_allclose(talk(small, 1), expected, atol=1e-6)
        assert small.counted("opinions_heard") == [4, 0]
        assert small.counted("opinions_taken") == [4, 0]
        assert small.counted("opinion_gaps")[0] / STEPS_SAID == pytest.approx(2 * 0.4 + 2 * 0.8, abs=1e-6)

    def test_who_does_not_know_the_firm_neither_speaks_nor_hears(self):
        small = group([0.2, 0.8, 0.4])
        small.c.aware[0, 1] = 0
        np.testing.assert_allclose(talk(small, 1), [0.3, 0.8, 0.3], atol=1e-6)

    def test_without_a_weight_of_her_own_and_ties_nothing_moves(self):
        assert talk(group([0.3, 0.7], [], self_weight=0.0), 3).tolist() == [np.float32(0.3), np.float32(0.7)]

    def test_the_market_s_rule_at_a_full_bound_is_bounded_confidence(self):
        one = talk(group(np.linspace(0, 1, 20)), 5)
        other = talk(group(np.linspace(0, 1, 20), rule="bounded_confidence", confidence_bound=1.0), 5)
        np.testing.assert_array_equal(one, other)
        assert np.ptp(one) < 1e-5


class TestBoundedConfidence:
    def test_without_confidence_nothing_moves(self):
        start = np.random.default_rng(1).uniform(size=30).astype(np.float32)
        found = talk(group(start, rule="bounded_confidence", confidence_bound=0.0), 5)
        np.testing.assert_array_equal(found, start)

    def test_a_wide_bound_brings_consensus_and_a_narrow_one_camps_that_are_out_of_reach(self):
        camps = []
        for bound in (0.35, 0.1, 0.05):
            small = group(np.linspace(0, 1, 41), rule="bounded_confidence", confidence_bound=bound)
            found = np.sort(talk(small, 60))
            gaps = np.diff(found)
            assert ((gaps < 1e-4) | (gaps > bound - 1e-6)).all()
            camps.append(1 + int((gaps > 1e-4).sum()))
        assert camps[0] == 1
        assert 2 < camps[1] < camps[2]

    def test_who_thinks_more_of_a_firm_than_another_does_so_for_ever(self):
        """Averaging with whoever is near keeps the order where all are tied to all."""
        small = group(np.linspace(0, 1, 41), rule="bounded_confidence", confidence_bound=0.15)
        for _ in range(10):
            assert (np.diff(talk(small, 1)) > -1e-6).all()

    def test_two_camps_merge_by_degroot_and_stay_apart_within_a_bound(self):
        found = []
        for rule in ("degroot", "bounded_confidence"):
            small = group([0.2] * 6 + [0.9] * 6, rule=rule, confidence_bound=0.3, neutral_opinion=0.5)
            talk(small, 20)
            small.run("opinion", note_opinions)
            k = {name: np.array(small.counted(name)[0]) for name in
                 ("opinion_holders", "opinion_sum", "opinion_squares", "good_opinions", "good_sum")}  # fmt: skip
            found.append((np.ptp(small.c.opinion[0]), float(polarisation(type("Counts", (), k)()))))
        assert found[0][0] < 1e-4
        assert found[1] == (pytest.approx(0.7, abs=1e-5), pytest.approx(1.0, abs=1e-3))


@given(share, st.lists(st.tuples(share, st.floats(0, 1, width=32)), max_size=8), st.floats(0, 100, width=32))
def test_an_average_lies_between_what_is_averaged(own, others, self_weight):
    steps = [int(np.floor(float(x) * STEPS_SAID + 0.5)) for x in (own, *(x for x, _ in others))]
    weights = [int(np.floor(float(w) * STEPS_OF_TIES + 0.5)) for _, w in others]
    differences = sum(w * (x - steps[0]) for w, x in zip(weights, steps[1:], strict=True))
    found = averaged(np.float32(own), np.int64(differences), np.int64(sum(weights)), np.float32(self_weight))
    inside = [float(own), *(float(x) for x, _ in others)]
    assert min(inside) - 1e-6 <= found <= max(inside) + 1e-6
    if self_weight + sum(weights) == 0:
        assert found == np.float32(own)


class TestByHand:
    def test_experience_pulls_visit_by_visit(self):
        small = Small(2, [{}, {}], opinion={"experience_pull": 0.5})
        small.c.opinion[:] = 0.4
        small.visits([0, 0, 1], [0, 0, 1])
        small.passing.transaction[:3] = (0.8, 1.0, 0.0)
        small.run("opinion", learn_opinion)
        np.testing.assert_allclose(small.c.opinion, [[0.8, 0.4], [0.4, 0.2]], atol=1e-6)

    def test_the_term_of_utility_counts_less_with_who_knows_the_firm(self):
        small = Small(2, [{}], opinion={"opinion_weight": 2.0, "neutral_opinion": 0.5, "own_experience": 4.0})
        small.c.opinion[0] = (0.9, 0.3)
        small.c.encounters[0] = (0, 4)
        small.passing.utility[:] = 0.0
        small.run("opinion", add_opinion)
        np.testing.assert_allclose(small.passing.utility[0, :2], [0.8, -0.2], atol=1e-6)


def test_without_the_section_nothing_is_scheduled_and_a_weight_of_0_moves_no_choice():
    plain = market().replace({"opinion": None})
    assert "opinion" not in [step.mechanism.name for step in plain.steps()]
    one, other = (record(m, 3).tallies for m in (plain, market(opinion_weight=0.0)))
    for name in ("visits", "acquired", "satisfaction_sum"):
        np.testing.assert_array_equal(one[name], other[name])
    assert other["opinions_heard"].sum() > 0


@pytest.mark.parametrize("rule", ["degroot", "bounded_confidence"])
def test_measures_are_shares_and_each_holder_is_counted_once(rule):
    found = record(market(rule=rule, awareness=0.5, self_weight=5.0), 3)
    values = found.by_period(KPIS)
    assert ((values >= 0) & (values <= 1)).all()
    assert (found.tallies["opinion_holders"][:, :2] <= 600).all()
    assert (found.tallies["opinions_taken"] <= found.tallies["opinions_heard"]).all()
    counted = found.summary((opinions_counted,))[:, 0]
    assert (counted == 1).all() if rule == "degroot" else (counted < 1).all()


def test_polarisation_is_told_of_who_differ_alone():
    """Nothing where all think the same, whatever they think; none where opinions differ on one side of the mark."""
    for opinions, expected in (
        ([0.1] * 3, np.nan),
        ([0.9] * 3, np.nan),
        ([0.1, 0.2, 0.3], 0.0),
        ([0.2, 0.9, 0.9], 1.0),
    ):
        small = group(opinions)
        small.run("opinion", note_opinions)
        counts = {tally.name: np.array(small.counted(tally.name)) * tally.scale for tally in Opinion.counts}
        np.testing.assert_allclose(polarisation(Tallied(counts, 52, 1)), [expected], atol=1e-9)


def test_neighbours_bring_agreement_and_a_bound_keeps_opinions_apart():
    spread = [
        record(market(self_weight=weight, rule=rule, confidence_bound=0.1), 3).by_period((opinion_spread,))[-1, 0, 0]
        for weight, rule in ((1e6, "degroot"), (20.0, "bounded_confidence"), (20.0, "degroot"))
    ]
    assert spread[0] > spread[1] > spread[2]


def test_a_firm_that_is_thought_badly_of_is_tried_less():
    """What is thought at first is drawn around the promise; here it is set to .2 for one of two equal firms."""
    visits = []
    for level in (0.7, 0.2):
        engine = Engine(market(periods=20), 3)
        engine.world.customers.opinion[0] = level
        engine.run(20)
        visits.append(engine.world.tallied("visits")[:, 0].sum())
    assert visits[1] < 0.9 * visits[0]


def test_threads_tiles_and_groups_leave_the_bits_as_they_are():
    assert_same_however_run(market(rule="bounded_confidence", awareness=0.6, self_weight=5.0, periods=20), KPIS)


@pytest.mark.parametrize("rule", ["degroot", "bounded_confidence"])
def test_kernels_keep_to_their_rows(rule):
    abm.check_kernels(market(customers=80, rule=rule, awareness=0.5))
