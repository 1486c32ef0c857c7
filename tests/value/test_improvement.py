"""Priorities of improvement by hand, and importance from a table of visits."""

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.value.importance import shapley_shares
from abm.value.improvement import improvement_priority, stated_importance

SCORES = pd.DataFrame(
    {"core": [70.0, 80.0, 60.0], "people": [50.0, 55.0, 90.0], "speed": [85.0, 60.0, np.nan]}, ["north", "east", "west"]
)
WEIGHTS = {"core": 0.5, "people": 0.1, "speed": 0.2}


def test_by_hand():
    """.5 (80 - 70) = 5; .1 (90 - 50) = 4; .2 (60 - 85) = -5."""
    found = improvement_priority(SCORES, WEIGHTS, "north")
    assert found["priority"].to_dict() == pytest.approx({"core": 5.0, "people": 4.0, "speed": -5.0})
    assert list(found.index) == ["core", "people", "speed"]
    assert found["target"].tolist() == [80.0, 90.0, 60.0]
    assert found["score"].tolist() == [70.0, 50.0, 85.0]


def test_a_stated_target_holds_for_all_and_needs_no_rival():
    """.5 x 20, .1 x 40, .2 x 5."""
    found = improvement_priority(SCORES.loc[["north"]], pd.Series(WEIGHTS), "north", target=90.0)
    assert found["priority"].to_dict() == pytest.approx({"core": 10.0, "people": 4.0, "speed": 1.0})


def test_who_leads_has_nothing_to_catch_up_with():
    found = improvement_priority(SCORES, WEIGHTS, "east")
    assert found.loc["core", "priority"] == pytest.approx(-5.0)
    assert found.index[0] == "speed"


def test_importance_is_that_of_those_who_answered():
    luck = np.random.default_rng(2)
    said = pd.DataFrame(luck.integers(1, 11, (200, 3)), columns=["a", "b", "answer_overall"])
    said["answer_overall"] += 2 * said["a"]
    said["answered"] = 1
    silent = pd.DataFrame({"a": [0] * 50, "b": 0, "answer_overall": 0, "answered": 0})
    found = stated_importance(pd.concat([silent, said]), ["a", "b"])
    assert found.to_numpy() == pytest.approx(shapley_shares(said[["a", "b"]], said["answer_overall"]))
    assert found["a"] > 10 * found["b"]


@pytest.mark.parametrize(
    ("scores", "weights", "firm", "words"),
    [
        (SCORES, WEIGHTS, "nort", "\"nort\" is not in the table of scores; did you mean 'north'"),
        (pd.concat([SCORES, SCORES]), WEIGHTS, "north", "is twice in the table"),
        (
            SCORES,
            {"core": 1.0, "people": 1.0, "sped": 1.0},
            "north",
            'attribute "speed" has no importance; did you mean',
        ),
        (SCORES, {**WEIGHTS, "core": -1.0}, "north", r"importance\[0\] = -1"),
        (SCORES, WEIGHTS, "west", r"score of west\[2\] = nan"),
        (SCORES.loc[["north", "west"]], WEIGHTS, "north", 'no rival has a score on "speed"'),
    ],
)
def test_refusals(scores, weights, firm, words):
    with pytest.raises(Refusal, match=words):
        improvement_priority(scores, weights, firm)


def test_nobody_answered():
    with pytest.raises(Refusal, match="nobody in the table answered"):
        stated_importance(pd.DataFrame({"a": [0], "answer_overall": [0], "answered": [0]}), ["a"])
    with pytest.raises(Refusal, match='no column "b"'):
        stated_importance(pd.DataFrame({"a": [0], "answer_overall": [0], "answered": [1]}), ["b"])
