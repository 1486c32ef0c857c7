"""What a firm knows: only those it identifies, only their visits to it, and a warning by their own rhythm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.kpi import Tallied
from abm.kpis.value import lever_cost
from abm.logs.bgnbd import BGNBD, probability_alive
from abm.mechanisms.relationship.information import (
    kept_customers,
    pseudo_churn_share,
    warning_lift,
    warning_precision,
    warning_recall,
)
from abm.mechanisms.relationship.warning_scores import dropped_out, recency_warning, slowing
from abm.scenario.scenario import Scenario


def market(**information):
    firms = [{"name": "north", "information": information}, {"name": "east"}]
    return Scenario.parse(
        {"periods": 52, "population": {"customers": 800, "purchase_rate": 0.5}, "information": {}, "firms": firms}
    )


def after(scenario, threads=1, periods=52):
    engine = Engine(scenario, 5, threads=threads)
    engine.run(periods)
    return engine


def test_a_market_in_which_nobody_is_identified_does_nothing_for_it():
    steps = [step.mechanism.name for step in market().steps()]
    assert "information" not in steps
    assert "known" not in after(market()).world.customers


def test_it_changes_nothing_but_its_cost():
    without = market().replace({"information": None})
    one, other = after(market(data_coverage=0.5)).world, after(without).world
    for name in other.tallies:
        np.testing.assert_array_equal(one.tallied(name), other.tallied(name), err_msg=name)
    found = record(market(data_coverage=0.5, record_cost=0.1), 5, kpis=(lever_cost,)).tallies
    np.testing.assert_allclose(found["record_keeping"][:, 0], 0.1 * found["known_customers"][:, 0])


@pytest.mark.parametrize("coverage", [0.2, 1.0])
def test_who_is_identified_is_known_with_all_later_visits_here_and_nothing_else(coverage):
    scenario = market(data_coverage=coverage).replace({"customer_accounts": {}})
    world = after(scenario).world
    c = world.customers
    known = c.known[0] > 0
    assert (c.seen_visits[0] <= c.visits_so_far[0]).all()
    assert (c.seen_spend[0] <= c.spend_so_far[0]).all()
    np.testing.assert_array_equal(known, c.seen_visits[0] > 0)
    np.testing.assert_array_equal(c.seen_last[0][known], c.last_purchase[0][known])
    if coverage == 1.0:
        np.testing.assert_array_equal(c.seen_visits[0], c.visits_so_far[0])
    else:
        assert 0.3 < known[c.visits_so_far[0] > 0].mean() < 0.95
        visited = c.visits_so_far[0]
        assert known[visited == 1].mean() == pytest.approx(coverage, abs=0.1)
    assert not c.known[1].any()


def test_members_are_known_where_a_firm_keeps_records_at_all():
    program = {"preset": "points", "enrolment": "automatic"}
    scenario = market(data_coverage=0.0001).replace({"firms.north.program": program, "firms.east.program": program})
    c = after(scenario).world.customers
    np.testing.assert_array_equal(c.known[0], c.member[0])
    assert c.member[1].any()
    assert not c.known[1].any()  # of a firm that identifies nobody


def test_a_small_cost_of_records_is_not_rounded_away():
    found = record(market(data_coverage=1.0, record_cost=0.0013), 5).tallies
    np.testing.assert_allclose(found["record_keeping"][:, 0], 0.0013 * found["known_customers"][:, 0])


def test_a_score_by_hand():
    """After ln 2 gaps an active customer would have come with probability 1/2, after three with .95."""
    assert float(recency_warning(np.float32(np.log(2) * 4), np.float32(4))) == pytest.approx(0.5, abs=1e-6)
    assert float(recency_warning(np.float32(12), np.float32(4))) == pytest.approx(1 - np.exp(-3), abs=1e-6)
    assert float(recency_warning(np.float32(0), np.float32(0))) == 0.0


def test_scores_are_worked_out_from_what_is_seen_alone():
    c = after(market(data_coverage=1.0)).world.customers
    known = (c.known[0] > 0) & (c.seen_gap[0] > 0)
    expected = 1 - np.exp(-(51 - c.seen_last[0][known]) / c.seen_gap[0][known].astype(float))
    np.testing.assert_allclose(c.warning[0][known], expected, atol=1e-6)
    assert not c.warning[0][~known].any()


def test_a_firm_that_sees_all_is_never_wrong_and_others_are():
    def quality(**information):
        found = record(market(**information), 5, kpis=(warning_precision, warning_recall))
        return found.summary((warning_precision, warning_recall))[0]

    assert quality(omniscient=True).tolist() == [1.0, 1.0]
    precision, recall = quality(data_coverage=1.0)
    assert 0.5 < precision < 1
    assert 0 < recall < 0.9


def test_the_warning_says_more_than_a_guess():
    """Of those warned of a larger part has gone than of all who are known."""
    tallies = record(market(data_coverage=1.0), 5, kpis=()).tallies
    warned, rightly, gone, known = (
        tallies[name][26:, 0].sum() for name in ("warned", "warned_rightly", "gone", "known_customers")
    )
    assert rightly / warned > gone / known + 0.1


def test_the_same_bits_on_any_threads():
    one, other = (after(market(data_coverage=0.4), threads).world for threads in (1, 3))
    np.testing.assert_array_equal(one.history, other.history)
    np.testing.assert_array_equal(one.customers.warning, other.customers.warning)


def test_levers_without_the_theory_are_refused():
    with pytest.raises(Refusal, match="the market has no information; give the scenario a section"):
        Scenario.parse({"firms": [{"name": "north", "information": {"data_coverage": 0.5}}]})


class TestScores:
    """Other scores than silence: the chance of having dropped out, and a logit."""

    @given(
        x=st.integers(0, 60), t_x=st.floats(0, 100), silence=st.floats(0, 200), r=st.floats(0.1, 5),
        alpha=st.floats(0.5, 50), a=st.floats(0.1, 5), b=st.floats(0.5, 20),
    )  # fmt: skip
    def test_the_chance_is_that_of_logs(self, x, t_x, silence, r, alpha, a, b):
        """The same as `probability_alive`, which is fitted to purchase logs."""
        t_x = t_x if x > 0 else 0.0
        expected = 1 - probability_alive(BGNBD(r, alpha, a, b), [x], [t_x], [t_x + silence])[0]
        numbers = (np.float32(value) for value in (x, t_x, t_x + silence, r, alpha, a, b))
        assert float(dropped_out(*numbers)) == pytest.approx(expected, abs=2e-4)

    def test_slowing_by_hand(self):
        """5 visits over 40 periods are 10 apart; a smoothed gap of 20 is twice that."""
        assert float(slowing(np.float32(20), np.float32(40), np.float32(5))) == pytest.approx(np.log(2), abs=1e-6)
        assert float(slowing(np.float32(0), np.float32(40), np.float32(5))) == 0.0
        assert float(slowing(np.float32(20), np.float32(0), np.float32(1))) == 0.0

    def test_alive_is_worked_out_from_what_is_seen(self):
        scenario = market(data_coverage=0.6).replace({"information.score": "alive", "information.alpha": 8.0})
        c = after(scenario).world.customers
        known = c.known[0] > 0
        first, last = c.seen_first[0][known], c.seen_last[0][known]
        assert (first >= 0).all()
        assert (c.seen_first[0][~known] == -1).all()
        seen = c.seen_visits[0][known] - 1, last - first, 51 - first
        expected = 1 - probability_alive(BGNBD(1.0, 8.0, 1.0, 10.0), *seen)
        np.testing.assert_allclose(c.warning[0][known], expected, atol=1e-4)

    def test_a_logit_is_worked_out_from_what_is_seen(self):
        weights = {"on_silence": 0.5, "on_visits": -0.4, "on_spend": 0.1, "on_trend": 0.7, "on_complaints": 0.9}
        settings = {f"information.{name}": value for name, value in weights.items()}
        scenario = market(data_coverage=1.0).replace(
            {"complaint": {}, "information.score": "logistic", "information.intercept": -1.0, **settings}
        )
        c = after(scenario).world.customers
        known = c.known[0] > 0
        gap, visits = c.seen_gap[0][known].astype(float), c.seen_visits[0][known]
        assert c.seen_complaints[0].sum() > 0
        assert not c.seen_complaints[0][~known].any()
        ratio = np.where(gap > 0, (51 - c.seen_last[0][known]) / np.maximum(gap, 1e-3), 0)
        mean = (c.seen_last[0][known] - c.seen_first[0][known]) / np.maximum(visits - 1, 1)
        trend = np.where((gap > 0) & (mean > 0), np.log(np.maximum(gap, 1e-3) / np.maximum(mean, 1e-3)), 0)
        logit = (
            -1.0 + 0.5 * ratio - 0.4 * np.log(visits) + 0.1 * np.log1p(c.seen_spend[0][known] / 100) + 0.7 * trend
            + 0.9 * c.seen_complaints[0][known]
        )  # fmt: skip
        np.testing.assert_allclose(c.warning[0][known], 1 / (1 + np.exp(-logit)), atol=1e-4)

    @pytest.mark.parametrize("score", ["alive", "logistic"])
    def test_a_score_decides_nothing_but_warnings(self, score):
        scenario = market(data_coverage=0.6)
        one, other = (record(each, 5).tallies for each in (scenario, scenario.replace({"information.score": score})))
        for name in one:
            if not name.startswith("warned"):
                np.testing.assert_array_equal(one[name], other[name], err_msg=name)

    def test_lift_and_pseudo_churn_by_hand(self):
        """Of 50 who have gone among 200 known, 40 warned: 30 of them rightly is three times a lot's quarter."""
        counted = {"known_customers": 200.0, "gone": 50.0, "warned": 40.0, "warned_rightly": 30.0, "population": 300.0}
        tallied = Tallied({name: np.array([value, 0.0]) for name, value in counted.items()}, 52, 1)
        found = [float(k(tallied)[0]) for k in (warning_lift, pseudo_churn_share, kept_customers)]
        assert found == pytest.approx([3.0, 0.25, 0.5])

    def test_complaints_are_needed_where_they_count(self):
        with pytest.raises(Refusal, match="on_complaints needs complaints"):
            market(data_coverage=1.0).replace({"information.score": "logistic", "information.on_complaints": 1.0})

    @pytest.mark.slow
    @pytest.mark.parametrize("score", ["recency", "alive", "logistic"])
    def test_kernels_keep_to_their_rows(self, score):
        weights = {"information.on_complaints": 0.5, "information.score": score}
        check_kernels(market(data_coverage=1.0).replace({"complaint": {}, **weights}))
