"""P(alive) and purchases ahead, under each model that a log may have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers
from scipy.integrate import quad

from abm.core.errors import Refusal
from abm.logs.alike_drop_out import AlikeDropOut
from abm.logs.bgnbd import BGNBD
from abm.logs.nbd import NBD
from abm.value.alive import discounted_purchases, probability_alive, purchases_ahead

CDNOW = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
ALIKE = AlikeDropOut(r=0.6, alpha=8.0, dropout=0.2)
STAYING = NBD(r=0.6, alpha=8.0)
MODELS = (CDNOW, ALIKE, STAYING)
HISTORY = ([0, 2, 7], [0.0, 30.43, 38.0], [38.86, 38.86, 38.86])


def test_golden_numbers():
    assert probability_alive(CDNOW, 2, 30.43, 38.86) == pytest.approx([0.726579], abs=5e-7)
    assert purchases_ahead(CDNOW, 39, 2, 30.43, 38.86) == pytest.approx([1.226028], abs=5e-7)
    assert purchases_ahead(CDNOW, 52, 0, 0, 0) == pytest.approx([1.446051], abs=5e-7)  # who is new: E[X(52)]


def integrated(x, t_x, t, ahead=None):
    """P(alive), or the purchases ahead, of who drops out with the one chance, by integration over her rate."""
    r, alpha, p = ALIKE.r, ALIKE.alpha, ALIKE.dropout

    def density(rate):
        return rate ** (r + x - 1) * np.exp(-alpha * rate)

    def alive(rate):
        return density(rate) * (1 - p) ** x * np.exp(-rate * t)

    def either(rate):
        gone = (1 - p) ** (x - 1) * p * np.exp(-rate * t_x) if x else 0.0
        return alive(rate) + density(rate) * gone

    def buys(rate):
        return alive(rate) * (1 - np.exp(-p * rate * ahead)) / p

    whole = quad(either, 0, np.inf, epsabs=0, limit=200)[0]
    return quad(alive if ahead is None else buys, 0, np.inf, epsabs=0, limit=200)[0] / whole


@pytest.mark.parametrize(("x", "t_x", "t"), [(1, 3.0, 20.0), (2, 18.0, 20.0), (5, 12.0, 30.0)])
def test_alike_drop_out_by_integration(x, t_x, t):
    assert probability_alive(ALIKE, x, t_x, t) == pytest.approx([integrated(x, t_x, t)], rel=1e-7)
    assert purchases_ahead(ALIKE, 26, x, t_x, t) == pytest.approx([integrated(x, t_x, t, 26.0)], rel=1e-7)


def test_alike_drop_out_is_the_limit_of_the_bgnbd():
    near = BGNBD(r=ALIKE.r, alpha=ALIKE.alpha, a=3e3 * ALIKE.dropout, b=3e3 * (1 - ALIKE.dropout))
    assert probability_alive(near, *HISTORY) == pytest.approx(probability_alive(ALIKE, *HISTORY), rel=3e-3)
    assert purchases_ahead(near, 10, *HISTORY) == pytest.approx(purchases_ahead(ALIKE, 10, *HISTORY), rel=3e-3)


def test_without_drop_out_it_is_the_nbd():
    staying = AlikeDropOut(r=STAYING.r, alpha=STAYING.alpha, dropout=1e-9)
    assert probability_alive(STAYING, *HISTORY).tolist() == [1, 1, 1]
    assert probability_alive(staying, *HISTORY) == pytest.approx([1, 1, 1], abs=1e-6)
    assert purchases_ahead(staying, 9, *HISTORY) == pytest.approx(purchases_ahead(STAYING, 9, *HISTORY), rel=1e-6)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@given(x=integers(0, 40), t=floats(0.1, 200.0), part=floats(0.0, 1.0), weeks=floats(0.0, 100.0))
def test_shares_and_counts(model, x, t, part, weeks):
    t_x = part * t if x else 0.0
    alive = probability_alive(model, x, t_x, t)
    ahead = purchases_ahead(model, weeks, x, t_x, t)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert ((ahead >= 0) & (ahead <= (model.r + x) / (model.alpha + t) * weeks * (1 + 1e-9) + 1e-12)).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_purchases_that_are_not_discounted_are_all_purchases(model):
    assert discounted_purchases(model, 20, 0.0, *HISTORY) == pytest.approx(purchases_ahead(model, 20, *HISTORY))
    assert (discounted_purchases(model, 20, 0.01, *HISTORY) < purchases_ahead(model, 20, *HISTORY)).all()


def test_discounted_purchases_by_hand():
    first, both = (purchases_ahead(STAYING, weeks, 3, 2.0, 5.0) for weeks in (1, 2))
    assert discounted_purchases(STAYING, 2, 0.1, 3, 2.0, 5.0) == pytest.approx(first / 1.1 + (both - first) / 1.21)


def test_refusals():
    with pytest.raises(Refusal, match="weeks = -1 is not a finite number of at least 0"):
        purchases_ahead(STAYING, -1, *HISTORY)
    with pytest.raises(Refusal, match=r"recency\[0\] = 3 is past age\[0\] = 2"):
        probability_alive(STAYING, 1, 3, 2)
    with pytest.raises(Refusal, match="horizon = 0"):
        discounted_purchases(CDNOW, 0, 0.0, *HISTORY)
