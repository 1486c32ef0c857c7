"""Drop-out that is alike for all: the edge of the BG/NBD, found where customers do not differ in it."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from abm.core.errors import Refusal
from abm.logs import alike_drop_out, bgnbd
from abm.logs.alike_drop_out import AlikeDropOut, fit_alike_drop_out
from abm.logs.bgnbd import fit_bgnbd


def histories(customers=3000, shape=0.8, mean_rate=0.1, dropout=0.05, weeks=104.0, seed=1):
    """Return x, t_x and T of customers who buy at Gamma rates and leave after any purchase alike."""
    luck = np.random.default_rng(seed)
    age = luck.uniform(0.5, 1.0, customers) * weeks
    x, t_x = np.zeros(customers), np.zeros(customers)
    for i, rate in enumerate(luck.gamma(shape, mean_rate / shape, customers)):
        t = 0.0
        while luck.random() >= dropout and (t := t + luck.exponential(1 / rate)) <= age[i]:
            x[i], t_x[i] = x[i] + 1, t
    return x, t_x, age


def test_its_likelihood_is_the_limit_of_the_bgnbd():
    data = histories(200)
    value, _ = alike_drop_out._log_likelihood(np.array([0.7, 5.0, 0.05 / 0.95]), *data)
    limit, _ = bgnbd._log_likelihood(np.array([0.7, 5.0, 0.05e8, 0.95e8]), *data)
    assert value == pytest.approx(limit, abs=1e-3)


def test_the_gradient_is_that_of_the_likelihood():
    data, at = histories(200), np.array([0.7, 5.0, 0.1])
    _, gradient = alike_drop_out._log_likelihood(at, *data)
    found = approx_fprime(at, lambda point: alike_drop_out._log_likelihood(point, *data)[0], 1e-7)
    assert gradient == pytest.approx(found, rel=1e-3)


def test_what_made_the_purchases_is_found():
    """Customers begin with a purchase, after which they may leave too: rates are a few per cent off by chance."""
    found = fit_alike_drop_out(*histories())
    assert found.mean_rate == pytest.approx(0.1, rel=0.1)
    assert found.dropout == pytest.approx(0.05, abs=0.01)
    assert found.describe().startswith("BG/NBD of alike drop-out over 3,000 customers: r = ")


def test_drop_out_that_differs_is_fitted_better_by_the_bgnbd(cdnow):
    data = [cdnow[name] for name in ("frequency", "recency", "age")]
    assert fit_bgnbd(*data).log_likelihood > fit_alike_drop_out(*data).log_likelihood + 2


def test_refusals():
    with pytest.raises(Refusal, match="no customer bought again"):
        fit_alike_drop_out([0, 0], [0, 0], [3, 4])
    with pytest.raises(Refusal, match="do not determine"):
        fit_alike_drop_out(*histories(dropout=0.0))
    with pytest.raises(Refusal, match="dropout = 1 is not below 1"):
        AlikeDropOut(1.0, 1.0, 1.0)
