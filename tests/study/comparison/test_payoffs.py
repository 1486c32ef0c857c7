"""Payoffs: best responses, equilibria and dominated strategies of made-up games, by hand and by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from abm.study.comparison import payoffs
from abm.study.statistics.paired import interval
from tests.examples import examples

NOISE = np.array([-0.5, 0.0, 0.25, 0.25])  # of replications, shared by all profiles: differences have none


def made(first, second, noise=NOISE):
    """Return payoffs (s, s, 2, R) of two firms from tables by the first's strategy (rows) and the second's."""
    return np.stack([np.array(first, float), np.array(second, float)], axis=-1)[..., None] + noise


DILEMMA = made([[3, 0], [5, 1]], [[3, 5], [0, 1]])  # strategy 1 is to defect
COORDINATION = made([[2, 0], [0, 1]], [[2, 0], [0, 1]])
PENNIES = made([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])


def held(values, sign=1):
    found = payoffs.gains(values, sign, 0.95)
    return payoffs.equilibria([one.mean for one in found]).tolist()


def test_prisoners_dilemma():
    """To defect pays more whatever the other does; both defect, though both would be paid more if neither did."""
    found = payoffs.gains(DILEMMA, 1, 0.95)
    assert held(DILEMMA) == [False, False, False, True]
    for one in found:
        assert [one.leader(q) for q in (0, 1)] == [1, 1]
        np.testing.assert_array_equal(one.mean[1, 0], [2.0, 1.0])
        assert payoffs.dominating(one, 0) == 1
        assert payoffs.dominating(one, 1) is None
    standings = [payoffs.standing(found, place) for place in payoffs.places(2, 2)]
    assert standings == ["refuted", "refuted", "refuted", "shown"]
    assert payoffs.mixed(DILEMMA.mean(axis=-1)) is None


def test_coordination_has_two_equilibria_and_a_mixed_one():
    assert held(COORDINATION) == [True, False, False, True]
    assert payoffs.mixed(COORDINATION.mean(axis=-1)) == pytest.approx((1 / 3, 1 / 3))


def test_matching_pennies_has_a_mixed_equilibrium_only():
    assert held(PENNIES) == [False] * 4
    assert payoffs.mixed(PENNIES.mean(axis=-1)) == pytest.approx((0.5, 0.5))


def test_a_mixed_equilibrium_that_is_not_symmetric():
    """Firm 1 is paid 3, 0 / 1, 2 and firm 2 0, 2 / 4, 1: with p = 3/5 and q = 2/4 each leaves the other indifferent."""
    means = made([[3, 0], [1, 2]], [[0, 2], [4, 1]], np.zeros(1)).mean(axis=-1)
    p, q = payoffs.mixed(means)
    assert (p, q) == pytest.approx((3 / 5, 1 / 2))
    assert p * 0 + (1 - p) * 4 == pytest.approx(p * 2 + (1 - p) * 1)
    assert q * 3 + (1 - q) * 0 == pytest.approx(q * 1 + (1 - q) * 2)


def test_less_may_be_better():
    """With the signs of all payoffs turned, the game in which less is better is the same."""
    assert held(-DILEMMA, sign=-1) == held(DILEMMA)
    assert held(-DILEMMA) == [True, False, False, False]


def test_three_firms_are_each_compared_with_what_both_rivals_do():
    """Each is paid 1 if it does what the firm before it does, in a ring: both constant profiles are equilibria."""
    values = np.zeros((2, 2, 2, 3, 3))
    for profile in np.ndindex(2, 2, 2):
        values[profile] = [[float(own == profile[firm - 1])] * 3 for firm, own in enumerate(profile)]
    assert held(values) == [True, *[False] * 6, True]
    last = payoffs.of_firm(values, 2)
    assert payoffs.of_rivals(2, 3) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert last[:, :, 0].tolist() == [[1, 0, 1, 0], [0, 1, 0, 1]]
    assert list(payoffs.places(2, 3))[3] == [(0, 3), (1, 1), (1, 1)]  # the profile 0, 1, 1


def test_intervals_are_students_at_a_share_of_the_confidence():
    """Two firms with two strategies: 4 differences, each at 1 - 0.05 / 4."""
    values = np.random.default_rng(5).normal(size=(2, 2, 2, 12))
    assert payoffs.comparisons(2, 2) == 4
    assert payoffs.comparisons(3, 3) == 3 * 9 * 3
    first, second = payoffs.gains(values, 1, 0.95)
    expected = interval(values[1, 0, 0] - values[0, 0, 0], 1 - 0.05 / 4)[:3]
    assert (first.mean[1, 0, 0], first.low[1, 0, 0], first.high[1, 0, 0]) == expected
    expected = interval(values[1, 1, 1] - values[1, 0, 1], 1 - 0.05 / 4)[:3]
    assert (second.mean[1, 0, 1], second.low[1, 0, 1], second.high[1, 0, 1]) == expected
    assert first.low[0, 1, 0] == -first.high[1, 0, 0]


def test_strategies_that_do_not_differ_are_rarely_told_apart():
    """All nine profiles pay the same but for luck: at 0.95 confidence at most 1 game in 20 has a best response."""
    luck = np.random.default_rng(11)
    games = 600
    wrong = sum(
        any((one.low > 0).any() for one in payoffs.gains(luck.normal(size=(3, 3, 2, 10)), 1, 0.95))
        for _ in range(games)
    )
    assert 0 < wrong <= games * (0.05 + 3 * np.sqrt(0.05 * 0.95 / games))


def test_luck_leaves_a_best_response_undecided_and_equal_strategies_do_not():
    wide = made([[3, 0], [3.1, 1]], [[3, 5], [0, 1]])
    wide[1, 0, 0] += np.array([9.0, -9.0, 9.0, -9.0])
    first, second = payoffs.gains(wide, 1, 0.95)
    assert not first.is_decided(0)
    assert first.contenders(0) == [0, 1]
    assert first.is_decided(1)
    assert second.is_decided(0)
    assert payoffs.standing([first, second], next(iter(payoffs.places(2, 2)))) == "refuted"  # the second would defect
    same = made([[2, 2], [2, 2]], [[2, 2], [2, 2]])
    equal = payoffs.gains(same, 1, 0.95)
    assert all(one.is_decided(q) for one in equal for q in (0, 1))
    assert [payoffs.standing(equal, place) for place in payoffs.places(2, 2)] == ["shown"] * 4
    assert payoffs.dominating(equal[0], 0) is None


def test_stability_is_the_share_of_resamples():
    """A gain of 1 in one replication of two, and of -2 in the other: no resample but (1, 1), a quarter, has a gain."""
    values = np.zeros((2, 2, 2, 2))
    values[1, :, 0] = [1.0, -2.0]
    found = payoffs.gains(values, 1, 0.95)
    share = payoffs.stability(found, seed=3, resamples=40_000)
    np.testing.assert_allclose(share, [0.75, 0.75, 0.25, 0.25], atol=0.01)
    np.testing.assert_array_equal(share, payoffs.stability(found, seed=3, resamples=40_000))
    assert (share != payoffs.stability(found, seed=4, resamples=40_000)).any()
    assert payoffs.stability(payoffs.gains(DILEMMA, 1, 0.95), 3).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_a_single_replication_has_no_stability():
    assert np.isnan(payoffs.stability(payoffs.gains(DILEMMA[..., :1], 1, 0.95), 3)).all()


whole = st.integers(-8, 8).map(float)  # sums of whole numbers are exact, so that ties stay ties
games = arrays(np.float64, st.sampled_from([(2, 2, 2, 3), (3, 3, 2, 2), (2, 2, 2, 3, 2)]), elements=whole)


@settings(max_examples=examples(60), deadline=None)
@given(games, st.data())
def test_an_equilibrium_survives_a_constant_added_to_what_a_firm_is_paid(values, data):
    """Whatever the rivals do, a firm that is paid so much more in any case has no other best response."""
    count, firms = len(values), values.shape[-2]
    firm = data.draw(st.integers(0, firms - 1))
    constants = data.draw(arrays(np.float64, (count,) * (firms - 1), elements=whole))
    more = values.copy()
    np.moveaxis(more[..., firm, :], firm, 0)[...] += constants[..., None]
    assert held(more) == held(values)
    before, after = (payoffs.stability(payoffs.gains(v, 1, 0.9), 1, 50) for v in (values, more))
    np.testing.assert_array_equal(before, after)


@settings(max_examples=examples(60), deadline=None)
@given(games)
def test_what_is_concluded_agrees_with_itself(values):
    """Equilibria are where all play a best response; what is shown is so by the means; the dominated play no part."""
    count, firms = len(values), values.shape[-2]
    found, equal = payoffs.gains(values, 1, 0.95), held(values)
    means = values.mean(axis=-1)
    for number, (profile, place) in enumerate(
        zip(np.ndindex(*(count,) * firms), payoffs.places(count, firms), strict=True)
    ):
        best = True
        for firm, own in enumerate(profile):
            others = [means[(*profile[:firm], s, *profile[firm + 1 :], firm)] for s in range(count)]
            best = best and others[own] >= max(others) - 1e-9
        assert equal[number] == best
        said = payoffs.standing(found, place)
        assert said == "undecided" or (said == "shown") == best
        if best:
            assert all(payoffs.dominating(one, own) is None for one, (own, _) in zip(found, place, strict=True))
    for one in found:
        for q in range(one.mean.shape[-1]):
            assert one.leader(q) in one.contenders(q)
