"""Affect: feelings by hand, how they fade, what they move, and that nobody gains where all settings are better."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.recording import record
from abm.kpis.kpi import Tallied
from abm.mechanisms.attitude.affect import (
    add_affect,
    affect_left,
    bad_feeling_share,
    fade_affect,
    feel_visits,
    feeling,
    feeling_telling_rate,
    left_of_feeling,
    mean_affect,
    tell_feelings,
)
from abm.scenario.scenario import Scenario
from tests.mechanisms.bits import assert_same, ran
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

f32 = np.float32
wide = st.floats(-4, 4, width=32)
share = st.floats(0, 1, width=32)


def market(theory=None, *, customers=500, periods=40, sections=None, **own):
    firms = [{"name": "north", "affect": own}, {"name": "east"}]
    population = {"customers": customers, "purchase_rate": 0.6}
    return Scenario.parse(
        {
            "periods": periods, "population": population, "firms": firms, "affect": theory or {}, **(sections or {}),
        }
    )  # fmt: skip


def small(customers=3, own=None, **theory):
    return Small(customers, [{"affect": own or {}}, {}], affect=theory)


def words(customer, period, nth):
    key = luck.stream_key(1, "affect")
    found = luck.customer_words(key, customer, period, draw=0, block=nth, replication=0)
    return [luck.uniform(word) for word in found]


class TestFeelings:
    def test_by_hand(self):
        """1.5 x .1 + .8 x (.5 - .7 x .2) + .1 x -1 = .15 + .288 - .1 = .338."""
        found = feeling(*map(f32, (0.1, 0.5, 0.2, -1.0, 1.5, 0.8, 0.7, 0.1)))
        assert float(found) == pytest.approx(0.338, abs=1e-6)

    @given(st.tuples(st.floats(-1, 1, width=32), share, share, wide, wide, wide, share, share))
    def test_they_lie_between_the_worst_and_the_best(self, numbers):
        assert -1.0 <= float(feeling(*map(f32, numbers))) <= 1.0

    @given(share, share)
    def test_who_is_wholly_used_to_a_setting_feels_nothing_of_it(self, setting, weight):
        found = feeling(f32(0), f32(setting), f32(setting), f32(0), f32(1), f32(weight), f32(1), f32(0))
        assert float(found) == 0.0

    def test_half_is_left_after_the_half_life(self):
        assert float(left_of_feeling(f32(10), f32(10))) == pytest.approx(0.5)
        assert float(left_of_feeling(f32(20), f32(10))) == pytest.approx(0.25)

    @pytest.mark.parametrize(("year", "days"), [(365, 365.25 / 365), (52, 365.25 / 52), (12, 365.25 / 12)])
    def test_a_period_has_the_days_of_its_year(self, year, days):
        s = Small(2, affect={"half_life": 7.0}, periods_per_year=year)
        s.c.affect[:] = [[1.0, -0.5], [0.0, 1e-20]]
        s.run("affect", fade_affect)
        left = 0.5 ** (days / 7.0)
        np.testing.assert_allclose(s.c.affect, [[left, -0.5 * left], [0.0, 0.0]], rtol=1e-5)

    def test_visits_leave_theirs_one_after_the_other_at_its_address(self):
        s = small(2, {"setting": 0.5})
        s.c.affect[0] = [0.4, -0.2]
        s.c.expectation[0] = 0.6
        s.visits([0, 0, 1], [0, 0, 0])
        s.at("transaction")[:] = [0.8, 0.3, 0.6]
        s.run("affect", feel_visits, t=2)
        affect, used = [0.4, -0.2], [0.0, 0.0]
        for v, (i, nth) in enumerate([(0, 0), (0, 1), (1, 0)]):
            gap = float(s.at("transaction")[v]) - 0.6
            mood = 0.1 * luck.normal(words(i, 2, nth)[0])
            felt = min(1.0, max(-1.0, 1.5 * gap + 0.8 * (0.5 - 0.7 * used[i]) + mood))
            affect[i] += 0.6 * (felt - affect[i])
            used[i] += 0.1 * (0.5 - used[i])
            assert s.at("visit_affect")[v] == pytest.approx(affect[i], abs=1e-5)
        np.testing.assert_allclose(s.c.affect[0], affect, atol=1e-5)
        np.testing.assert_allclose(s.c.used_setting, used, atol=1e-6)
        assert s.counted("affect_after")[0] == pytest.approx(
            sum((1 + float(a)) / 2 for a in s.at("visit_affect")) * 2**20, abs=3
        )
        assert s.counted("bad_feelings")[0] == sum(s.at("visit_affect") < 0)

    def test_they_move_the_choice_of_the_firm_alone(self):
        s = small(1)
        s.c.affect[:, 0] = [0.5, -0.25]
        s.passing.utility[:] = 0.0
        s.run("affect", add_affect)
        np.testing.assert_allclose(s.passing.utility[:, 0], [0.4, -0.2], rtol=1e-6)

    def test_strong_ones_are_told(self):
        """All who feel wholly tell, who feels nothing never; a story told before stays."""
        s = small(4, affect_talk=1.0)
        s.visits([0, 1, 2, 3], [0, 0, 0, 0])
        s.c.story[:] = [0, 0, 5, 0]
        s.at("visit_affect")[:] = [1, -1, 1, 0]
        s.run("affect", tell_feelings)
        assert s.c.story.tolist() == [3, 2, 5, 0]
        assert s.counted("told_by_feeling")[0] == 2
        assert s.counted("positive_messages")[0] == s.counted("negative_messages")[0] == 1


def test_measures_by_hand():
    counts = {
        "visits": [10.0, 0, 0], "affect_after": [6.0, 0, 0], "affect_before": [2.0, 0, 0],
        "bad_feelings": [4.0, 0, 0], "told_by_feeling": [1.0, 0, 0],
    }  # fmt: skip
    c = Tallied({name: np.array(values) for name, values in counts.items()}, 52, 1)
    found = [kpi(c)[0] for kpi in (mean_affect, affect_left, bad_feeling_share, feeling_telling_rate)]
    assert found == pytest.approx([0.2, 0.2, 0.4, 0.1])
    assert np.isnan(mean_affect(c)[1])


class TestMarkets:
    def test_threads_and_tiles_change_nothing(self):
        scenario = market(setting=0.6, periods=20)
        one = ran(scenario)
        assert one.tallied("told_by_feeling").sum() > 10
        for other in (ran(scenario, threads=3), ran(scenario, tile=64)):
            assert_same(one, other)

    def test_kernels(self):
        check_kernels(market(setting=0.6))

    def test_without_weight_and_stories_nothing_is_done(self):
        mute = market({"affect_weight": 0.0, "affect_talk": 0.0})
        bare = mute.replace({"affect": None})
        assert [step.name for step in mute.steps()] == [step.name for step in bare.steps()]
        assert_same(ran(bare), ran(mute))

    def test_visits_are_counted_once_and_the_setting_is_paid(self):
        """-.12 ln .4 = .10995 cu a visit, .11 in whole 1/100 cent."""
        world = ran(market(setting=0.6))
        visits = world.tallied("visits").sum(axis=0)
        assert world.tallied("setting_spend").sum(axis=0)[0] == pytest.approx(visits[0] * 0.11)
        for name in ("affect_before", "affect_after", "bad_feelings", "told_by_feeling"):
            found = world.tallied(name).sum(axis=0)
            assert 0 < found[0] < visits[0]
            assert 0 < found[1] < visits[1]

    def test_a_better_setting_draws_custom_and_one_of_all_draws_none_from_each_other(self):
        base = market({"affect_weight": 3.0, "half_life": 30.0}, customers=1200, periods=60)
        everywhere = {f"firms.{name}.affect.setting": 0.8 for name in ("north", "east")}
        visits = []
        for changes in ({}, {"firms.north.affect.setting": 0.8}, everywhere):
            found = ran(base.replace(changes)).tallied("visits").sum(axis=0)
            visits.append(found[0] / (found[0] + found[1]))
        assert visits[1] > visits[0] + 0.03
        assert visits[2] == pytest.approx(visits[0], abs=0.02)

    def test_feelings_count_the_more_the_sooner_customers_come_again(self):
        """Size of what has not faded, of customers who come once in four weeks and once in ten days."""
        kpis = [affect_left]
        rare, often = (
            record(market(periods=60).replace({"population.purchase_rate": rate}), 1).summary(kpis)[0, 0]
            for rate in (0.2, 2.0)
        )
        assert 0 < rare < 0.7 * often

    def test_what_is_felt_is_not_learned(self):
        """A weight too small to move a choice: satisfaction has the bits of a market without feelings."""
        there = market({"affect_weight": 1e-12, "affect_talk": 0.0}, setting=0.9)
        a, b = ran(there.replace({"affect": None, "firms.north.affect.setting": 0.0})), ran(there)
        assert b.tallied("affect_after").sum() > 0
        for name in ("satisfaction", "expectation", "trust"):
            np.testing.assert_array_equal(a.customers[name], b.customers[name])


@pytest.mark.parametrize(
    ("theory", "own", "sections", "words"),
    [
        ({"half_life": 0.0}, {}, {}, r"half_life = 0\.0 is outside \[0\.1, "),
        ({}, {"setting": 0.99}, {}, r"setting = 0\.99 is outside \[0, 0\.95\]"),
        ({}, {}, {"off": ["word_of_mouth"]}, r"affect_talk = 0\.05, but word_of_mouth is off; set affect\.affect_talk"),
    ],
)
def test_refusals(theory, own, sections, words):
    with pytest.raises(Refusal, match=words):
        market(theory, sections=sections, **own)
