"""What a firm knows: only those it identifies, only their visits to it, and a warning by their own rhythm."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost
from abm.mechanisms.relationship.information import recency_warning, warning_precision, warning_recall
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
