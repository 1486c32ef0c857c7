"""Paired differences: by hand, against scipy, by property."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ttest_rel

from abm.study.statistics.paired import PairedDifference, by_replication, interval, mean_of_points, saving, together

numbers = st.floats(-1e6, 1e6)


def test_interval_by_hand():
    # differences 1, 2, 3: mean 2, s = 1, t(2, .975) = 4.302653, half = 4.302653 / sqrt(3)
    mean, low, high, sd = interval(np.array([1.0, 2.0, 3.0]), 0.95)
    assert (mean, sd) == (2.0, 1.0)
    assert (low, high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-6)


@given(arrays(float, st.integers(2, 20), elements=numbers), st.floats(0.5, 0.999), st.integers(0, 2**31))
def test_interval_is_scipys_paired_t(first, confidence, seed):
    second = first + np.random.default_rng(seed).normal(0, 1, len(first))
    expected = ttest_rel(first, second).confidence_interval(confidence)
    _, low, high, _ = interval(first - second, confidence)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-6)


@given(numbers, st.integers(2, 50))
def test_equal_differences_have_an_interval_of_no_width(difference, pairs):
    assert interval(np.full(pairs, difference), 0.95) == (difference, difference, difference, 0.0)


def test_one_pair_says_nothing_about_luck():
    mean, low, high, sd = interval(np.array([4.0]), 0.95)
    assert (mean, low, high) == (4.0, -math.inf, math.inf)
    assert math.isnan(sd)


def test_no_pair_says_nothing():
    assert all(map(math.isnan, interval(np.array([]), 0.95)))


@given(arrays(float, st.integers(2, 20), elements=numbers))
def test_turning_the_difference_round_turns_the_interval_round(differences):
    mean, low, high, sd = interval(differences, 0.9)
    assert interval(-differences, 0.9) == pytest.approx((-mean, -high, -low, sd))


def test_points_are_averaged_within_a_replication():
    arm = np.array([[1.0, 2.0], [3.0, 6.0]])  # two points, two replications
    first, second, dropped = by_replication(arm, np.zeros((2, 2)))
    assert list(first) == [2.0, 4.0]
    assert list(second) == [0.0, 0.0]
    assert dropped == 0


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_pair_without_a_value_is_left_out_and_counted(hole):
    arm = np.array([[1.0, hole, hole, 4.0], [3.0, 6.0, hole, 8.0]])
    against = np.array([[0.0, 1.0, 1.0, 1.0], [hole, 1.0, 1.0, 3.0]])
    first, second, dropped = by_replication(arm, against)
    assert (list(first), list(second)) == ([6.0], [2.0])  # in the others a point is missing
    assert dropped == 6


def test_points_of_which_runs_fail_are_not_taken_for_luck():
    """An effect of 1 at one point and of -3 at the other, where every other run fails."""
    luck = np.random.default_rng(1).normal(size=10)
    against = np.array([luck, luck])
    arm = against + np.array([[1.0], [-3.0]])
    arm[1, ::2] = np.nan
    first, second, dropped = by_replication(arm, against)
    np.testing.assert_allclose(first - second, -1.0)
    assert (len(first), dropped) == (5, 10)
    assert mean_of_points(arm - against) == pytest.approx(-1.0)


def test_a_point_without_any_value_is_left_out():
    arm = np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 6.0]])
    first, _, dropped = by_replication(arm, np.zeros((3, 2)))
    assert (list(first), dropped) == ([2.0, 4.0], 2)
    assert mean_of_points(arm) == 3.0
    assert math.isnan(mean_of_points(arm[1:2]))


def test_three_arms_are_averaged_where_all_have_a_value():
    hole = np.nan
    blocks = [np.array([[1.0, 2.0], [3.0, hole]]), np.zeros((2, 2)), np.array([[5.0, hole], [7.0, 9.0]])]
    means, left_out = together(blocks)
    assert means.tolist() == [[2.0], [0.0], [6.0]]  # of the first replication; the second has no point with all three
    assert left_out == 2


def test_saving_by_hand():
    first, second = np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 1.0])
    # var 1 and 1; differences 1, 0, 2 with var 1
    assert saving(first, second) == pytest.approx(2.0)
    assert saving(first, first + 1) == math.inf
    assert math.isnan(saving(first[:1], second[:1]))


@pytest.mark.parametrize(("low", "high", "excludes"), [(1, 2, True), (-2, -1, True), (-1, 1, False), (0, 0, False)])
def test_excludes_zero(low, high, excludes):
    difference = PairedDifference("profit", "a", "b", "north", 0.5, low, high, 3, 1.0, 0.95)
    assert difference.excludes_zero is excludes


@pytest.mark.parametrize(("low", "high", "excludes"), [(1.1, 2, True), (0.5, 0.9, True), (0.5, 1.5, False)])
def test_a_ratio_of_one_is_no_difference(low, high, excludes):
    found = PairedDifference("profit", "a", "b", "north", 0.5, low, high, 3, 1.0, 0.95, statistic="ratio", estimate=1.2)
    assert found.excludes_zero is excludes


@pytest.mark.parametrize(
    ("statistic", "words"),
    [
        ("ratio", "profit of north, a over b: 2 [0.25"),
        ("median", "profit of north, a minus b, median: 2 [0.25"),
        (0.9, "profit of north, a minus b, 0.9 quantile: 2 [0.25"),
        ("skewed_mean", "profit of north, a minus b: 2 [0.25"),
    ],
)
def test_another_statistic_is_named(statistic, words):
    found = PairedDifference("profit", "a", "b", "north", 0.5, 0.25, 0.75, 30, 1.0, 0.95, 0, 1.0, statistic, 2.0)
    assert str(found).startswith(words)


def test_said_on_one_line():
    difference = PairedDifference("profit", "a", "b", "north", 0.5, 0.25, 0.75, 30, 1.0, 0.95, dropped=2)
    assert str(difference) == ("profit of north, a minus b: 0.5 [0.25, 0.75] (0.95 confidence, 30 pairs, 2 left out)")
