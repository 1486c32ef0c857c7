"""Shapley shares of R² and standardised coefficients."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.strategies import integers

from abm.core.errors import Refusal
from abm.value.importance import importance, r_squared, shapley_shares, standardised_coefficients


def survey(seed, n=60, k=4, halo=1.0):
    """Answers to k attributes that go together, and an overall answer."""
    luck = np.random.default_rng(seed)
    x = luck.normal(size=(n, k)) + halo * luck.normal(size=(n, 1))
    return x, x @ luck.uniform(-0.2, 1, k) + luck.normal(size=n)


def plain_r_squared(x, y):
    if not x.shape[1]:
        return 0.0
    design = np.column_stack((np.ones(len(y)), x))
    rest = y - design @ np.linalg.lstsq(design, y)[0]
    return 1 - rest @ rest / ((y - y.mean()) @ (y - y.mean()))


@given(seed=integers(0, 10_000), k=integers(1, 6))
def test_shares_add_up_to_r_squared(seed, k):
    x, y = survey(seed, k=k)
    shares = shapley_shares(x, y)
    assert shares.sum() == pytest.approx(r_squared(x, y), abs=1e-10)
    assert (shares >= -1e-12).all()
    assert r_squared(x, y) == pytest.approx(plain_r_squared(x, y), abs=1e-10)


def test_shares_are_the_mean_over_all_orders():
    x, y = survey(1)
    gains = np.zeros(4)
    orders = list(permutations(range(4)))
    for order in orders:
        for place, j in enumerate(order):
            gains[j] += plain_r_squared(x[:, order[: place + 1]], y) - plain_r_squared(x[:, order[:place]], y)
    assert shapley_shares(x, y) == pytest.approx(gains / len(orders), abs=1e-10)


def test_attributes_that_have_nothing_in_common_have_their_squared_correlations():
    x = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]])
    y = np.array([3.0, 1.5, 0.5, -1.0])
    correlations = [np.corrcoef(x[:, j], y)[0, 1] for j in (0, 1)]
    assert shapley_shares(x, y) == pytest.approx(np.square(correlations))
    assert standardised_coefficients(x, y) == pytest.approx(correlations)


def test_two_that_say_the_same_share_alike():
    x, y = survey(3, k=1)
    found = shapley_shares(np.column_stack((x, 2 * x + 5, np.ones(len(y)))), y)
    assert found[0] == pytest.approx(found[1])
    assert found[2] == 0
    assert found.sum() == pytest.approx(r_squared(x, y))


def test_ten_attributes_and_no_more():
    x, y = survey(4, k=10)
    assert shapley_shares(x, y).sum() == pytest.approx(r_squared(x, y))
    with pytest.raises(Refusal, match="attributes has 11 columns; at most 10"):
        shapley_shares(np.column_stack((x, y)), y)


def test_units_do_not_matter():
    x, y = survey(5)
    other = x * [1, 10, 0.1, 3] + 7
    assert shapley_shares(other, 5 * y - 2) == pytest.approx(shapley_shares(x, y))
    assert standardised_coefficients(other, 5 * y - 2) == pytest.approx(standardised_coefficients(x, y))


@pytest.mark.parametrize(
    ("attributes", "overall", "words"),
    [
        ([[1], [2]], [3, 3], "overall is the same for all"),
        ([[1], [2]], [3, 4, 5], r"attributes has shape \(2, 1\); 3 rows as of overall"),
        ([1, 2], [3, 4], r"attributes has shape \(2,\)"),
        ([[1, 2], [2, 4], [4, 8]], [3, 4, 6], "one follows from the others"),
        ([[1], [float("nan")]], [3, 4], r"attributes\[1, 0\] = nan"),
    ],
)
def test_refusals(attributes, overall, words):
    with pytest.raises(Refusal, match=words):
        standardised_coefficients(attributes, overall)


def test_a_table_has_its_most_important_input_first():
    x, y = survey(3)
    table = pd.DataFrame(x, columns=list("abcd")).assign(overall=y, customer=range(60), arm="one")
    table.loc[5, "b"] = np.nan
    found = importance(table, "overall")
    kept = np.delete(np.arange(60), 5)
    shares = dict(zip("abcd", shapley_shares(x[kept], y[kept]), strict=True))
    assert found["shapley"].to_dict() == pytest.approx(shares)
    assert found["shapley"].is_monotonic_decreasing
    assert found["share"].sum() == pytest.approx(1.0)
    assert found.loc["a", "coefficient"] == pytest.approx(standardised_coefficients(x[kept], y[kept])[0])


def test_inputs_of_which_one_follows_from_another_share_and_have_no_coefficients():
    x, y = survey(3, k=2)
    table = pd.DataFrame({"a": x[:, 0], "twice": 2 * x[:, 0], "overall": y})
    found = importance(table, "overall", ["a", "twice"])
    assert found.loc["a", "share"] == pytest.approx(0.5)
    assert found["coefficient"].isna().all()
    with pytest.raises(Refusal, match='"overall" is both target and input'):
        importance(table, "overall", ["a", "overall"])
