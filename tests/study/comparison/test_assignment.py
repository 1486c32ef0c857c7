"""Who is treated: as likely as the rule says, by luck of her own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.study.comparison.assignment import assigned, probabilities, standardised

scores = st.lists(st.floats(-50, 50), min_size=1, max_size=40).map(np.array)


def test_probabilities_by_hand():
    # scores -1 and 1 around a constant of 0: 1 / (1 + e) and e / (1 + e)
    assert probabilities(np.array([-1.0, 1.0]), 0.5) == pytest.approx([0.2689414, 0.7310586])


@given(scores, st.floats(0.01, 0.99))
def test_their_mean_is_the_share_and_they_rise_with_the_score(score, share):
    found = probabilities(score, share)
    assert found.mean() == pytest.approx(share, abs=1e-9)
    assert np.all(np.diff(found[np.argsort(score)]) >= 0)


@pytest.mark.parametrize("strength", [-1000.0, 1000.0])
def test_the_strongest_rule_can_be_calculated(strength):
    found = probabilities(strength * standardised(np.arange(100.0)), 0.25)
    assert found.mean() == pytest.approx(0.25, abs=1e-9)
    assert np.sort(found)[[74, 75]] == pytest.approx([0.0, 1.0], abs=1e-3)


def test_at_random_everybody_has_the_share():
    assert probabilities(np.zeros(5), 0.3) == pytest.approx(np.full(5, 0.3))


def test_standardised_by_hand():
    assert standardised(np.array([1.0, 3.0])) == pytest.approx([-1.0, 1.0])
    assert standardised(np.full(3, 0.1)) == pytest.approx(np.zeros(3))


def test_nobody_else_decides_on_a_customer():
    everybody, some = np.arange(1000, dtype=np.uint32), np.arange(300, 400, dtype=np.uint32)
    whole = assigned(everybody, np.full(1000, 0.5), 7, 2)
    assert np.array_equal(whole[300:400], assigned(some, np.full(100, 0.5), 7, 2))
    assert not np.array_equal(whole, assigned(everybody, np.full(1000, 0.5), 7, 3))
    assert not np.array_equal(whole, assigned(everybody, np.full(1000, 0.5), 8, 2))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_as_many_are_treated_as_is_likely(share):
    treated = assigned(np.arange(40_000, dtype=np.uint32), np.full(40_000, share), 1, 0)
    assert treated.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 40_000))


def test_who_is_likelier_is_treated_whenever_who_is_less_likely_would_be():
    identity = np.arange(500, dtype=np.uint32)
    few, many = (assigned(identity, np.full(500, p), 1, 0) for p in (0.2, 0.6))
    assert np.all(many[few])
    assert many.sum() > few.sum()
