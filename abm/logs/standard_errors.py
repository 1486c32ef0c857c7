"""How sure the parameters of a log's fit are: standard errors and intervals from the bending of the likelihood.

A fit works on the logarithms of its parameters, and the inverse of minus the Hessian there is their covariance C. Of a
number f made of them, with g the slope of ln f (or of the log odds of f, where f is a share) in these logarithms,

    standard error on that scale  s = sqrt(g' C g)
    standard error of f           f s, and f (1 - f) s of a share (delta method)
    interval                      f at ln f ± z s, or at the log odds ± z s: never below 0, or outside 0-1

They are of the model that was taken, as if no other had been tried, and of customers who are a random sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from abm.core.errors import Refusal
from abm.logs.alike_drop_out import AlikeDropOut
from abm.logs.baskets import GammaGamma, LognormalBaskets
from abm.logs.bgnbd import BGNBD
from abm.logs.likelihood import FloatArray
from abm.logs.nbd import NBD

Lives = BGNBD | AlikeDropOut | NBD
Baskets = GammaGamma | LognormalBaskets

_LEAVING = "chance of leaving after a purchase"


class _Number(NamedTuple):
    """A parameter, or a number made of parameters.

    slope : of its logarithm (share: of its log odds) in each member of the covariance; None = the number is at its edge
    """

    name: str
    what: str
    unit: str
    value: float
    slope: tuple[float, ...] | None
    share: bool = False


def estimates(lives: Lives, baskets: Baskets | None, confidence: float = 0.95) -> pd.DataFrame:
    """Return a row for each number that was fitted: what, unit, estimate, standard_error, low, high, edge.

    The index, `parameter`, has the names of `LogFit.numbers`, and `mean_rate`, `drop_out`, `mean`, which are made of
    others. edge : whether the likelihood was highest at the end of the number's range, where it has no standard error
    confidence   : of the intervals, in (0, 1)

    standard_error, low and high are NaN at an edge, for models that were not fitted, and where nothing is told.
    Raises Refusal for another confidence.
    """
    z = _quantile(confidence)
    rows = [_row(number, lives.covariance, z) for number in _of_lives(lives)]
    if baskets is not None:
        rows += [_row(number, baskets.covariance, z) for number in _of_baskets(baskets)]
    columns = ["parameter", "what", "unit", "estimate", "standard_error", "low", "high", "edge"]
    return pd.DataFrame(rows, columns=columns).set_index("parameter")


def parameter_errors(model: Any, confidence: float = 0.95) -> pd.DataFrame:
    """Return a row for each parameter of a fitted model: estimate, standard_error, low, high, by its name.

    model : a result of a fit of this package, whose covariance is of the logarithms of its first parameters

    Raises Refusal for a model that was not fitted, and another confidence.
    """
    z = _quantile(confidence)
    covariance = getattr(model, "covariance", None)
    if covariance is None:
        raise Refusal(f"{type(model).__name__} was not fitted to customers, so that it has no standard errors")
    names = [one.name for one in fields(model)][: len(covariance)]
    rows = []
    for place, name in enumerate(names):
        slope = tuple(float(place == other) for other in range(len(names)))
        found = _row(_Number(name, "", "", getattr(model, name), slope), covariance, z)
        rows.append((name, *found[3:7]))
    return pd.DataFrame(rows, columns=["parameter", "estimate", "standard_error", "low", "high"]).set_index("parameter")


def _quantile(confidence: float) -> float:
    """Return the standard errors to either side of an interval.  Raises Refusal unless confidence is inside (0, 1)."""
    if not 0.0 < confidence < 1.0:
        raise Refusal(f"confidence = {confidence:g} is outside (0, 1)")
    return NormalDist().inv_cdf((1.0 + confidence) / 2.0)


def _row(number: _Number, covariance: FloatArray | None, z: float) -> tuple[object, ...]:
    """Return a row of the table, z standard errors to both sides."""
    name, what, unit, value, slope, share = number
    if slope is None or covariance is None or not math.isfinite(value):
        return name, what, unit, value, math.nan, math.nan, math.nan, slope is None
    g = np.array(slope)
    error = math.sqrt(g @ covariance @ g)
    with np.errstate(over="ignore"):  # an interval without end, where next to nothing is told
        factors = np.exp(np.array([-z, z]) * error)
    if share:
        low, high = 1.0 / (1.0 + (1.0 - value) / value / factors)
        return name, what, unit, value, value * (1.0 - value) * error, float(low), float(high), False
    low, high = value * factors
    return name, what, unit, value, value * error, float(low), float(high), False


def _of_lives(lives: Lives) -> Iterator[_Number]:
    """Yield what was fitted of rates and drop-out, whose covariance is of ln r, ln alpha and what the model adds."""
    besides = (0.0,) * {NBD: 0, AlikeDropOut: 1, BGNBD: 2}[type(lives)]
    yield _Number("r", "shape of rates: small = customers differ much", "", lives.r, (1.0, 0.0, *besides))
    yield _Number("alpha", "rate of the Gamma of rates", "weeks", lives.alpha, (0.0, 1.0, *besides))
    yield _Number("mean_rate", "rate while active", "1/week", lives.mean_rate, (1.0, -1.0, *besides))
    if isinstance(lives, BGNBD):
        yield _Number("a", "shape of chances of leaving", "", lives.a, (0.0, 0.0, 1.0, 0.0))
        yield _Number("b", "shape of chances of staying", "", lives.b, (0.0, 0.0, 0.0, 1.0))
        yield _Number("drop_out", f"mean {_LEAVING}", "0-1", lives.mean_dropout, (0.0, 0.0, 1.0, -1.0), share=True)
    elif isinstance(lives, AlikeDropOut):
        yield _Number("drop_out", _LEAVING, "0-1", lives.dropout, (0.0, 0.0, 1.0), share=True)
        yield _Number("drop_out_spread", "how customers differ in it", "0-1", 0.0, None)
    else:
        yield _Number("drop_out", _LEAVING, "0-1", 0.0, None)


def _of_baskets(baskets: Baskets) -> Iterator[_Number]:
    """Yield what was fitted of baskets."""
    if isinstance(baskets, GammaGamma):
        yield _Number("p", "shape of a customer's baskets", "", baskets.p, (1.0, 0.0, 0.0))
        yield _Number("q", "shape of levels over customers", "", baskets.q, (0.0, 1.0, 0.0))
        yield _Number("v", "scale of levels over customers", "cu", baskets.v, (0.0, 0.0, 1.0))
        by_q = -baskets.q / (baskets.q - 1.0) if baskets.q > 1.0 else math.nan
        yield _Number("mean", "mean basket over customers", "cu", baskets.population_mean, (1.0, by_q, 1.0))
        return
    spreads = {"sigma": baskets.sigma, "sigma_within": baskets.sigma_within}
    inside = ["mu", *(name for name, value in spreads.items() if value)]

    def slope(**of: float) -> tuple[float, ...]:
        return tuple(of.get(name, 0.0) for name in inside)

    by_spread: Mapping[str, float] = {name: value**2 for name, value in spreads.items()}
    mean, between, within = baskets.population_mean, baskets.sigma, baskets.sigma_within
    yield _Number("mean", "mean basket over customers", "cu", mean, slope(mu=1.0, **by_spread))
    what = "spread of levels between customers", "spread of one customer's baskets"
    yield _Number("spread", what[0], "ln cu", between, slope(sigma=1.0) if between else None)
    yield _Number("spread_within", what[1], "ln cu", within, slope(sigma_within=1.0) if within else None)
