"""Selection: boundaries by hand, races that must end so, and the guarantee on known distributions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm as normal
from scipy.stats import t as student

from abm.study.comparison.selection import (
    Race,
    against_best,
    boundary,
    correlation,
    independent_runs,
    looks,
    next_look,
    rinott,
    select,
    skewed,
)
from tests.study.macro import CASES


def raced(values, zone, **options):
    """Hold a race over observations (arms, replications) that are all there."""
    values = np.asarray(values, float)
    return select(lambda arms, first, last: values[arms, first:last], Race(len(values), zone, **options))


def apart(mean, replications=10):
    """Return two arms whose paired difference is mean + 1 and mean - 1 by turns."""
    turns = np.tile([1.0, -1.0], replications // 2)
    common = np.arange(replications, dtype=float)
    return np.array([common + mean + turns, common])


class TestBoundary:
    def test_by_hand(self):
        # two arms, 0.95, ten replications: 9 (0.1 ** (-2 / 9) - 1)
        assert boundary(2, 0.95, 10) == pytest.approx(9 * (0.1 ** (-2 / 9) - 1))
        assert boundary(2, 0.95, 10) == pytest.approx(6.01289, abs=1e-4)

    def test_one_pair_goes_wrong_with_its_share(self):
        # P(wrong) = E[exp(-h² S² / 2)] / 2 over S² ~ chi-square(n0 - 1) / (n0 - 1), the equation that h² solves
        for arms, pilot in ((2, 10), (7, 10), (100, 25)):
            h2 = boundary(arms, 0.95, pilot)
            wrong = (1 + h2 / (pilot - 1)) ** (-(pilot - 1) / 2) / 2
            assert wrong == pytest.approx(0.05 / (arms - 1))

    def test_a_long_pilot_is_a_known_variance(self):
        assert boundary(11, 0.95, 10**6) == pytest.approx(-2 * math.log(2 * 0.05 / 10), rel=1e-4)

    def test_one_arm_needs_nothing(self):
        assert boundary(1, 0.95, 10) == 0.0


def test_looks_are_at_fixed_counts():
    counts = [10]
    while counts[-1] < 400:
        counts.append(next_look(counts[-1]))
    assert counts[:10] == [10, 15, 20, 25, 30, 35, 40, 45, 50, 55]
    assert counts[-2:] == [377, 414]  # a tenth more each time
    assert [looks(10, 5, count) for count in counts] == list(range(1, len(counts) + 1))


class TestElimination:
    def test_by_kim_and_nelson(self):
        # S² = 10 / 9, zone 0.5: the second arm is out at the pilot above 0.5 / 20 (h² S² / 0.25 - 10)
        limit = 0.5 / 20 * (boundary(2, 0.96, 10) * (10 / 9) / 0.25 - 10)
        assert 0.4 < limit < 0.6
        for ahead, left in ((limit + 0.01, 1), (limit - 0.01, 2)):
            race = Race(2, 0.5)
            race.take(apart(ahead))
            assert len(race.racing) == left

    def test_by_the_rule_for_clear_differences(self):
        # a fifth of 0.05, half of that at the first look, one-sided: t(9) at 0.995
        limit = student.ppf(0.995, 9) * math.sqrt(10 / 9 / 10)
        for ahead, left in ((limit + 0.01, 1), (limit - 0.01, 2)):
            race = Race(2, 1e-6)
            race.take(apart(ahead))
            assert len(race.racing) == left

    def test_the_smaller_zone_is_never_quicker(self):
        luck = np.random.default_rng(4)
        values = luck.normal(size=(5, 5000)) + np.linspace(0, 0.5, 5)[:, None]
        taken = [raced(values, zone).taken.sum() for zone in (2.0, 1.0, 0.5, 0.25, 0.1)]
        assert taken == sorted(taken)
        assert taken[0] < taken[-1]

    def test_a_variance_that_the_pilot_has_not_seen_counts(self):
        calm, wild = np.tile([0.1, -0.1], 5), np.tile([30.0, -30.0], 500)
        arms = np.array([np.concatenate([calm, wild]), np.zeros(1010)])
        arms[1, :10] = 0.05  # too close for the pilot
        race = raced(arms, 0.05, most=400)
        assert race.end == "budget"
        assert len(race.racing) == 2


class TestEnds:
    def test_eliminated_arms_cost_nothing_more(self):
        luck = np.random.default_rng(2)
        values = luck.normal(size=(4, 2000)) + np.array([0.0, 0.2, 3.0, -9.0])[:, None]
        asked = np.zeros(4, int)

        def observe(arms, first, last):
            asked[arms] += last - first
            return values[arms, first:last]

        race = select(observe, Race(4, 0.5))
        assert (race.end, list(race.racing)) == ("one", [2])
        np.testing.assert_array_equal(asked, race.taken)
        assert race.taken[3] == 10
        assert np.isnan(race.values[3, 10:]).all()

    def test_twins_are_equal_however_small_the_zone(self):
        luck = np.random.default_rng(1)
        one = luck.normal(size=3000)
        race = raced([one, one, one - 2 + luck.normal(size=3000)], 1e-9)
        assert (race.end, race.decided, list(race.racing)) == ("equal", True, [0, 1])
        assert race.first < 100

    def test_arms_a_constant_apart_are_told_at_once(self):
        common = np.random.default_rng(1).normal(size=10) * 100
        race = raced([common, common + 1e-6], 5.0)
        assert (race.end, list(race.racing), race.first) == ("one", [1], 10)

    def test_one_arm(self):
        race = raced([np.arange(10.0)], 1.0)
        assert (race.end, race.decided, race.taken.tolist()) == ("one", True, [10])
        _, low, high = against_best(race)
        assert np.isnan([low, high]).all()
        assert independent_runs(race) == 10

    def test_the_budget_is_never_exceeded(self):
        values = np.random.default_rng(3).normal(size=(3, 5000))
        for most in (30, 44, 45, 200):
            race = raced(values, 0.01, most=most)
            assert race.end == "budget"
            assert race.taken.sum() <= most
            assert race.at_most == race.taken.sum()
        assert raced(values, 0.01, most=44).taken.sum() == 30  # the next look would make it 45

    def test_at_most_is_known_after_the_pilot(self):
        values = np.random.default_rng(6).normal(size=(2, 5000))
        race = Race(2, 0.2)
        assert race.at_most == math.inf
        race.take(values[:, :10])
        assert 20 < race.at_most < 5000


class TestMissingValues:
    def test_a_replication_without_a_value_is_left_out_for_all(self):
        values = np.random.default_rng(5).normal(size=(3, 200)) + np.array([0, 0, 5.0])[:, None]
        holed = values.copy()
        holed[0, 3] = np.nan
        race = raced(holed, 1.0)
        assert list(race.racing) == [2]
        assert race.first == 15  # ten replications of the pilot have a value of all arms only at the second look
        without = raced(np.delete(values, 3, axis=1), 1.0)
        assert list(without.racing) == [2]

    def test_an_arm_without_values_ends_the_race(self):
        values = np.random.default_rng(5).normal(size=(3, 200))
        values[1] = np.nan
        race = raced(values, 1.0)
        assert (race.end, race.decided, race.first) == ("undefined", False, 10)
        assert math.isnan(independent_runs(race))

    def test_values_that_cease_later_end_it_too(self):
        values = np.random.default_rng(5).normal(size=(2, 500))
        values[1, 12:] = np.nan
        race = raced(values, 0.01)
        assert race.end == "undefined"
        assert race.first < 30


@given(st.permutations(range(5)), st.integers(0, 50))
def test_the_order_of_the_arms_decides_nothing(order, seed):
    values = np.random.default_rng(seed).normal(size=(5, 400)) + np.linspace(0, 1, 5)[:, None]
    one, other = raced(values, 0.8, most=1500), raced(values[list(order)], 0.8, most=1500)
    assert sorted(one.racing) == sorted(np.array(order)[other.racing])
    np.testing.assert_array_equal(one.taken[list(order)], other.taken)


class TestAgainstTheBest:
    def test_two_arms_by_hand(self):
        luck = np.random.default_rng(8)
        values = luck.normal(size=(2, 10)) + np.array([[0.0], [3.0]])
        race = raced(values, 2.0)
        assert race.first == 10
        apart = values[0] - values[1]
        width = student.ppf(1 - 0.05 / 2, 9) * apart.std(ddof=1) / math.sqrt(10)  # half of 0.05 at the first look
        difference, low, high = against_best(race)
        assert difference[0, 1] == pytest.approx(apart.mean())
        assert low[0] == pytest.approx(apart.mean() - width)
        assert high[0] == max(0.0, apart.mean() + width)
        np.testing.assert_allclose([low[1], high[1]], [-high[0], -low[0]])

    def test_as_its_definition_says(self):
        """Plain loops over Hsu's definition, with each pair at the look where the first of the two went out."""
        luck = np.random.default_rng(9)
        race = raced(luck.normal(size=(5, 900)) * np.arange(1, 6)[:, None] + luck.normal(size=900), 1.0, most=600)
        assert len(set(race.taken)) > 1
        _, low, high = against_best(race)
        bounds = {}
        for i in range(5):
            for j in set(range(5)) - {i}:
                n = min(race.taken[i], race.taken[j])
                own = race.values[i, :n] - race.values[j, :n]
                look = looks(10, 5, int(n))
                width = student.ppf(1 - 0.05 / 4 / look / (look + 1), n - 1) * own.std(ddof=1) / math.sqrt(n)
                bounds[i, j] = (own.mean() - width, own.mean() + width)
        ahead = {i: min(bounds[i, j][1] for j in range(5) if j != i) for i in range(5)}
        candidates = [i for i in range(5) if ahead[i] >= 0]
        for i in range(5):
            assert high[i] == pytest.approx(max(0.0, ahead[i]))
            rivals = [bounds[i, j][0] for j in candidates if j != i]
            assert low[i] == pytest.approx(min([0.0, *rivals]))

    def test_twins_differ_by_nothing(self):
        one = np.random.default_rng(1).normal(size=50)
        difference, low, high = against_best(raced([one, one], 1.0))
        assert not difference.any()
        assert not low.any()
        assert not high.any()


