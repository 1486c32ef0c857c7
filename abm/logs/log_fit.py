"""What a population takes from a purchase log: rates, drop-out and baskets, each by the model that its data determine.

Rates and drop-out: of three models, each of which holds the one after it, the one of the highest likelihood among those
that have a maximum: the BG/NBD; its edge at which all drop out alike; its edge at which nobody does, the NBD.
Baskets: Gamma-Gamma; where mean spends do not determine it, as baskets hardly differ, lognormal levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln

from abm.core.errors import Refusal
from abm.logs.alike_drop_out import AlikeDropOut, fit_alike_drop_out
from abm.logs.baskets import GammaGamma, LognormalBaskets, fit_gamma_gamma, fit_lognormal_baskets
from abm.logs.bgnbd import BGNBD, fit_bgnbd
from abm.logs.nbd import NBD, fit_nbd
from abm.logs.standard_errors import Baskets, Lives, estimates

_SAME = 1e-6  # log likelihoods nearer than this are one, and the simpler model is taken


@dataclass(frozen=True)
class LogFit:
    """What was fitted to a log.

    lives   : rates and drop-out      why : the choice of that model, in words
    baskets : None = the log has no amounts
    """

    lives: Lives
    why: str
    baskets: Baskets | None

    def numbers(self) -> dict[str, float]:
        """Return the parameters by name: r and alpha (weeks), a and b or drop_out, p, q and v or mean and spread."""
        lives, baskets = self.lives, self.baskets
        found = {"r": lives.r, "alpha": lives.alpha}
        if isinstance(lives, BGNBD):
            found |= {"a": lives.a, "b": lives.b}
        else:
            found["drop_out"] = lives.dropout if isinstance(lives, AlikeDropOut) else 0.0
        if isinstance(baskets, GammaGamma):
            found |= {"p": baskets.p, "q": baskets.q, "v": baskets.v}
        elif baskets is not None:
            found |= {"mean": baskets.population_mean, "spread": baskets.sigma}
        return found

    def estimates(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return the parameters with their standard errors and intervals, as `standard_errors.estimates` does."""
        return estimates(self.lives, self.baskets, confidence)

    def describe(self) -> str:
        """Return the models that were taken, in one line."""
        spend = "no amounts, so that baskets are the population's" if self.baskets is None else self.baskets.describe()
        return f"{self.lives.describe()} ({self.why}); {spend}"


def fit_log(table: pd.DataFrame, days: pd.DataFrame) -> LogFit:
    """Return what the purchases of a log say of its customers.

    table : as `purchases.summary` returns it; who first bought on the last day says nothing of rates and is left out
    days  : as `purchases.purchase_days` returns them; amounts NaN = the log has none

    Raises Refusal when nobody bought again, when rates do not differ, and when no amount is above 0.
    """
    watched = table[table["age"] > 0]
    if not watched["frequency"].sum():
        raise Refusal("nobody bought on a second day, so that rates cannot be told; use a longer log")
    lives, why = _lives(watched)
    return LogFit(lives, why, None if days["amount"].isna().all() else _baskets(table, days))


def _lives(table: pd.DataFrame) -> tuple[Lives, str]:
    x, t_x, t = (table[name].to_numpy(np.float64) for name in ("frequency", "recency", "age"))
    tries: dict[str, Callable[[], Lives]] = {
        "NBD": lambda: fit_nbd(x, t),
        "BG/NBD of alike drop-out": lambda: fit_alike_drop_out(x, t_x, t),
        "BG/NBD": lambda: fit_bgnbd(x, t_x, t),
    }
    found: dict[str, tuple[float, Lives]] = {}
    refusal = None
    for name, fit in tries.items():
        try:
            lives = fit()
        except Refusal as error:
            refusal = error
            continue
        found[name] = _without_drop_out(lives, x, t) if isinstance(lives, NBD) else lives.log_likelihood or 0.0, lives
    if not found:
        raise refusal or Refusal("no model fits")
    best = next(iter(found))
    for name in found:
        best = name if found[name][0] > found[best][0] + _SAME else best
    others = [f"by {found[best][0] - found[name][0]:.3g} than the {name}" for name in found if name != best]
    lost = [f"the {name} is not determined" for name in tries if name not in found]
    fits = f"log likelihood higher {' and '.join(others)}" if others else ""
    return found[best][1], "; ".join(filter(None, (fits, *lost)))


def _without_drop_out(model: NBD, x: np.ndarray, t: np.ndarray) -> float:
    """Return the log likelihood of purchase times, as the BG/NBD has it, when nobody drops out."""
    r, alpha = model.r, model.alpha
    return float(np.sum(gammaln(r + x) - gammaln(r) + r * math.log(alpha) - (r + x) * np.log(alpha + t)))


def _baskets(table: pd.DataFrame, days: pd.DataFrame) -> Baskets:
    try:
        return fit_gamma_gamma(table["frequency"], table["mean_amount"])
    except Refusal:
        paid = days[days["amount"] > 0]
    try:
        return fit_lognormal_baskets(paid["customer"], paid["amount"])
    except Refusal:  # each customer's baskets are all the same: what is left is how these differ between customers
        levels = np.log(paid.groupby("customer")["amount"].mean().to_numpy())
    if not levels.size:
        raise Refusal("no amount is above 0, so that baskets cannot be told") from None
    sigma = float(levels.std())
    errors = np.array([sigma**2, 0.5] if sigma else [0.0]) / levels.size  # of mu, and of ln sigma
    return LognormalBaskets(float(levels.mean()), sigma, 0.0, n=levels.size, covariance=np.diag(errors))
