"""How unequally amounts are spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, lists
from scipy.special import ndtr, ndtri

from abm.core.errors import Refusal
from abm.logs import brands
from abm.logs.concentration import gini, lorenz, top_share

amounts = lists(floats(0.0, 1e9), min_size=1, max_size=50).filter(lambda values: sum(values) > 1e-3)


@pytest.mark.parametrize(
    ("sigma", "top_1", "top_20", "coefficient"),
    [(1.0, 0.092, 0.563, 0.520), (1.25, 0.141, 0.659, 0.623), (1.5, 0.204, 0.745, 0.711)],
)
def test_golden_lognormal(sigma, top_1, top_20, coefficient):
    """The mean amount of each hundred-thousandth of a lognormal population."""
    cuts = ndtr(ndtri(np.linspace(0, 1, 100_001)) - sigma)  # its Lorenz curve
    spend = np.diff(cuts)
    assert top_share(spend, 0.01) == pytest.approx(top_1, abs=5e-4)
    assert top_share(spend, 0.20) == pytest.approx(top_20, abs=5e-4)
    assert gini(spend) == pytest.approx(coefficient, abs=5e-4)


@given(values=amounts)
def test_gini_is_twice_the_area_above_the_lorenz_curve(values):
    at, share = lorenz(values)
    assert 0 <= gini(values) <= 1 - 1 / len(values) + 1e-12
    assert gini(values) == pytest.approx(1 - 2 * np.trapezoid(share, at), abs=1e-9)
    assert (share <= at + 1e-12).all()
    assert (share[0], share[-1], at[-1]) == (0, 1, 1)


@given(values=amounts, top=floats(0.01, 1.0))
def test_the_top_share_is_what_the_lorenz_curve_leaves(values, top):
    at, share = lorenz(values)
    assert top_share(values, top) == pytest.approx(1 - np.interp(1 - top, at, share), abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_all_alike(n):
    assert gini([3.0] * n) == pytest.approx(0, abs=1e-12)
    assert top_share([3.0] * n, 0.3) == pytest.approx(0.3)


def test_nothing_and_who_has_nothing():
    assert np.isnan(gini([0, 0]))
    assert np.isnan(gini([]))
    assert np.isnan(top_share([0, 0]))
    assert np.isnan(lorenz([0, 0])[1]).all()
    assert top_share([1, 0, 0, 0], 0.5) == 1.0
    assert brands.top_share([1, 0, 0, 0], 0.5) == 0.5  # of the buyers alone


@pytest.mark.parametrize("values", [[1, -1], [1, float("nan")], [[1, 2]]])
@pytest.mark.parametrize("function", [gini, lorenz, top_share])
def test_refusals(function, values):
    with pytest.raises(Refusal, match="amounts are one number of at least 0 for each customer"):
        function(values)
