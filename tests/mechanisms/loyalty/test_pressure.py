"""Points pressure: it rises as the window closes on who lacks little, and is none where there is nothing to win."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.loyalty.pressure import chance_added, chance_reached, feel_pressure, title
from abm.mechanisms.loyalty.tiers import share_at_or_above
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small

CLUB = {
    "enrolment": "automatic", "tier_threshold": [100.0, 300.0], "tier_discount": [0.05, 0.1], "tier_window": 10,
}  # fmt: skip
PLAIN = {"pressure": 1.0, "acceleration": 0.25, "status_scarcity": 0.0, "status_step": 0.0}


def singles(*numbers):
    return (np.float32(number) for number in numbers)


def felt(spent, t=7, program=CLUB, tier=0, member=1, **rewards):
    """Return the pull and the haste of a member who visits once a period for 20 cu and has spent so much, cu."""
    small = Small(1, [{"program": program}, {}], rewards={**PLAIN, **rewards})
    c = small.c
    c.member[0], c.tier[0], c.qualifying_spend[0], c.basket[:] = member, tier, 100 * spent, 20.0
    c.purchase_rate[:], c.preference[0], c.price_response[:] = 2.0, 0.5, 3.0
    c.tier_members[:3, 0] = [7, 2, 1]
    c.program_utility[:] = 0.0
    small.scratch("rewards", "haste")[:] = 0.0
    small.run("rewards", feel_pressure, t)
    return float(c.program_utility[0, 0]), float(small.scratch("rewards", "haste")[0])


class TestChance:
    def test_by_hand(self):
        """30 missing, 40 usual: e^-.75; a visit of 20 leaves 10: e^-.25."""
        assert chance_reached(*singles(30.0, 40.0)) == pytest.approx(math.exp(-0.75))
        assert chance_added(*singles(30.0, 20.0, 40.0)) == pytest.approx(math.exp(-0.25) - math.exp(-0.75))
        assert chance_added(*singles(10.0, 20.0, 40.0)) == pytest.approx(1 - math.exp(-0.25))

    @given(*(st.floats(0, 1e5, width=32) for _ in range(3)))
    def test_a_visit_never_lowers_the_chance(self, missing, paid, usual):
        assert 0.0 <= chance_added(*singles(missing, paid, usual)) <= 1.0


class TestShares:
    @given(st.lists(st.integers(0, 10**6), min_size=5, max_size=5).filter(any))
    def test_each_tier_adds_its_own_members(self, members):
        """From tier to tier the share falls by who is at that tier alone, from everybody to who is at the last."""
        counted = np.array([members, [0] * 5]).T
        shares = [share_at_or_above(counted, k, 0) for k in range(5)]
        assert shares[0] == 1.0
        np.testing.assert_allclose(-np.diff([*shares, 0.0]) * sum(members), members, atol=1e-6 * sum(members))

    def test_nobody_is_above_where_there_is_nobody(self):
        assert {share_at_or_above(np.zeros((5, 2), np.int64), k, 1) for k in range(5)} == {1.0}


class TestPressure:
    def test_by_hand(self):
        """After period 7 of ten there are 2 to come, and 40 cu usual; 30 lack for a tier that takes .05 off 10 visits.

        10 x .05 is half a basket, at a price response of 3; hastened is a quarter of .307 x .5 / 1.5.
        """
        added = math.exp(-0.25) - math.exp(-0.75)
        assert felt(70) == pytest.approx((added * 10 * 0.05 * 3.0, 0.25 * added * 0.5 / 1.5), rel=1e-5)

    def test_to_keep_a_tier_pulls_as_to_reach_it(self):
        """At tier 1 she pays .95 of 20 cu a visit."""
        added = math.exp(-11 / 38) - math.exp(-30 / 38)
        assert felt(70, tier=1)[0] == pytest.approx(added * 10 * 0.05 * 3.0, rel=1e-5)

    def test_status_counts_too(self):
        """A tenth of a logit unit, of 3 of 10 members, half of it for a benefit as large as the noticed."""
        found = felt(70, status_scarcity=0.1, noticed=0.05)[0] - felt(70)[0]
        added = math.exp(-0.25) - math.exp(-0.75)
        assert found == pytest.approx(added * 10 * 0.1 * 0.7 * 0.5, rel=1e-4)
        assert title(0, *singles(0.3, 0.05, 0.1, 0.05, 0.05)) == 0.0

    def test_it_rises_towards_the_end_on_who_lacks_little(self):
        pulls = [felt(90, t)[0] for t in range(10, 19)]
        assert np.all(np.diff(pulls) > 0)

    def test_who_lacks_much_or_little_feels_less_than_who_a_visit_decides(self):
        """One period to come: with 2 cu missing she gets there in any case, with 90 in none."""
        sure, torn, far = (felt(spent, 8)[0] for spent in (98, 82, 10))
        assert torn > 3 * sure > 0
        assert torn > 3 * far >= 0

    @pytest.mark.parametrize(
        "nothing",
        [
            {"spent": 400},
            {"spent": 70, "member": 0},
            {"spent": 70, "program": {**CLUB, "tier_discount": [0.0, 0.0]}},
            {"spent": 150, "program": {**CLUB, "tier_discount": [0.1, 0.1]}},
            {"spent": 70, "pressure": 0.0},
        ],
        ids=["highest tier", "no member", "worth nothing", "no better than the last", "no pressure"],
    )
    def test_none_where_there_is_nothing_to_win(self, nothing):
        usual = {"status_scarcity": 0.2} if nothing["spent"] == 70 else {}
        assert felt(**{**usual, **nothing}) == (0.0, 0.0)

    @given(st.integers(0, 500), st.integers(0, 40), st.integers(0, 2))
    def test_it_is_never_a_push_and_bounded_by_what_is_to_win(self, spent, t, tier):
        pull, haste = felt(spent, t, tier=tier)
        assert 0.0 <= pull <= 10 * 0.05 * 3.0 + 1e-5
        assert 0.0 <= haste <= 0.25


class TestMarket:
    def run(self, pressure):
        firms = [{"name": "north", "program": {"preset": "tiers", "tier_window": 26, "hassle": 0.0}}, {"name": "east"}]
        data = {"periods": 104, "population": {"customers": 3000}, "firms": firms, "rewards": {"pressure": pressure}}
        engine = Engine(Scenario.parse(data), 3)
        engine.run(104)
        return engine.world

    def test_visits_come_before_a_window_closes_and_are_missing_after(self):
        """Against the same customers without pressure: the last quarters of windows gain on the first ones."""
        with_it, without = (self.run(pressure).tallied("visits")[26:, 0].reshape(3, 26) for pressure in (1.0, 0.0))
        gain = with_it.sum(axis=0) / without.sum(axis=0)
        assert gain[-7:].mean() > gain[:7].mean()

    def test_without_it_nothing_is_scheduled(self):
        data = {"firms": [{"name": "north", "program": {"preset": "tiers"}}]}
        for pressure, there in ((0.0, False), (1.0, True)):
            names = [step.name for step in Scenario.parse({**data, "rewards": {"pressure": pressure}}).steps()]
            assert ("feel_pressure" in names) is there
        points = {"firms": [{"name": "north", "program": {"preset": "points"}}], "rewards": {"pressure": 1.0}}
        assert "feel_pressure" not in [step.name for step in Scenario.parse(points).steps()]
