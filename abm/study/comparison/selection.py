"""Selection of the best of k arms by sequential elimination on paired observations, with a stated probability.

Claim: if the observations of a replication are multivariate normal and the best mean leads the next by the indifference
zone or more, the best arm is selected with at least the stated confidence, whatever variances and correlations are.
Source: Kim & Nelson (2001), A fully sequential procedure for indifference-zone selection in simulation, ACM TOMACS
11(3), 251-273: procedure KN with c = 1 in its form for common random numbers (abstract read, equations from memory and
equal to those of a published implementation).

Three things differ from the printed procedure. That they keep the claim, and that an arm within the zone of the best is
selected when several are close, is shown by macro-replications (tests/endurance/test_selection.py).
- Arms are looked at after fixed numbers of replications, not after each, which makes a wrong elimination rarer
  (Jennison, Johnstone & Turnbull 1982, from memory).
- At the pilot the variance is that of the pilot, as printed; later it is that of all replications so far, as in KN++
  (Malone, Kim, Goldsman & Batur 2005, Winter Simulation Conference, introduction read), inside the boundary for the
  pilot's few degrees of freedom. A pilot of skewed observations that saw none of the tail would else end a race too
  early.
- The procedure waits the longer, the smaller the zone is against the differences there are. So a fifth of the
  probability of error is kept for a second rule, which knows no zone: an arm is out when a one-sided Student interval
  of its difference from another excludes 0, at a confidence that holds for all pairs with the best and all looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, ndtri, stdtrit  # scipy.stats takes a second to import

FloatArray = np.ndarray
Observe = Callable[[np.ndarray, int, int], FloatArray]

PILOT = 10  # replications before the first decision, at the least
BATCH = 5  # replications between two decisions at first
LATER = 10  # later looks come after a tenth more replications, so that long races do not stop every few runs
CLEAR = 0.2  # share of the probability of error that is kept for clear differences
_NODES = 200  # of an integral over a chi-square distribution


def boundary(arms: int, confidence: float, pilot: int) -> float:
    """Return h²: a pair's difference of variance S² is settled after h² S² / zone² replications at the latest.

    h² = 2 η (n0 - 1), η = ((2 α / (k - 1)) ** (-2 / (n0 - 1)) - 1) / 2 with α = 1 - confidence and n0 = pilot: each of
    the k - 1 pairs with the best arm may go wrong with probability α / (k - 1), which holds for any dependence.
    """
    if arms < 2:
        return 0.0
    return (pilot - 1) * ((2 * (1 - confidence) / (arms - 1)) ** (-2 / (pilot - 1)) - 1)


def next_look(replications: int, batch: int = BATCH) -> int:
    """Return the number of replications at which arms are looked at next; it depends on nothing else."""
    return replications + max(batch, replications // LATER)


def looks(pilot: int, batch: int, replications: int) -> int:
    """Return how many looks there have been, the pilot's included, up to a number of replications."""
    count, at = 1, pilot
    while at < replications:
        count, at = count + 1, next_look(at, batch)
    return count


