"""Customer classes: ranked as the pyramid ranks, effort that is only divided otherwise, and what classes are given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import read, record
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship.class_service import attend_to_best, book_persons, effort_per_visit
from abm.mechanisms.relationship.customer_classes import CustomerClasses, note_custom
from abm.mechanisms.relationship.ranking import classes_by_rank, quintiles
from abm.scenario.scenario import Scenario
from abm.value import pyramid
from tests.mechanisms.small import Small

ORDINARY = (0.01, 0.04, 0.15)
DATA = {"periods": 60, "population": {"customers": 600, "purchase_rate": 0.5}, "customer_classes": {"every": 20}}


def market(**settings):
    return Scenario.parse(DATA).replace(settings)


class TestRanking:
    def test_of_a_thousand(self):
        """10 A, 40 B, 150 C, 800 D, the best first."""
        found = classes_by_rank(np.arange(1000.0), np.arange(1000), ORDINARY)
        assert np.bincount(found).tolist() == [0, 10, 40, 150, 800]
        assert (np.diff(found.astype(int)) <= 0).all()

    @given(st.integers(1, 60), st.integers(0, 1000))
    def test_it_is_that_of_the_pyramid_whatever_the_order_of_rows(self, n, seed):
        """Also where many are alike: of equals the lowest identity is the better."""
        rng = np.random.default_rng(seed)
        scores, identity = rng.integers(0, 4, n).astype(float), rng.permutation(n)
        expected = pyramid.customer_classes(pd.DataFrame({"revenue": scores}, index=identity))
        found = classes_by_rank(scores, identity, ORDINARY)
        assert ["ABCD"[code - 1] for code in found] == expected.tolist()

    @given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
    def test_quintiles_are_those_of_the_pyramid(self, amounts):
        same = pd.DataFrame({"since_last": [0] * len(amounts), "frequency": amounts, "revenue": amounts})
        level = np.ceil(5 * (len(amounts) + 1) / 2 / len(amounts))  # of the column in which all are alike
        np.testing.assert_array_equal(2 * quintiles(np.array(amounts)) + level, pyramid.rfm_score(same))

    @pytest.mark.parametrize(("by", "best"), [("revenue", 0), ("margin", 1), ("recency_frequency_money", 2)])
    def test_what_is_ranked_by(self, by, best):
        """One paid most, one left most, one came last, most often and for nearly as much."""
        small = Small(10, customer_classes={"by": by, "share_a": 0.1, "share_b": 0.1, "share_c": 0.1})
        c = small.c
        c.class_spend[0, :5], c.class_margin[0, :5] = [900, 500, 800, 100, 100], [100, 300, 200, 10, 10]
        c.class_visits[0, :5], c.class_last[0, :5] = [1, 1, 9, 1, 1], [1, 1, 19, 1, 1]
        c.class_visits[0, 5:], c.class_last[0, 5:] = 1, 1
        theory = next(one for one in small.scenario.mechanisms() if one.name == "customer_classes")
        theory.rank(small.world, 20)
        assert np.flatnonzero(c.customer_class[0] == 1).tolist() == [best]
        assert not c.customer_class[1].any()
        assert not c.class_spend.any()

    def test_another_word_is_refused(self):
        with pytest.raises(Refusal, match="by"):
            Scenario.parse({"customer_classes": {"by": "lifetime"}})

    @pytest.mark.parametrize("settings", [{"share_a": 0.6, "share_b": 0.6}, {"every": 0}])
    def test_bad_numbers_are_refused(self, settings):
        with pytest.raises(Refusal):
            Scenario.parse({"customer_classes": settings})


class TestEffort:
    @given(st.floats(0.015625, 0.984375), st.integers(1, 30), st.integers(1, 30))
    def test_it_is_conserved(self, share, top, rest):
        """All visits of a period take what they took."""
        w = np.float32(top / (top + rest))
        total = top * effort_per_visit(np.float32(share), w, True) + rest * effort_per_visit(
            np.float32(share), w, False
        )
        assert float(total) == pytest.approx(top + rest, rel=1e-4)

    @pytest.mark.parametrize(("share", "w"), [(-1.0, 0.5), (0.8, 0.0), (0.8, 1.0), (0.25, 0.25)])
    def test_nothing_to_divide(self, share, w):
        for is_top in (True, False):
            assert effort_per_visit(np.float32(share), np.float32(w), is_top) == 1.0

    def test_in_a_period(self):
        """One of four visitors of the first firm is on top, and of the second nobody says how effort is divided:
        with 0.8 of the effort she has 3.2 times the average, the others 0.2 / 0.75; by 0.1 ln of it."""
        made = Small(6, ({"classes": {"effort_on_top": 0.8}}, {}), customer_classes={"effort_effect": 0.1})
        made.c.customer_class[0] = [1, 4, 0, 4, 0, 0]
        made.c.top_visit_share[:] = [0.25, 0.5]
        made.visits([0, 1, 2, 3, 4], [0, 0, 0, 0, 1])
        made.phases(Phase.DELIVERY)
        expected = 0.1 * np.log([3.2, *[0.2 / 0.75] * 3, 1.0])
        without_fit = made.at("performance_shift") - 0.03 * made.c.taste.reshape(-1)[made.at("visit_pair")]
        np.testing.assert_allclose(without_fit, expected, atol=1e-5)

    def test_visitors_are_weighed(self):
        """In a run the share is that of the period's visitors, whoever works on them."""
        scenario = market(**{"firms.north.classes.effort_on_top": 0.5, "population.customers": 5000})
        one, many = Engine(scenario, 3), Engine(scenario, 3, threads=3)
        for engine in (one, many):
            engine.run(30)
        share = one.world.customers.top_visit_share
        np.testing.assert_array_equal(share, many.world.customers.top_visit_share)
        assert 0.3 < share[0] < 0.9
        np.testing.assert_array_equal(one.world.customers.satisfaction, many.world.customers.satisfaction)

    def test_the_top_is_served_better_and_the_rest_worse(self):
        means = []
        for share in (None, 0.9):
            engine = Engine(market(**{"firms.north.classes.effort_on_top": share}), 3)
            engine.run(60)
            c = engine.world.customers
            top = (c.customer_class[0] >= 1) & (c.customer_class[0] <= 3)
            means.append([np.nanmean(c.satisfaction[0, rows]) for rows in (top, c.customer_class[0] == 4)])
        assert means[1][0] > means[0][0]
        assert means[1][1] < means[0][1]


