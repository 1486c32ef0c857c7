"""Winners: named only when every comparison holds."""

import math

import pytest

from abm.study.statistics.paired import PairedDifference
from abm.study.statistics.winner import decide


def difference(against, mean, low, high, pairs=30, sd=1.0):
    return PairedDifference("profit", "points", against, "north", mean, low, high, pairs, sd, 0.975)


def test_best_when_ahead_of_all():
    winner = decide(
        "profit", "points", [difference("none", 5, 4, 6), difference("service", 2, 1, 3)], 0.95, largest=True
    )
    assert winner.arm == "points"
    assert winner.statement == (
        "'points' has the highest profit of north: +2.0 [1.0, 3.0] in 30 pairs for the closest, 'service' "
        "(0.95 confidence over 2 comparisons)"
    )


def test_nobody_when_one_comparison_does_not_hold():
    winner = decide(
        "profit", "points", [difference("none", 5, 4, 6), difference("service", 2, -2, 6)], 0.95, largest=True
    )
    assert winner.arm is None
    # the half-width 4 is twice the lead: four times the pairs would show it
    assert "'points' leads 'service' by +2.0 [-2.0, 6.0] in 30 pairs" in winner.statement
    assert "about 120 pairs" in winner.statement


def test_less_may_be_better():
    assert decide("churn", "points", [difference("none", -2, -3, -1)], 0.95, largest=False).arm == "points"
    assert decide("churn", "points", [difference("none", -2, -3, -1)], 0.95, largest=True).arm is None


@pytest.mark.parametrize(
    ("rival", "words"),
    [
        (difference("none", 0.0, 0.0, 0.0, sd=0.0), "'points' and 'none' are equal in all 30 pairs"),
        (difference("none", 3.0, -math.inf, math.inf, pairs=1), "have 1 pair with a value, and it takes 2"),
        (difference("none", math.nan, -math.inf, math.inf, pairs=0), "have 0 pairs with a value"),
        (difference("none", 0.0, -1.0, 1.0), "'points' leads 'none' by +0.0 [-1.0, 1.0]"),
    ],
)
def test_doubts(rival, words):
    winner = decide("profit", "points", [rival], 0.95, largest=True)
    assert winner.arm is None
    assert words in str(winner)


def test_one_arm_has_nothing_to_beat():
    winner = decide("profit", "points", [], 0.95, largest=True)
    assert winner.arm is None
    assert "only the arm 'points'" in winner.statement