class Race:
    """Arms in a race for the largest mean: which observations are wanted next, and who is out.

    zone  : differences below it do not matter, in the unit of the observations; > 0
    pilot : replications before the first decision        batch : between the first decisions, see `next_look`
    most  : observations that may be taken in all

    racing : (a,) arms still in the race, in order        taken : (k,) replications asked of each arm
    values : (k, r) observations, NaN = not asked for, or without a value
    first, last : replications [first, last) of the racing arms are wanted next
    end    : "" while the race goes on, else "one" arm is left, the arms left are "equal" in every replication, the
             "budget" does not allow the next look, or an arm is "undefined" in most of its replications

    Replications in which a racing arm has no value are left out for all of them, so that what is compared is paired.
    """

    def __init__(
        self,
        arms: int,
        zone: float,
        confidence: float = 0.95,
        pilot: int = PILOT,
        batch: int = BATCH,
        most: float = math.inf,
    ) -> None:
        self.zone, self.confidence, self.pilot, self.batch, self.most = zone, confidence, pilot, batch, most
        self.racing, self.taken = np.arange(arms), np.zeros(arms, np.int64)
        self.values, self.last, self.end = np.empty((arms, 0)), pilot, ""
        self._h2 = boundary(arms, 1 - (1 - CLEAR) * (1 - confidence), pilot)
        self._longest = math.inf  # replications after which all racing pairs are settled, by the variances so far

    @property
    def first(self) -> int:
        """Replications taken so far."""
        return self.values.shape[1]

    @property
    def decided(self) -> bool:
        """Whether the race has ended with an arm that is the best, or as good."""
        return self.end in ("one", "equal")

    @property
    def at_most(self) -> float:
        """How many observations the race takes at the most, by the variances so far; infinite before any decision."""
        if self.end:
            return float(self.taken.sum())
        if self._longest == math.inf:
            return math.inf
        left = max(self.last, next_look(math.ceil(self._longest), self.batch)) - self.first
        return min(self.most, float(self.taken.sum() + len(self.racing) * left))

    def bound(self, share: float, count: Any, look: Any) -> Any:
        """Return the width of a one-sided interval of a paired mean difference over `count` values, in its sd.

        Over all looks there could ever be, and over the k - 1 pairs with the best arm, the intervals miss together with
        at most `share` of the probability of error: look number j has 1 / (j (j + 1)) of it, which sums to 1.
        """
        miss = share * (1 - self.confidence) / max(1, len(self.taken) - 1) / (look * (look + 1))
        return -stdtrit(count - 1, miss) / np.sqrt(count)

    def take(self, values: FloatArray) -> None:
        """Take the observations (a, last - first) that were wanted, and decide who stays."""
        block = np.full((len(self.taken), self.last - self.first), np.nan)
        block[self.racing] = values
        self.values = np.hstack([self.values, block])
        self.taken[self.racing] = self.last
        whole = self.values[self.racing]
        whole = whole[:, np.isfinite(whole).all(axis=0)]
        if np.isfinite(self.values[self.racing]).mean(axis=1).min() < 0.5:
            self.end = "undefined"
        elif whole.shape[1] >= self.pilot:
            self._screen(whole)
        if not self.end:
            self.last = next_look(self.first, self.batch)
            if self.taken.sum() + len(self.racing) * (self.last - self.first) > self.most:
                self.end = "budget"

    def _screen(self, whole: FloatArray) -> None:
        """Eliminate arms whose mean is too far below that of another; `whole` are the racing arms' values (a, r)."""
        count, mean, variance = whole.shape[1], whole.mean(axis=1), _paired(whole).variance
        needed = self._h2 * variance / self.zone**2
        close = self.zone / (2 * count) * np.maximum(0.0, needed - count)
        clear = self.bound(CLEAR, count, looks(self.pilot, self.batch, self.first)) * np.sqrt(variance)
        stays = (mean[:, None] >= mean[None, :] - np.minimum(close, clear)).all(axis=1)
        self.racing, self._longest = self.racing[stays], float(needed[np.ix_(stays, stays)].max())
        if len(self.racing) == 1:
            self.end = "one"
        elif self._longest <= count:
            self.end = "equal"


class _Pairs(NamedTuple):
    """Differences of arm i minus arm l over the replications that both have, which are `shared`; (k, k) each.

    alone : variance of arm i over these replications
    """

    shared: FloatArray
    mean: FloatArray
    variance: FloatArray
    alone: FloatArray


def _paired(values: FloatArray) -> _Pairs:
    """Compare observations (k, r), NaN = none, pair by pair; equal arms differ by exactly 0."""
    there = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(there, values, 0.0).sum(axis=1) / there.sum(axis=1)
        apart = np.where(there, values - own[:, None], 0.0)
        count = _products(there, there)
        sums, squares = _products(apart, there), _products(apart**2, there)
        shift = (sums - sums.T) / count
        spread = squares + squares.T - 2 * _products(apart, apart) - count * shift**2
        variance, alone = (np.maximum(0.0, one) / (count - 1) for one in (spread, squares - sums**2 / count))
        return _Pairs(count, own[:, None] - own + shift, variance, alone)


