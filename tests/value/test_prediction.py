"""What makes an event is found again, and is judged on customers whom the fit has not seen."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from abm.core.errors import Refusal
from abm.value.prediction import predict

pytest.importorskip("sklearn")


def customers(n=6000, seed=1, copies=1):
    """Return customers who leave with log odds -1 + 0.02 (wait - 50) - 1.5 satisfied, whatever their `luck`."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "customer": np.arange(n),
            "wait": rng.normal(50, 30, n),
            "satisfied": rng.normal(0.0, 1.0, n),
            "luck": rng.normal(size=n),
        }
    )
    odds = -1.0 + 0.02 * (table["wait"] - 50) - 1.5 * table["satisfied"]
    table["left"] = rng.random(n) < expit(odds)
    return pd.concat([table.assign(period=52 * (1 + copy)) for copy in range(copies)], ignore_index=True)


def test_coefficients_are_those_that_made_it():
    found = predict(customers(), "left", test_share=0.3, seed=2).coefficients
    assert list(found.index) == ["wait", "satisfied", "luck"]
    assert found["per_unit"].to_list() == pytest.approx([0.02, -1.5, 0.0], abs=0.15)
    assert found.loc["wait", "per_unit"] == pytest.approx(0.02, abs=0.004)
    assert found["odds_ratio"].to_list() == pytest.approx(np.exp(found["coefficient"]).to_list())


def test_it_is_calibrated_and_lifts():
    found = predict(customers(), "left", seed=2)
    assert found.auc.n == 3000
    assert found.auc.value == pytest.approx(0.82, abs=0.03)
    assert found.calibration["n"].sum() == 3000
    assert found.calibration["predicted"].is_monotonic_increasing
    assert (found.calibration["predicted"] - found.calibration["happened"]).abs().max() < 0.08
    lift = found.lift
    assert lift["captured"].iloc[-1] == 1.0
    assert (lift["lift"] * lift["n"]).sum() / lift["n"].sum() == pytest.approx(1.0)
    assert lift["lift"].iloc[0] > 2.0
    assert lift["lift"].iloc[-1] < 0.3
    assert lift["events"].iloc[0] == found.calibration["happened"].iloc[-1] * found.calibration["n"].iloc[-1]


def test_what_has_nothing_to_do_with_it_foretells_nothing():
    found = predict(customers(), "left", "luck", seed=2)
    assert abs(found.auc.value - 0.5) < 4 * found.auc.standard_error
    # the share of all, whatever is in the columns that were not taken
    assert found.probabilities.mean() == pytest.approx(customers()["left"].mean(), abs=0.03)


def test_nobody_is_foretold_from_herself():
    """Customers who are there twice would be foretold by heart from an input that is only their name."""
    table = customers(400, copies=2)
    held = predict(table.sample(frac=1.0, random_state=3), "left", seed=2).probabilities.index
    assert len(held) == 400
    assert not set(table.loc[held, "customer"]) & set(table.drop(held)["customer"])


def test_a_seed_is_repeated_and_another_holds_out_others():
    table = customers(500)
    first = predict(table, "left", seed=1).probabilities
    assert first.equals(predict(table, "left", seed=1).probabilities)
    assert set(first.index) != set(predict(table, "left", seed=2).probabilities.index)


def test_a_number_that_is_missing_leaves_the_row_out():
    table = customers(500)
    table.loc[[3, 4], "wait"] = np.nan
    found = predict(table, "left", seed=1)
    assert found.left_out == 2
    assert found.trained + len(found.probabilities) == 498


def test_outcomes_that_are_parted_wholly_stay_finite():
    table = pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40) >= 20})
    found = predict(table, "y", seed=1)
    assert np.isfinite(found.coefficients).all(axis=None)
    assert found.auc.value == 1.0
    weak = predict(table, "y", seed=1, penalty=100.0)
    assert abs(weak.coefficients["coefficient"].iloc[0]) < abs(found.coefficients["coefficient"].iloc[0])


def test_without_penalty_it_is_the_maximum_of_the_likelihood():
    table = customers(2000)
    found = predict(table, "left", ["wait", "satisfied"], test_share=0.2, seed=1, penalty=0.0)
    seen = table.drop(found.probabilities.index)
    x = seen[["wait", "satisfied"]].to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    off = seen["left"] - expit(found.intercept + x @ found.coefficients["coefficient"].to_numpy())
    assert np.abs(x.T @ off).max() < 0.05  # the slope of the likelihood, of some 400 events
    assert abs(off.sum()) < 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "wait"}, r"left\b|wait\[0\] = .* is not a whole number"),
        ({"target": "gone"}, 'no column "gone"'),
        ({"inputs": ["left"]}, 'column "left" is both target and input'),
        ({"test_share": 0.0}, "leaves nobody on one of the sides"),
        ({"test_share": 1.5}, "test_share = 1.5 is not a finite number"),
        ({"penalty": -1}, "penalty = -1 is not"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(Refusal, match=message):
        predict(customers(100), **({"target": "left"} | options))


def test_one_outcome_alone_is_refused():
    with pytest.raises(Refusal, match="left is 0 in all rows fitted; both outcomes are needed"):
        predict(customers(100).assign(left=0), "left")