class TestIndependentRuns:
    def test_rinott_for_two_arms_of_two_replications(self):
        # with one degree of freedom the sum of two Student variables is Cauchy with scale 2
        assert rinott(2, 0.975, 2) == pytest.approx(2 * math.tan(0.475 * math.pi), rel=1e-6)

    def test_rinott_by_simulation(self):
        luck, h = np.random.default_rng(1), rinott(5, 0.95, 10)
        best, others = luck.chisquare(9, 100_000), luck.chisquare(9, (4, 100_000))
        ahead = normal.cdf(h / np.sqrt(9 * (1 / others + 1 / best)))  # of each, its variances given
        assert ahead.prod(axis=0).mean() == pytest.approx(0.95, abs=0.001)
        # and the arm that is a zone ahead wins at least as often: means in units of their own pilots' errors
        luckier = luck.standard_t(9, (4, 100_000)) - luck.standard_t(9, 100_000)
        assert np.mean(np.all(luckier < h, axis=0)) > 0.95

    def test_by_hand(self):
        luck = np.random.default_rng(2)
        race = raced(luck.normal(size=(2, 10)) * [[1.0], [0.01]] + [[9.0], [0.0]], 1.0)
        needed = math.ceil(rinott(2, 0.95, 10) ** 2 * np.var(race.values[0], ddof=1))
        assert independent_runs(race) == max(10, needed) + 10