def _products(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return sums over replications of products of all pairs of rows; not by BLAS, whose bits depend on its threads."""
    return np.einsum("ir,jr->ij", left.astype(float), right.astype(float))


def select(observe: Observe, race: Race) -> Race:
    """Run a race to its end.

    observe : (arms, first, last) -> observations (len(arms), last - first) of those replications, NaN = no value
    """
    while not race.end:
        race.take(observe(race.racing, race.first, race.last))
    return race


def against_best(race: Race) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (difference, low, high): paired mean differences, and intervals against the best.

    difference : (k, k) mean of arm i minus arm l over the replications that both have
    low, high  : (k,) the mean of arm i minus the largest mean of the others, for all arms together at the confidence

    Multiple comparisons with the best: from one-sided bounds on the differences of each arm from any one other, which
    miss with probability α / (k - 1) each, follow intervals for all arms that miss with probability α. As a race stops
    when its numbers say so, the bounds hold at every look (Race.bound), of which a race uses one. So the intervals are
    conservative: they cover more often than the confidence says.
    Source: Hsu (1984), Edwards & Hsu (1983) for pairs of unequal precision (from memory); for common random numbers
    with Bonferroni's inequality Nelson & Matejcik (1995), Management Science 41(12) (abstract read).
    """
    pairs = _paired(race.values)
    look = np.array([looks(race.pilot, race.batch, int(taken)) for taken in race.taken])
    with np.errstate(invalid="ignore"):
        width = race.bound(1.0, pairs.shared, np.minimum(look[:, None], look)) * np.sqrt(pairs.variance)
    return pairs.mean, *_with_best(pairs.mean, np.where(pairs.shared > 1, width, np.inf))


def _with_best(difference: FloatArray, width: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (low, high), each (k,), from paired differences and the width of their one-sided bounds, both (k, k)."""
    k = len(difference)
    if k < 2:
        return np.full(k, np.nan), np.full(k, np.nan)
    own = np.eye(k, dtype=bool)
    ahead = np.where(own, np.inf, difference + width).min(axis=1)
    behind = np.where(own | (ahead < 0)[None, :], np.inf, difference - width)
    return np.minimum(0.0, behind.min(axis=1)), np.maximum(0.0, ahead)


def correlation(values: FloatArray) -> float:
    """Return the mean correlation of the arms' observations (k, r) over all pairs; NaN where no pair varies."""
    pairs = _paired(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (pairs.alone + pairs.alone.T - pairs.variance) / (2 * np.sqrt(pairs.alone * pairs.alone.T))
    found = found[np.tri(len(values), k=-1, dtype=bool)]
    found = found[np.isfinite(found)]
    return float(found.mean()) if len(found) else math.nan


@cache
def rinott(arms: int, confidence: float, pilot: int) -> float:
    """Return Rinott's h: with independent luck each arm needs h² S² / zone² replications, S² from `pilot` of them.

    It solves E[E[Φ(h / sqrt(ν (1/X + 1/Y))) | Y] ** (k - 1)] = confidence, X and Y chi-square with ν = pilot - 1.
    Source: Rinott (1978), Communications in Statistics A7(8), 799-811 (from memory; checked in the tests against the
    exact value for two arms).
    """
    if arms < 2:
        return 0.0
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    chi2 = chdtri(pilot - 1, (1 - nodes) / 2)
    scale = np.sqrt((pilot - 1) * (1 / chi2[:, None] + 1 / chi2[None, :]))

    def short(h: float) -> float:
        others = (ndtr(h / scale) * weights / 2).sum(axis=1)
        return float((others ** (arms - 1) * weights / 2).sum()) - confidence

    return float(brentq(short, 0.0, 1e3))


def independent_runs(race: Race) -> float:
    """Return how many observations the same guarantee takes without shared luck and without elimination.

    That is Rinott's procedure with the same pilot, zone and confidence: for each arm the larger of the pilot and
    h² S² / zone², where S² is the variance of all of the arm's observations in the race.  NaN for an arm without them.
    """
    if (np.isfinite(race.values).sum(axis=1) < 2).any():
        return math.nan
    h = rinott(len(race.taken), race.confidence, race.pilot)
    needed = np.ceil(h**2 * np.nanvar(race.values, axis=1, ddof=1) / race.zone**2)
    return float(np.maximum(race.pilot, needed).sum())


def skewed(race: Race, arm: int) -> FloatArray:
    """Return the skewness (k,) of each arm's paired differences from `arm` where it matters, else NaN.

    It matters where it is more than chance (1 % for all arms together, by the standard error that normal differences
    have) and the pilot is too small for a mean to be nearly normal: fewer than 25 skewness² replications.
    Source: Cochran, Sampling Techniques, for the rule of 25 (from memory).
    """
    found = np.full(len(race.taken), np.nan)
    limit = -ndtri(0.005 / max(1, len(found) - 1))
    for i, own in enumerate(race.values - race.values[arm]):
        apart = own[np.isfinite(own)]
        n, sd = len(apart), np.std(apart) if len(apart) else 0.0
        if n > 2 and sd > 0:
            third = float(np.mean((apart - apart.mean()) ** 3) / sd**3) * math.sqrt(n * (n - 1)) / (n - 2)
            error = math.sqrt(6 * n * (n - 1) / ((n - 2) * (n + 1) * (n + 3)))
            if abs(third) > limit * error and race.pilot < 25 * third**2:
                found[i] = third
    return found
