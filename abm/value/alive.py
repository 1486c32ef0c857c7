"""Who is still a customer, and how often she will come: what a fit to a log says of a customer with a history.

A history is x repeat purchases, the last of them t_x weeks after the first purchase, T weeks from that to the end of
the observation. The model is whichever `fit_log` takes (its `lives`); the fit sets the unit of time, weeks.

    BG/NBD     P = 1 / (1 + a / (b+x-1) ((alpha+T) / (alpha+t_x))^(r+x)), 1 at x = 0       [bgnbd.py]
    all drop out alike, with probability p after a purchase
               P = 1 / (1 + p / (1-p) ((alpha+T) / (alpha+t_x))^(r+x)), 1 at x = 0
               E[Y(t)] = P / p (1 - ((alpha+T) / (alpha+T + p t))^(r+x))
    NBD        P = 1;  E[Y(t)] = (r+x) t / (alpha+T)

Source: FADER_HARDIE_LEE_2005 (BG/NBD); EHRENBERG_1988 (NBD). The second is worked out as a limit of the first, in which
the rate of who is alive is again Gamma(r+x, alpha+T).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from abm.logs import bgnbd
from abm.logs.alike_drop_out import AlikeDropOut
from abm.logs.bgnbd import BGNBD, history
from abm.logs.log_fit import Lives
from abm.value.checks import FloatArray, one_number, whole_number


def probability_alive(lives: Lives, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
    """Return the probability (n,) that a customer has not dropped out by the end of the observation.

    frequency : (n,)  x      recency : (n,)  t_x, weeks      age : (n,)  T, weeks: as `logs.purchases.summary` has them
    Raises Refusal for columns of different lengths, and for a purchase after the end of the observation.
    """
    if isinstance(lives, BGNBD):
        return bgnbd.probability_alive(lives, frequency, recency, age)
    x, t_x, t = history(frequency, recency, age)
    if not isinstance(lives, AlikeDropOut):
        return np.ones(x.size)
    growth = (lives.r + x) * np.log1p((t - t_x) / (lives.alpha + t_x))
    log_odds_gone = math.log(lives.dropout) - math.log1p(-lives.dropout) + growth
    return np.where(x > 0, expit(-log_odds_gone), 1.0)


def purchases_ahead(lives: Lives, weeks: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
    """Return E[Y(t)] (n,): the purchases expected in the next t weeks of customers with those histories.

    weeks : t, at least 0      frequency, recency, age : as of `probability_alive`, and so are the refusals
    """
    t = one_number("weeks", weeks, 0.0)
    if isinstance(lives, BGNBD):
        return bgnbd.conditional_expected_purchases(lives, t, frequency, recency, age)
    x, _, watched = history(frequency, recency, age)
    shape, rate = lives.r + x, lives.alpha + watched
    if not isinstance(lives, AlikeDropOut):
        return shape * t / rate
    ahead = -np.expm1(-shape * np.log1p(lives.dropout * t / rate)) / lives.dropout
    return probability_alive(lives, frequency, recency, age) * ahead


def discounted_purchases(
    lives: Lives, horizon: int, discount: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Return the purchases (n,) expected in the next weeks, each worth what it is today: times a margin, a CLV.

    Σ_{k=1}^{h} (E[Y(k)] - E[Y(k-1)]) / (1 + d)^k

    horizon  : h, weeks, at least 1      discount : d, a week, at least 0: that of a year is (1 + yearly)^(7/365.25) - 1
    frequency, recency, age : as of `probability_alive`, and so are the refusals
    """
    last, d = whole_number("horizon", horizon, 1, unit="weeks"), one_number("discount", discount, 0.0, unit="a week")
    before, total = np.zeros(1), np.zeros(1)
    for week in range(1, last + 1):
        until = purchases_ahead(lives, week, frequency, recency, age)
        total = total + (until - before) / (1.0 + d) ** week
        before = until
    return total
