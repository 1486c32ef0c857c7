"""Bystanders: what the treated gain others miss; nobody envies what is worth nothing, and who is alone is unseen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.value import lever_cost
from abm.mechanisms.loyalty.bystanders import (
    add_treatment,
    bystander_share,
    feel_treatment,
    felt,
    gap_to_others,
    show_treatment,
    status_felt,
    unfairness_felt,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

unit = st.floats(0, 1, width=32)
ONE = 2**20  # of a basket
WEIGHTS = {"status_weight": 0.04, "unfairness_weight": 0.08, "dulled": 0.5, "softened": 0.75, "noticed": 0.05}
CLUB = {
    "enrolment": "automatic", "tier_threshold": [100.0, 200.0], "tier_discount": [0.05, 0.15], "tier_bonus": [0.0, 0.0],
}  # fmt: skip


def reaction(gap, visible=1.0, clarity=0.0, **weights):
    numbers = (gap, visible, clarity, *({**WEIGHTS, **weights}).values())
    return float(felt(*(np.float32(number) for number in numbers)))


def market(treatment, periods=60, program=None, theory=None, customers=500):
    """Return a market in which one of two firms has a tiered programme."""
    club = {"preset": "tiers", "tier_threshold": [60.0, 150.0], "tier_discount": [0.05, 0.1], "tier_window": 26}
    north = {"name": "north", "program": {**club, **(program or {})}, "treatment": treatment}
    population = {"customers": customers, "purchase_rate": 0.5}
    data = {"periods": periods, "population": population, "bystanders": theory or {}}
    return Scenario.parse({**data, "firms": [north, {"name": "east"}]})


def ran(scenario, seed=1):
    engine = Engine(scenario, seed)
    engine.run(scenario.periods)
    return engine


class TestGap:
    def test_by_hand(self):
        """Of three visits one brings .3: to it the others' mean is 0, to each other one .15."""
        assert gap_to_others(3 * ONE // 10, 3 * ONE // 10, 3) == pytest.approx(0.3, abs=1e-6)
        assert gap_to_others(3 * ONE // 10, 0, 3) == pytest.approx(-0.15, abs=1e-6)

    def test_alone_is_unseen(self):
        assert gap_to_others(ONE, ONE, 1) == 0.0

    @given(st.integers(0, ONE), st.integers(1, 1000))
    def test_among_equals_there_is_none(self, own, visitors):
        assert gap_to_others(own * visitors, own, visitors) == 0.0

    @given(st.lists(st.integers(0, ONE), min_size=1, max_size=30))
    def test_what_some_are_ahead_others_are_behind(self, benefits):
        gaps = [float(gap_to_others(sum(benefits), own, len(benefits))) for own in benefits]
        assert sum(gaps) == pytest.approx(0.0, abs=1e-5)
        assert all(-1.0 <= gap <= 1.0 for gap in gaps)


class TestReaction:
    def test_by_hand(self):
        """A gap of .05 counts half; half seen half of this; a rule of .5 leaves 1 - .25 of status, 1 - .375 of envy."""
        assert reaction(0.05) == pytest.approx(0.02, abs=1e-7)
        assert reaction(-0.05) == pytest.approx(-0.04, abs=1e-7)
        assert reaction(0.05, visible=0.5) == pytest.approx(0.01, abs=1e-7)
        assert reaction(0.05, clarity=0.5) == pytest.approx(0.015, abs=1e-7)
        assert reaction(-0.05, clarity=0.5) == pytest.approx(-0.025, abs=1e-7)
        assert reaction(0.0) == 0.0

    @given(st.floats(-1, 1, width=32), unit, unit)
    def test_within_the_weights_and_on_the_side_of_the_gap(self, gap, visible, clarity):
        found = reaction(gap, visible, clarity)
        assert -0.08 <= found <= 0.04
        assert found * gap >= 0.0
        assert abs(found) <= abs(reaction(gap, 1.0, 0.0)) + 1e-9


def small_club(**treatment):
    """Return three customers of firm 0, in tiers 0, 1 and 2, and what visits of all three show."""
    small = Small(3, [{"program": CLUB, "treatment": {"visibility": 0.5, **treatment}}, {}], bystanders=WEIGHTS)
    small.c.member[0], small.c.tier[0] = 1, [0, 1, 2]
    small.c.treatment_shown[0], small.c.visitors_present[0] = round(0.2 * ONE), 3
    return small


class TestKernels:
    def test_what_is_shown_by_hand(self):
        """Five visits, two to firm 1: tiers 0, 1 and 2 bring 0, .05 and .15 of the baskets' price of 1."""
        small = small_club()
        start, book = np.array([0, 3, 5]), np.array([0, 2, 4, 1, 3], np.uint32)
        who = np.array([0, 0, 1, 1, 2], np.uint32)
        c, firms = small.c, small.firms
        c.treatment_shown[:], c.visitors_present[:] = 7, 7
        show_treatment(
            c.treatment_shown, c.visitors_present, start, book, who, c.tier, c.point_value, c.basket, firms.price,
            firms.earn_per_visit, firms.earn_rate, firms.tier_discount, firms.tier_bonus, firms.visibility, 0, 2,
        )  # fmt: skip
        assert c.treatment_shown[0] / ONE == pytest.approx(0.2, abs=1e-5)
        assert c.visitors_present.tolist() == [3, 7], "nothing is shown at firm 1"

    def test_what_is_felt_by_hand(self):
        """.05 less the mean of 0 and .15: -.025; .15 less .025; 0 less .1. Half of it is seen."""
        small = small_club()
        small.visits([0, 1, 2], [0, 0, 0])
        small.passing.satisfaction_shift[:3] = 0.0
        small.run("bystanders", feel_treatment)
        small.run("bystanders", add_treatment)
        expected = [reaction(gap, visible=0.5) for gap in (-0.1, -0.025, 0.125)]
        assert small.at("satisfaction_shift").tolist() == pytest.approx(expected, abs=1e-5)
        assert small.counted("preferred_visits") == [1, 0, 0]
        assert small.counted("bystander_visits") == [2, 0, 0]
        assert small.counted("status_sum")[0] == pytest.approx(ONE * expected[2], rel=1e-3)
        assert small.counted("unfairness_sum")[0] == pytest.approx(-ONE * sum(expected[:2]), rel=1e-3)

    def test_who_is_elsewhere_sees_nothing(self):
        small = small_club()
        small.visits([0, 2], [1, 1])
        small.passing.satisfaction_shift[:2] = 0.25
        small.run("bystanders", feel_treatment)
        small.run("bystanders", add_treatment)
        assert small.at("satisfaction_shift").tolist() == [0.25, 0.25]

    def test_they_are_what_they_say(self):
        check_kernels(market({"visibility": 0.5, "rule_clarity": 0.3}, periods=40), customers=200)


def test_titles_that_are_worth_nothing_are_not_envied():
    """Bit for bit as if they were not shown; what display costs is paid all the same."""
    title = {"tier_discount": [0.0, 0.0]}
    hidden, shown = (ran(market({"visibility": seen}, program=title)) for seen in (0.0, 0.9))
    for name in ("trust", "satisfaction", "affective_commitment", "year_spend"):
        np.testing.assert_array_equal(hidden.world.customers[name], shown.world.customers[name])
    assert shown.world.tallied("treatment_spend")[:, 0].sum() > 0
    assert shown.world.tallied("bystander_visits").sum() == 0


def test_treated_and_bystanders_move_apart_and_a_rule_brings_them_together():
    kpis = (bystander_share, status_felt, unfairness_felt, lever_cost)
    plain, ruled = (
        read(ran(market({"visibility": 0.6, "rule_clarity": rule}, periods=104))).summary(kpis)[0]
        for rule in (0.0, 0.6)
    )
    assert 0.0 < plain[0] < 1.0
    assert plain[1] > ruled[1] > 0.0
    assert plain[2] > ruled[2] > 0.0
    assert plain[3] < ruled[3]


def test_a_firm_that_shows_nothing_has_no_bystanders():
    """Its rivals' display is theirs alone."""
    scenario = market({"visibility": 0.6}).replace({"firms.east.program": {"preset": "tiers"}})
    found = ran(scenario).world
    assert found.tallied("bystander_visits")[:, 0].sum() > 0 == found.tallied("bystander_visits")[:, 1].sum()
    assert found.tallied("treatment_spend")[:, 1].sum() == 0


@pytest.mark.parametrize("other", ["threads", "tile"])
def test_the_bits_do_not_depend_on_threads_or_tiles(other):
    scenario = market({"visibility": 0.6, "rule_clarity": 0.2}, periods=40)
    one, several = Engine(scenario, 1), Engine(scenario, 1, threads=2 if other == "threads" else 1)
    if other == "tile":
        several.set_tile(64)
    for engine in (one, several):
        engine.run(40)
    np.testing.assert_array_equal(one.world.history, several.world.history)
    np.testing.assert_array_equal(one.world.customers.trust, several.world.customers.trust)