class TestService:
    def test_discounts_by_class(self):
        """A tenth for A, a twentieth for B, nothing for D."""
        made = Small(3, ({"classes": {"class_discount": [0.1, 0.05]}}, {}), customer_classes={})
        made.c.customer_class[0] = [1, 2, 4]
        made.visits([0, 1, 2], [0, 0, 0])
        made.phases(Phase.DELIVERY)
        np.testing.assert_allclose(made.at("visit_discount"), [0.1, 0.05, 0.0], atol=1e-6)

    def test_a_discount_is_foreseen_and_costs(self):
        """Members of a class come more often, and what they are spared is booked."""
        kpis = ("revenue", "discounts")
        dear, cheap = (record(market(**{"firms.north.classes.class_discount": d}), 2) for d in ((), (0.2, 0.2, 0.2)))
        assert dear.tallies[kpis[1]][:, 0].sum() == 0 < cheap.tallies[kpis[1]][:, 0].sum()
        assert cheap.tallies["visits"][20:, 0].sum() > dear.tallies["visits"][20:, 0].sum()

    def test_a_person_of_her_own(self):
        """The bond of class A grows by a tenth of its way; two customers in A cost 3 cu each."""
        made = Small(4, ({"classes": {"has_person": True, "person_cost": 3.0}}, {}), customer_classes={})
        made.c.customer_class[0], made.c.personal_bond[:] = [1, 1, 2, 0], 0.5
        made.visits([0, 2], [0, 0])
        made.run("customer_classes", attend_to_best)
        assert made.c.personal_bond[0].tolist() == pytest.approx([0.55, 0.5, 0.5, 0.5])
        made.run("customer_classes", book_persons)
        assert made.counted("person_spend") == [600, 0, 0]

    def test_who_has_no_person_costs_nothing(self):
        made = Small(4, ({"classes": {"person_cost": 3.0}}, {}), customer_classes={})
        made.c.customer_class[0] = 1
        assert made.firms.person_expense.tolist() == [0, 0]

    def test_custom_is_noted(self):
        made = Small(2, ({"unit_cost": 0.5}, {}), customer_classes={})
        made.c.basket[:] = 10.0
        made.visits([0, 0], [0, 0])
        made.passing.visit_spend[:2], made.passing.visit_cost[:2] = 1000, [100, 0]
        made.run("customer_classes", note_custom, 7)
        assert made.c.class_spend[0].tolist() == [2000, 0]
        assert made.c.class_margin[0].tolist() == [2 * 500 - 100, 0]
        assert (made.c.class_visits[0, 0], made.c.class_last[0, 0], made.c.class_last[0, 1]) == (2, 7, -1)

    @pytest.mark.parametrize("discount", [[0.1] * 5, [1.0], [-0.1]])
    def test_bad_discounts_are_refused(self, discount):
        with pytest.raises(Refusal, match="class_discount"):
            Scenario.parse({**DATA, "firms": [{"name": "a", "classes": {"class_discount": discount}}]})

    def test_classes_without_the_theory_are_refused(self):
        with pytest.raises(Refusal, match="customer_classes"):
            Scenario.parse({"firms": [{"name": "a", "classes": {"effort_on_top": 0.5}}]})


