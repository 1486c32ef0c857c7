"""Satisfaction index, net promoter score, top box."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists

from abm.core.errors import Refusal
from abm.value.indices import net_promoter_score, satisfaction_index, top_box_share

items = lists(lists(integers(1, 10), min_size=3, max_size=3), min_size=1, max_size=30)
answers = lists(integers(0, 10), min_size=1, max_size=60)


def test_golden_acsi_form():
    assert satisfaction_index([[9, 7, 6], [7, 7, 6]]).value == pytest.approx(66.667, abs=5e-4)


def test_ends_of_the_scale_and_weights():
    assert satisfaction_index([[1, 1, 1]]).value == 0
    assert satisfaction_index([[10, 10, 10]] * 2).value == pytest.approx(100)
    assert satisfaction_index([[10, 1, 1]], weights=[0.5, 0.3, 0.2]).value == pytest.approx(50)
    assert np.isnan(satisfaction_index([[5, 5, 5]]).standard_error)


@given(rows=items)
def test_the_index_stays_on_its_scale(rows):
    assert -1e-9 <= satisfaction_index(rows).value <= 100 + 1e-9


def test_standard_errors_are_those_of_repeated_samples():
    luck = np.random.default_rng(2)
    chances = np.arange(1, 12) / 66
    draws = luck.choice(11, p=chances, size=(3000, 50))
    for index in (net_promoter_score, lambda given: top_box_share(given, 9)):
        found = [index(given) for given in draws]
        spread = np.std([one.value for one in found])
        assert spread == pytest.approx(np.mean([one.standard_error for one in found]), rel=0.06)
    triples = np.clip(draws.reshape(3000, 25, 2), 1, 10)
    found = [satisfaction_index(given) for given in triples]
    spread = np.std([one.value for one in found])
    assert spread == pytest.approx(np.mean([one.standard_error for one in found]), rel=0.06)


def test_net_promoter_score_by_hand():
    found = net_promoter_score([10, 9, 8, 7, 6, 0, 10, 9, 9, 8])  # 5 promote, 2 detract
    assert found.value == pytest.approx(30)
    assert found.standard_error == pytest.approx(100 * np.sqrt((0.7 - 0.09) / 10))
    assert found.interval(0.95)[0] == pytest.approx(30 - 1.959964 * found.standard_error)
    assert net_promoter_score([10] * 4).standard_error == 0
    assert net_promoter_score([3]).value == -100


@given(given_answers=answers)
def test_scores_and_shares_stay_on_their_scales(given_answers):
    assert -100 <= net_promoter_score(given_answers).value <= 100
    assert 0 <= top_box_share(given_answers, 9).value <= 1
    assert net_promoter_score(given_answers).standard_error >= 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: net_promoter_score([9.5]), r"answers\[0\] = 9.5 is not a whole number in \[0, 10\]"),
        (lambda: net_promoter_score([]), r"answers has shape \(0,\)"),
        (lambda: satisfaction_index([[0, 5, 5]]), r"items\[0, 0\] = 0 is not a finite number in \[1, 10\]"),
        (lambda: satisfaction_index([5, 5, 5]), r"items has shape \(3,\)"),
        (lambda: satisfaction_index([[5, 5, 5]], weights=[0.5, 0.4, 0.2]), r"weights are 3 and add up to 1\.1"),
        (lambda: top_box_share(["good"], 9), "answers is not made of numbers"),
        (lambda: top_box_share([9], 9).interval(1.0), r"confidence = 1 is outside \(0, 1\)"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(Refusal, match=words):
        call()
