"""Need: category occasions arrive at random around each customer's own rate.   Synchronous; uses no neighbours.

Where there is at most one a period, such as a gift a year, each has one by a chance of her own. They may also come one
a period for all, or when a durable is bought or its service is due: `durable` then lists them.

Claim: purchases are Poisson for one customer; over customers with Gamma rates they follow the NBD. Of one occasion a
period they are Bernoulli for one customer, with a chance that is Beta over customers: the purchases of the BG/BB.
Source: EHRENBERG_1959; FADER_HARDIE_SHANG_2010.  Season: assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.errors import Refusal
from abm.core.functions import exp32, exp64
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import philox, uniform, uniform_fine
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.sums import Sum
from abm.world.columns import MOST_OCCASIONS, Column, Tally

_MOST = np.int64(MOST_OCCASIONS)
_HALF_STEP = np.float32(2.0**-24)  # a uniform of 23 bits lies so close to the finer one that decides


@equation(double=True)
def poisson_quantile(u, rate, none):
    """Return the smallest k with P(N <= k) >= u for N ~ Poisson(rate), at most 15; `none` = P(N = 0) = e**-rate."""
    term = none
    below = term
    k = 0
    while u > below and k < _MOST:
        k += 1
        term *= rate / k
        below += term
    return k


@equation
def season(t, amplitude, peak, year):
    """Return the factor on need in period t: 1 + amplitude cos(2 pi (t - peak) / year)."""
    return 1.0 + amplitude * np.float32(math.cos(2.0 * math.pi * (t - peak) / year))


@kernel
def list_visits(
    visit_count, visit_customer, visit_nth, visit_provider, need_word, no_occasion_margin, candidates, mean, none,
    purchase_rate, need, exited, provider, customer_id, occasions, key, replication, lo, hi, t,
):  # fmt: skip
    """List the tile's visits: customer by customer, occasion by occasion.

    Their number is the Poisson quantile, at rate `purchase_rate * need`, of a uniform of 32 bits (draw 0, block 0,
    word 0); who has left the category has none.

    visit_count (1,), visit_customer, visit_nth, visit_provider (visits,)  [written]
    need_word, no_occasion_margin, candidates (tile,)  the draw, its margin, and who may have an occasion  [written]
    mean, none (tile,)  of these: the mean number of occasions, and the chance of none  [written]
    occasions (nobody,)  tally [written]
    """
    for i in range(lo, hi):
        word = philox(customer_id[i], t, 0, replication, key)[0]
        need_word[i - lo] = word
        screen = 0.999999 * exp32(-purchase_rate[i] * need[i - lo]) - _HALF_STEP
        no_occasion_margin[i - lo] = screen - uniform(word)
    found = 0
    for i in range(lo, hi):  # branch-free: most customers need nothing, and a wrong guess costs more than a store
        candidates[found] = i
        found += 1 if (no_occasion_margin[i - lo] <= 0.0) & (exited[i] < 0) else 0
    for c in range(found):
        i = candidates[c]
        mean[c] = np.float64(purchase_rate[i] * need[i - lo])
        none[c] = exp64(-mean[c])
    v = 0
    for c in range(found):
        i = candidates[c]
        for nth in range(poisson_quantile(uniform_fine(need_word[i - lo]), mean[c], none[c])):
            visit_customer[v] = i
            visit_nth[v] = nth
            visit_provider[v] = provider[i]
            v += 1
    visit_count[0] = v
    occasions[-1] += v


@kernel
def list_by_chance(
    visit_count, visit_customer, visit_nth, visit_provider, purchase_rate, need, exited, provider, customer_id,
    occasions, key, replication, lo, hi, t,
):  # fmt: skip
    """List one visit for each customer who has an occasion in the period, by the chance `purchase_rate * need`.

    It is held against a uniform of 32 bits (draw 0, block 0, word 0); need that raises it above 1 raises it to 1.
    Written as in `list_visits`.
    """
    v = 0
    for i in range(lo, hi):
        word = philox(customer_id[i], t, 0, replication, key)[0]
        visit_customer[v] = i
        visit_nth[v] = 0
        visit_provider[v] = provider[i]
        v += 1 if (uniform_fine(word) < purchase_rate[i] * need[i - lo]) & (exited[i] < 0) else 0
    visit_count[0] = v
    occasions[-1] += v


@kernel
def follow_season(need, season_amplitude, season_peak, periods_per_year, lo, hi, t):
    """Let need rise and fall with the season.  need (tile,)  ratio  [written]"""
    factor = season(t, season_amplitude, season_peak, periods_per_year)
    for r in range(hi - lo):
        need[r] *= factor


@kernel
def list_everybody(visit_count, visit_customer, visit_nth, visit_provider, exited, provider, occasions, lo, hi):
    """List one visit for each customer who has not left the category; written as in `list_visits`."""
    staying = 0
    for i in range(lo, hi):
        visit_customer[i - lo] = i
        visit_nth[i - lo] = 0
        visit_provider[i - lo] = provider[i]
        staying += 1 if exited[i] < 0 else 0
    if staying < np.int64(hi) - np.int64(lo):
        v = 0
        for i in range(lo, hi):
            visit_customer[v] = i
            visit_provider[v] = provider[i]
            v += 1 if exited[i] < 0 else 0
    visit_count[0] = staying
    occasions[-1] += staying


class Need(Mechanism):
    """Category occasions: Gamma-Poisson or Beta-Bernoulli with season, or one every period."""

    name = "need"
    standard = True
    sums = (Sum("need", ("row",), 1.0, "ratio", "factor on the customer's purchase rate", Phase.NEED),)
    writes = ("visit_count", "visit_customer", "visit_nth", "visit_provider")
    scratch = (
        Column("candidates", ("row",), 0, "row", "customers who may have an occasion", "uint32"),
        Column("need_word", ("row",), 0, "word", "the draw that decides how many occasions there are", "uint32"),
        Column("mean", ("row",), 0, "occasions", "mean number of a candidate's occasions", "float64"),
        Column("none", ("row",), 0, "0-1", "chance that a candidate has no occasion", "float64"),
        Column("no_occasion_margin", ("row",), 0, "probability", "margin below which the customer has no occasion"),
    )
    counts: ClassVar = (Tally("occasions", "occasions", "category occasions, of the whole market"),)
    process: Literal["poisson", "bernoulli", "every_period", "due"] = param(
        "poisson", unit="name", evidence="assumed",
        doc="how occasions arrive; bernoulli: at most one a period, by her own chance; due: as `durable` says",
    )  # fmt: skip
    season_amplitude: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="yearly swing of need around its mean"
    )
    season_peak: float = param(0.0, unit="period", bounds=(0, 1e4), evidence="assumed", doc="period of highest need")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the season, if there is any, and the listing of occasions, if the chosen process does it here."""
        if self.process == "every_period":
            return ((Phase.OCCASIONS, list_everybody),)
        season = ((Phase.NEED, follow_season),) if self.season_amplitude > 0 else ()
        lists = list_by_chance if self.process == "bernoulli" else list_visits
        return season if self.process == "due" else (*season, (Phase.OCCASIONS, lists))

    def fits(self, market: Any) -> None:
        """Refuse occasions that nobody lists, and rates that are no chances where chances are asked for."""
        if self.process == "bernoulli":
            market.population.check_chances()
        if self.process == "due" and (market.durable is None or "durable" in market.off or not market.durable.owned):
            step = "give the scenario a section [scenario.durable], with durables that somebody owns or buys"
            raise Refusal(f'= "due", but the market has no durables; {step}', place="need.process")
