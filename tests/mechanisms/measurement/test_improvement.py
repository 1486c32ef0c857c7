"""Improvement: importance by hand, budgets and checks by hand, reviews followed from the log, and markets."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.value import profit
from abm.mechanisms.measurement.improvement import BEFORE, BEST, LEFT, PLANNED, TURNED_OUT, Improvement
from abm.mechanisms.measurement.improvement_kernels import draw_outcomes, multiply_answers
from abm.mechanisms.measurement.improvement_kpis import (
    IMPROVEMENT_KPIS,
    found_rise_of_score,
    mean_improvement,
    planned_rise_of_score,
    well_aimed_share,
)
from abm.mechanisms.measurement.improvement_rules import (
    EVEN,
    GAP,
    IMPORTANCE,
    IMPORTANCE_AND_GAP,
    PAIRS,
    coefficients,
    dearer,
    importances,
    parts,
    planned_rise,
)
from abm.scenario.scenario import Scenario
from abm.world.attributes import ATTRIBUTES
from tests.examples import examples
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

run = partial(ran, seed=3)

SECTIONS = {"survey": {}, "attributes": {}, "attribute_survey": {}}
share = st.floats(0, 1)
five = st.lists(share, min_size=5, max_size=5).map(np.array)


def market(budget=0.2, *, customers=500, periods=60, sampling=1.0, north=None, section=None, **more):
    firm = {
        "name": "north", "survey": {"sampling": sampling},
        "improvement": {"improvement_budget": budget, **(north or {})},
    }  # fmt: skip
    return Scenario.parse(
        {
            "periods": periods, "population": {"customers": customers, "purchase_rate": 0.5}, **SECTIONS,
            "improvement": section or {}, "firms": [firm, {"name": "east"}], **more,
        }
    )  # fmt: skip


def moments(x, y):
    """Return what a firm has of answers x (n, 5) and y (n,)."""
    products = [int((x[:, a] * x[:, b]).sum()) for a, b in PAIRS]
    return len(y), x.sum(axis=0).tolist(), int(y.sum()), products, (x * y[:, None]).sum(axis=0).tolist()


class TestImportance:
    def test_an_exact_relation_is_found_exactly(self):
        """y = 4 + 3 core - 2 people + tangibles, for every answer."""
        x = np.array([[1, 2, 3, 4, 5], [6, 1, 0, 2, 2], [0, 0, 1, 7, 3], [2, 2, 2, 1, 9], [8, 3, 1, 0, 0],
                      [1, 9, 4, 4, 4], [3, 3, 8, 2, 1]])  # fmt: skip
        assert coefficients(*moments(x, 4 + 3 * x[:, 0] - 2 * x[:, 2] + x[:, 4])) == (3.0, 0.0, -2.0, 0.0, 1.0)

    def test_it_is_least_squares(self):
        x = np.array([[(i**3 + (k + 2) * i * i + i) % (5 + 2 * k) % 10 for k in range(5)] for i in range(60)])
        y = np.array([(5 * i + x[i].sum()) % 10 for i in range(60)])
        expected = np.linalg.lstsq(np.column_stack([np.ones(60), x]), y, rcond=None)[0][1:]
        assert coefficients(*moments(x, y)) == pytest.approx(expected, abs=1e-9)

    @pytest.mark.parametrize("case", ["two the same", "one constant", "too few"])
    def test_answers_that_do_not_tell_attributes_apart_say_nothing(self, case):
        x = np.array([[(i**3 + (k + 2) * i * i + i) % (5 + 2 * k) % 10 for k in range(5)] for i in range(30)])
        assert coefficients(*moments(x, x[:, 0])) is not None
        x[:, 1] = x[:, 0] if case == "two the same" else 4 if case == "one constant" else x[:, 1]
        x = x[:4] if case == "too few" else x
        assert coefficients(*moments(x, x[:, 0])) is None
        assert importances(None).tolist() == [0.2] * 5

    def test_by_hand(self):
        assert importances((3.0, -1.0, 0.0, 1.0, 0.0)).tolist() == [0.75, 0.0, 0.0, 0.25, 0.0]
        assert importances((-1.0, -1.0, 0.0, 0.0, 0.0)).tolist() == [0.2] * 5

    @given(st.lists(st.floats(-5, 5), min_size=5, max_size=5))
    def test_importances_are_shares(self, found):
        got = importances(found)
        assert ((got >= 0) & (got <= 1)).all()
        assert math.fsum(got) == pytest.approx(1.0)


class TestBudget:
    WEIGHTS, GAPS = np.array([0.4, 0.1, 0.3, 0.1, 0.1]), np.array([0.1, 0.3, 0.2, 0.0, 0.2])

    @pytest.mark.parametrize(("rule", "first"), [(IMPORTANCE_AND_GAP, 2), (GAP, 1), (IMPORTANCE, 0)])
    def test_what_comes_first(self, rule, first):
        """.04, .03, .06, 0, .02 by importance and gap."""
        assert parts(rule, self.WEIGHTS, self.GAPS, False).tolist() == [float(k == first) for k in range(5)]

    def test_in_proportion_and_evenly(self):
        expected = np.array([4, 3, 6, 0, 2]) / 15
        assert parts(IMPORTANCE_AND_GAP, self.WEIGHTS, self.GAPS, True) == pytest.approx(expected)
        assert parts(EVEN, self.WEIGHTS, self.GAPS, False).tolist() == [0.2] * 5

    def test_targets_that_are_met_need_nothing_and_equals_stand_in_order(self):
        assert not parts(GAP, self.WEIGHTS, np.zeros(5), True).any()
        assert parts(GAP, self.WEIGHTS, np.full(5, 0.1), False).tolist() == [1.0, 0, 0, 0, 0]

    @given(st.integers(0, 3), five, five, st.booleans())
    def test_parts_are_shares_of_one_budget(self, rule, weights, gaps, in_proportion):
        got = parts(rule, weights, gaps, in_proportion)
        assert ((got >= 0) & (got <= 1)).all()
        assert math.fsum(got) == pytest.approx(1.0) or not got.any()

    @given(share, st.floats(0, 100), share, st.floats(0.01, 100))
    def test_no_budget_raises_above_the_best_and_each_further_step_is_dearer(self, room, budget, part, scale):
        once, twice = (planned_rise(room, factor * budget, part, scale) for factor in (1, 2))
        assert 0.0 <= once <= twice <= room
        assert twice - once <= once + 1e-12

    def test_cost_by_hand(self):
        """From .75 to .9 in one attribute of which quality costs 2: 2 ln(.25 / .1)."""
        assert dearer(0.75, [0.0] * 5, [0.0, 0.15, 0, 0, 0], [1.0, 2.0, 3, 4, 5]) == pytest.approx(2 * math.log(2.5))
        assert dearer(0.5, [0.1] * 5, [0.1] * 5, [1.0] * 5) == 0.0
        assert dearer(0.5, [0.1] * 5, [0.0] * 5, [1.0] * 5) < 0.0


class TestKernels:
    def test_products_by_hand(self):
        firm = {"survey": {"sampling": 1.0}, "improvement": {"improvement_budget": 1.0}}
        small = Small(2, [firm, {}], improvement={}, **SECTIONS)
        small.visits([0, 1], [0, 0])
        marks = (1, 2, 3, 4, 5)
        for attribute, mark in zip(ATTRIBUTES, marks, strict=True):
            small.passing[f"answer_on_{attribute}"][:2] = 1 + mark
        small.passing.answer_visit[:2] = 8
        small.passing.answered[:2] = [1, 0]
        small.run("improvement", multiply_answers)
        found = small.world.lookup("marks_products", 0)
        assert found[:, 0].tolist() == [marks[a] * marks[b] for a, b in PAIRS]
        assert not found[:, 1:].any()
        assert small.world.lookup("marks_with_visit", 0)[:, 0].tolist() == [7 * mark for mark in marks]

    def test_outcomes_are_at_their_addresses_in_periods_of_a_review(self):
        firm = {"survey": {"sampling": 1.0}, "improvement": {"improvement_budget": 1.0}}
        small = Small(2, [firm, {}], improvement={"outcome_spread": 0.5}, **SECTIONS)
        small.run("improvement", draw_outcomes, t=14)
        assert (small.c.outcome == 1.0).all(), "no review in period 14"
        small.run("improvement", draw_outcomes, t=26)
        key = luck.stream_key(1, "improvement")
        for j in range(2):
            for k in range(5):
                word = luck.customer_words(key, j, 26, draw=0, block=k, replication=0)[0]
                assert small.c.outcome[k, j] == pytest.approx(1 + 0.5 * luck.normal(luck.uniform(word)), abs=1e-4)


def ready(rises, found, keep_from=0.0, check="drop_failed"):
    """Return a world whose first firm has a project on each attribute, which raised it by .02."""
    north = {"improvement_budget": 1.0, "keep_from": keep_from, "improvement_check": check}
    world = Engine(market(north=north), 3).world
    c = world.customers
    c.improved[:, 0], c.project[PLANNED, :, 0], c.project[TURNED_OUT, :, 0] = 0.05, rises, 0.02
    c.project[BEFORE, :, 0] = 0.5
    Improvement._check(world, 0, 0.5 + np.array(found), True)
    counted = {name: int(world.layout.part(world.counted_by_part[0, 0], name)[0]) for name in
               ("checked_projects", "kept_projects", "planned_rises", "found_rises")}  # fmt: skip
    return c.improved[:, 0], c.project[PLANNED, :, 0], counted


class TestCheck:
    def test_what_has_not_risen_is_undone(self):
        improved, planned, counted = ready([0.1, 0.0, 0.1, 0.1, 0.1], [0.03, -0.9, -0.01, 0.0, 0.01])
        assert improved.tolist() == pytest.approx([0.05, 0.05, 0.03, 0.05, 0.05])
        assert not planned.any(), "no project is left open"
        assert counted["checked_projects"] == 4
        assert counted["kept_projects"] == 3
        assert counted["planned_rises"] == pytest.approx(0.4 * 2**20, abs=4)
        assert counted["found_rises"] == pytest.approx(0.03 * 2**20, abs=4)

    def test_the_line_may_be_drawn_elsewhere_and_who_keeps_all_drops_nothing(self):
        assert ready([0.1] * 5, [0.03, 0, 0, 0, 0], keep_from=0.02)[0].tolist() == pytest.approx([0.05] + [0.03] * 4)
        improved, _, counted = ready([0.1] * 5, [-0.5] * 5, check="keep_all")
        assert improved.tolist() == [0.05] * 5
        assert counted["kept_projects"] == 5

    def test_of_what_would_go_beyond_the_best_only_what_was_delivered_is_undone(self):
        """Whatever is done fails: what is improved is what the latest project does, and nothing of those before."""
        north = {"keep_from": 1.0, "improvement_scale": 0.01, "improvement_rule": "even"}
        section = {"improve_every": 5, "wear": 0.0, "outcome_spread": 3.0}
        engine = Engine(market(10.0, north=north, section=section, customers=200, periods=21), 3)
        c = engine.world.customers
        for _ in range(4):
            engine.run(5)
            latest = np.where(c.project[PLANNED, :, 0] > 0.0, c.project[TURNED_OUT, :, 0], 0.0)
            assert c.improved[:, 0].tolist() == pytest.approx(latest.tolist(), abs=1e-6)


class TestReviews:
    def test_they_follow_from_the_log(self):
        """Plan, deed, cost and check of each review, from what was counted before and the luck drawn."""
        scenario = market(
            north={"improvement_rule": "gap", "improvement_upkeep": 0.5}, section={"wear": 0.1, "fewest_answers": 5}
        )
        engine, key = Engine(scenario, 3), luck.stream_key(3, "improvement")
        world, improved, open_project = engine.world, np.zeros(5), None
        for t in (13, 26, 39, 52):
            engine.run(t + 1 - engine.t)
            window = slice(t - 13, t)
            full = world.tallied("full_marks")[window, 0].sum()
            scores = world.tallied("marks_of")[window, :, 0].sum(axis=0) / full
            if open_project is not None:
                k, rise, did, before = open_project
                assert world.tallied("checked_projects")[t, 0] == 1
                assert world.tallied("planned_rises")[t, 0] == pytest.approx(rise, abs=2e-6)
                assert world.tallied("found_rises")[t, 0] == pytest.approx(scores[k] - before, abs=2e-6)
                kept = bool(world.tallied("kept_projects")[t, 0])
                assert kept == (scores[k] >= before)
                improved[k] -= 0.0 if kept else did
            improved *= 1 - 0.1 * 0.5
            k = int(np.argmax(np.maximum(0.9 - scores, 0)))
            rise = (BEST - 0.75 - improved[k]) * (1 - math.exp(-0.2 / 0.5))
            word = luck.customer_words(key, 0, t, draw=0, block=k, replication=0)[0]
            did = rise * (1 + 0.8 * luck.normal(luck.uniform(word)))
            improved[k] += did
            open_project = k, rise, did, scores[k]
            money = 0.2 * world.tallied("visits")[window, 0].sum()
            assert world.tallied("improvement_spend")[t, 0] == pytest.approx(money)
            assert world.tallied("spent_by_attribute")[t, k, 0] == pytest.approx(money)
            np.testing.assert_allclose(world.customers.improved[:, 0], improved, atol=1e-5)
            steps = [float(world.firms[f"{attribute}_step"][0]) for attribute in ATTRIBUTES]
            np.testing.assert_allclose(steps, improved, atol=1e-5)
            part = np.array([0.40, 0.15, 0.20, 0.15, 0.10])
            dear = (3.0 * part * (math.log(0.25) - np.log(0.25 - improved))).sum()
            assert world.customers.improved_expense[0] == pytest.approx(100 * dear, abs=0.51)
        assert not world.customers.improved[:, 1].any()
        assert set(np.flatnonzero(world.tallied("improvement_spend")[:, 0])) == {13, 26, 39, 52}

    def test_costs_are_in_the_books(self):
        world = run(market(1.0, north={"improvement_upkeep": 0.5}))
        visits = world.tallied("visits")[:, 0]
        expected = -np.log(0.5) * 0.1 * visits
        np.testing.assert_allclose(world.tallied("improvement_kept_up")[:, 0], expected, atol=0.01 * visits.max())
        running = world.tallied("improved_running")[:, 0]
        assert not running[:13].any()
        assert running[-1] == pytest.approx(visits[-1] * world.customers.improved_expense[0] / 100)
        assert world.customers.improved_expense[0] > 0

    def test_a_level_that_is_set_anew_stands_until_the_next_review_and_then_has_the_improvement_on_top(self):
        change = {"name": "new people", "from": 30, "set": {"firms.north.attributes.people_level": 0.05}}
        scenario = market(north={"improvement_rule": "even", "improvement_check": "keep_all"}, changes=[change])
        engine = Engine(scenario, 3)
        engine.run(30)
        before = engine.world.customers.improved[2, 0]
        engine.run(5)
        assert engine.world.firms.people_step[0] == np.float32(0.05)
        engine.run(5)
        after = engine.world.customers.improved[2, 0]
        assert engine.world.firms.people_step[0] == pytest.approx(0.05 + after, abs=1e-6)
        assert after != before
        assert engine.world.customers.project[LEFT, 2, 0] == engine.world.firms.people_step[0]

    def test_rivals_who_ask_are_the_target(self):
        """A rival who is worse on everything leaves nothing to do; a better one leaves much."""
        for level, spends in ((-0.3, False), (0.2, True)):
            levels = {f"{attribute}_level": level for attribute in ATTRIBUTES}
            rival = {f"firms.east.attributes.{name}": value for name, value in levels.items()}
            asks = market().replace({"firms.east.survey.sampling": 1.0, **rival})
            both = asks.replace({"firms.north.improvement.target_of": "best_rival"})
            assert (run(both).tallied("improvement_spend")[:, 0].sum() > 0) == spends

    def test_who_has_too_few_answers_does_nothing(self):
        world = run(market(section={"fewest_answers": 10**6}))
        assert not world.tallied("improvement_spend").any()
        assert not world.customers.improved.any()


class TestMarkets:
    def test_without_a_budget_nothing_is_done_and_nothing_moves(self):
        still = market(0.0)
        assert still.steps() == still.replace({"improvement": None}).steps()

    @pytest.mark.parametrize(("threads", "tile"), [(3, None), (1, 64), (2, 64)])
    def test_threads_and_tiles_do_not_matter(self, threads, tile):
        scenario = market(1.0, customers=800, periods=40, north={"improvement_focus": "in_proportion"})
        one, other = run(scenario), run(scenario, threads, tile)
        np.testing.assert_array_equal(one.history, other.history)
        np.testing.assert_array_equal(one.customers.improved, other.customers.improved)

    def test_kernels_keep_to_their_arrays(self):
        check_kernels(market(1.0, periods=30))

    def test_more_answers_aim_better(self):
        aimed = [
            np.mean([record(market(0.2, customers=n, sampling=part, periods=118), k).summary((well_aimed_share,))[0, 0]
                     for k in range(3)])
            for n, part in ((400, 0.1), (3000, 1.0))
        ]  # fmt: skip
        assert aimed[1] > aimed[0] + 0.1

    def test_poor_service_is_worth_improving_and_the_score_tells_less_than_was_planned(self):
        """Of what is met with, 1 - halo = .7 is said of the attribute."""
        poor = market(0.2, customers=600, periods=118, sampling=0.2).replace({"firms.north.service.quality": 0.55})
        found = [
            np.mean([record(one, k).summary((profit, csi, mean_improvement))[0] for k in range(3)], axis=0)
            for one in (poor.replace({"firms.north.improvement.improvement_budget": 0.0}), poor)
        ]
        assert (found[1][:2] > found[0][:2]).all()
        assert found[1][2] > 2.0
        sure = market(1.0, customers=1500, periods=118, section={"outcome_spread": 0.0})
        planned, score = np.mean(
            [record(sure, k).summary((planned_rise_of_score, found_rise_of_score))[0] for k in range(3)], axis=0
        )
        assert 0.4 * planned < score < planned

    @settings(max_examples=examples(5), deadline=None)
    @given(st.floats(0, 100), st.floats(0, 0.99), share, st.floats(0, 10))
    def test_shares_are_shares_and_levels_stay_in_their_bounds(self, budget, upkeep, wear, spread):
        scenario = market(
            budget, customers=200, periods=45, north={"improvement_upkeep": upkeep},
            section={"wear": wear, "outcome_spread": spread},
        )  # fmt: skip
        found = record(scenario, 1).by_period(IMPROVEMENT_KPIS)
        for name in ("well_aimed_share", "core_part_of_improvement", "kept_share_of_projects"):
            place = [kpi.name for kpi in IMPROVEMENT_KPIS].index(name)
            values = found[..., place]
            assert ((values >= 0) & (values <= 1) | np.isnan(values)).all()
        firms = run(scenario).firms
        for attribute in ATTRIBUTES:
            delivered = firms.quality + firms[f"{attribute}_step"]
            assert ((delivered > -1e-6) & (delivered < BEST + 1e-6)).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"firms.north.survey.sampling": 0.0},
            r"'north' improves by what customers answer, but asks nobody; set firms.n",
        ),
        ({"firms.north.improvement.target_of": "best_rival"}, r"target_of = 'best_rival', but no rival asks; let one"),
        (
            {"attributes.attribute_spread": 0.0},
            r"'north' improves attributes, but they are all alike; set attributes.a",
        ),
        ({"attribute_survey": None}, r"has improvement, but no attribute_survey"),
    ],
)
def test_refusals(changes, said):
    with pytest.raises(Refusal, match=said) as caught:
        market().replace(changes)
    assert "\n" not in str(caught.value)


def test_attributes_without_spread_can_be_improved_where_one_is_told_apart():
    """Whoever sets a level: each visit is off by what the firm has set, and by what it has improved."""
    told_apart = {"attributes.attribute_spread": 0.0, "firms.east.attributes.people_level": -0.125}
    scenario = market(1.0, periods=40).replace(told_apart)
    world = run(scenario)
    v = world.passing[0].visit_count[0]
    shift, firm = world.passing[0].performance_shift[:v], world.passing[0].visit_firm[:v]
    assert world.customers.improved[:, 0].max() > 0.01
    assert shift[firm == 0].mean() > shift[firm == 1].mean() + 0.02