def test_nothing_set_changes_nothing():
    with_classes, without = Scenario.parse(DATA), Scenario.parse({**DATA, "customer_classes": None})
    seen, unseen = Engine(with_classes, 4), Engine(without, 4)
    for engine in (seen, unseen):
        engine.run(60)
    for name, array in unseen.world.customers.items():
        np.testing.assert_array_equal(array, seen.world.customers[name], err_msg=name)


@pytest.mark.parametrize("by", ["revenue", "margin", "recency_frequency_money"])
def test_classes_do_not_depend_on_threads(by):
    scenario = market(**{"customer_classes.by": by, "population.customers": 5000, "periods": 25})
    one, many = Engine(scenario, 5), Engine(scenario, 5, threads=2)
    for engine in (one, many):
        engine.run(25)
    np.testing.assert_array_equal(one.world.customers.customer_class, many.world.customers.customer_class)


def test_the_shares_and_the_lead_are_those_of_the_pyramid():
    """Of the customers of the second ranking, by their custom in the time before it and since."""
    scenario = market(**{"periods": 61, "burn_in": 60})
    engine = Engine(scenario, 6)
    engine.run(40)
    spend = [engine.world.customers.class_spend[0].copy()]
    engine.run(1)
    c = engine.world.customers
    letters = pd.Series([" ABCD"[code] for code in c.customer_class[0]])
    engine.run(19)
    spend.append(c.class_spend[0].copy())
    engine.run(1)
    buyers = letters != " "
    before, after = (pd.Series(one)[buyers] for one in spend)
    classes = letters[buyers]
    found = dict(
        zip((kpi.name for kpi in CustomerClasses.kpis), read(engine).summary(CustomerClasses.kpis)[0], strict=True)
    )
    lead = pyramid.regression_to_mean(before, after, classes).loc["A", "kept"]
    assert found["lead_kept"] == pytest.approx(lead)
    latest = pd.Series(["ABCD"[code - 1] for code in c.customer_class[0] if code], np.flatnonzero(c.customer_class[0]))
    paid = pyramid.class_table(pd.Series(spend[1])[latest.index], latest)["share_of_total"]
    assert found["class_a_revenue_share"] == pytest.approx(paid["A"])
    assert found["class_abc_revenue_share"] == pytest.approx(paid[["A", "B", "C"]].sum())
    again = (classes == "A") & (latest.reindex(classes.index) == "A")
    assert found["still_a_share"] == pytest.approx(again.sum() / (classes == "A").sum())


def test_kernels_are_sound():
    levers = {"class_discount": (0.1,), "has_person": True, "effort_on_top": 0.6}
    check_kernels(
        Scenario.parse({"customer_classes": {"every": 1}}).replace(
            {f"firms.north.classes.{k}": v for k, v in levers.items()}
        )
    )


def test_complaints_of_the_best_come_first_and_cost():
    """In half the time: half the mean of 20 days; of the others in the usual one."""
    firms = [{"classes": {"complaint_priority": 0.5}, "recovery": {"slowest_answer": 20.0, "empathy": 0.1}}]
    small = Small(2, firms, customer_classes={}, complaint={}, recovery={})
    small.c.customer_class[0] = [1, 4]
    small.visits([0, 1], [0, 0])
    small.passing.performance[:2] = 0.1
    small.c.expectation.fill(0.9)
    small.phases(Phase.JUDGEMENT, Phase.VOICE)
    assert small.at("handling_time").tolist() == [0.5, 1.0]
    small.passing.handling[:2] = 1
    small.phases(Phase.RECOVERY)
    assert small.counted("priority_spend") == [139, 0], "2 ln 2 cu, once"


def test_complaints_that_come_first_need_amends():
    with pytest.raises(Refusal, match=r"firm 'north' sets classes.complaint_priority, but the market has no recovery"):
        Scenario(customer_classes={}).replace({"firms.north.classes.complaint_priority": 0.5})