class TestCorrelation:
    def test_as_numpy_says(self):
        luck = np.random.default_rng(3)
        values = luck.normal(size=(4, 60)) + luck.normal(size=60)
        expected = np.corrcoef(values)[np.tril_indices(4, -1)].mean()
        assert correlation(values) == pytest.approx(expected)

    def test_over_what_pairs_share(self):
        values = np.array([[1.0, 2.0, 3.0, np.nan], [2.0, 4.0, 6.0, 100.0]])
        assert correlation(values) == pytest.approx(1.0)

    def test_of_what_does_not_vary(self):
        assert math.isnan(correlation(np.ones((3, 10))))


class TestSkewness:
    def test_normal_differences_are_none(self):
        found = [raced(np.random.default_rng(s).normal(size=(3, 3000)), 0.3) for s in range(20)]
        assert sum(np.isfinite(skewed(race, race.racing[0])).any() for race in found) <= 1

    def test_skewed_differences_are_found(self):
        luck = np.random.default_rng(3)
        values = np.array([luck.exponential(size=3000), luck.normal(size=3000) * 0.1, luck.normal(size=3000) * 0.1])
        found = skewed(raced(values, 0.1, most=400), 1)
        assert found[0] > 1
        assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(("name", "arms", "zone"), [("slippage", 10, 0.7), ("skewed", 2, 0.5), ("opposed", 5, 0.7)])
def test_the_stated_probability_is_kept(name, arms, zone):
    """Two hundred races each; the endurance tests hold a thousand of each of more kinds."""
    found = CASES[name].races(arms, 200, zone)
    assert found.right >= 185  # with probability 0.95 fewer would be improbable
    assert found.covered >= 185


def test_shared_luck_ends_races_sooner():
    alone, shared = (CASES[name].races(10, 40, 0.5).observations for name in ("slippage", "correlated"))
    assert shared < alone / 4
