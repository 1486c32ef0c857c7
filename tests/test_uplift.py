"""The benchmark of estimators: it finds what is known of each, and no estimate beats the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import abm
from abm.study.comparison.twins_data import collected, planned
from abm.study.running.runner import run

pytest.importorskip("sklearn")
from benchmarks import uplift

CONFOUNDED = {"more": 1.0, "at random": 0.0, "less": -1.0}


@pytest.fixture(scope="module")
def tables():
    """A table of grades for each kind of assignment of the customers of four small markets."""
    study = abm.Experiment(
        name="shop",
        scenario=abm.Scenario(periods=60, burn_in=4, population={"customers": 300}),
        arms={"none": {}, "points": {"from": 30, "firms.north.program": {"preset": "points", "hassle": 0.0}}},
        seed=5,
    )
    asked = {
        name: planned(
            study, None, 1, 1, firm=None, outcome="profit_from_customer", silence=None, columns=None, share=0.5,
            confounding={"frequency": strength}, replications=4,
        )
        for name, strength in CONFOUNDED.items()
    }  # fmt: skip
    results = run(asked["more"].study, workers=1)
    found = {name: collected(question, results) for name, question in asked.items()}
    return {
        name: (data, uplift.graded(data.customers, data.effects, 0.2, trees=10).set_index("estimator"))
        for name, data in found.items()
    }


@pytest.mark.slow
def test_at_random_a_difference_in_means_is_right_within_its_interval(tables):
    data, table = tables["at random"]
    sides = data.customers.groupby("treated")["outcome"]
    error = np.sqrt((sides.var() / sides.size()).sum())
    assert abs(table["bias"]["difference in means"]) < 2 * error


@pytest.mark.parametrize(("name", "sign"), [("more", 1), ("less", -1)])
def test_adjustment_repairs_most_of_what_confounding_does(tables, name, sign):
    bias = tables[name][1]["bias"]
    naive = bias["difference in means"]
    assert sign * naive > 2
    assert abs(bias["regression"]) < abs(naive) / 2
    assert abs(bias["inverse probability"]) < abs(naive) / 2


@pytest.mark.parametrize("name", CONFOUNDED)
def test_nothing_beats_the_truth(tables, name):
    table = tables[name][1]
    assert (table["regret"] >= 0).all()
    assert table.loc["the truth", ["bias", "rmse", "regret"]].tolist() == [0, 0, 0]
    assert table["rmse"].drop("the truth").min() > 0


def test_value_by_hand():
    effect = np.array([4.0, -1.0, 2.0, 3.0])
    assert uplift.value(effect, effect, 0.5) == pytest.approx((4 + 3) / 4)
    assert uplift.value(-effect, effect, 0.5) == pytest.approx((-1 + 2) / 4)
    assert uplift.value(np.zeros(4), effect, 0.5) == pytest.approx(8 / 4 / 2)  # all alike: half of them, whoever
    assert uplift.value(np.array([1.0, 0.0, 0.0, 0.0]), effect, 0.5) == pytest.approx((4 + 4 / 3) / 4)


def test_what_is_not_known_is_said():
    customers = pd.DataFrame(
        {"replication": 0, "customer": range(3), "answer": [2.0, None, 4.0], "treated": [0, 1, 0], "outcome": 1.0}
    )
    assert uplift.sample(customers).x.tolist() == [[2.0, 0.0], [3.0, 1.0], [4.0, 0.0]]


@pytest.mark.parametrize(("name", "close"), [("regression", 1e-9), ("two forests", 0.15)])
def test_known_effects_are_found(name, close):
    """Where the effect is x and assignment is at random, who looks at x finds it; who does not misses all of it."""
    x = np.linspace(-1, 1, 1200)
    w = np.arange(1200) % 2
    seen = uplift.Sample(x[:, None], w, w * x, trees=20)
    assert np.sqrt(np.mean((uplift.ESTIMATORS[name](seen) - x) ** 2)) < close
    assert np.corrcoef(uplift.uplift_forest(seen), x)[0, 1] > 0.9
    assert np.sqrt(np.mean((uplift.difference_in_means(seen) - x) ** 2)) == pytest.approx(x.std(), abs=0.01)
