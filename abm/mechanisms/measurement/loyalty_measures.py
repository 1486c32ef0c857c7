"""Measures of loyalty: what a survey of each firm's own customers would ask beside how often they come back.

Uses no neighbours; changes nothing. A firm's own customers are those whose latest visit was to it.
Claim: who is loyal chooses quickly, minds the price little, thinks less of rivals, stays after a failure, feels that
the firm is hers, and has much to lose by leaving. How often she comes back and what share of her money the firm has
are the KPIs repeat_rate and share_of_wallet.
Source: definitions after the logit; DEP = SC (1 - A) in the manner of Morgan & Hunt (1994, from memory); sizes assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.functions import exp32, in_steps, log32
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.calendar import year_closes
from abm.world.columns import FIXED_POINT, Column, Tally
from abm.world.relations import LOST

_LEAST = np.float32(1e-30)  # a probability whose logarithm can be taken; smaller ones add nothing to the entropy
_STEPS_IN_1 = np.float64(FIXED_POINT)

_MILLISECONDS = np.float32(1000.0)  # in a second: deliberation is counted in whole ones


@equation
def surprise(probability):
    """Return what an option adds to the entropy of a choice, nats: -p ln p, 0 for what is never chosen."""
    return -probability * log32(max(probability, _LEAST))


@equation
def stays_after(chance, worth):
    """Return a logit probability after the utility of its option has fallen by `worth`."""
    left = chance * exp32(-worth)
    return left / (1.0 - chance + left)


@equation
def best_rival(aware, encounters, satisfaction, expectation, f, i):
    """Return the best attitude to a known firm other than f, 0-1: satisfaction, or expectation before first use.

    It is 0 if no other is known.
    """
    best = np.float32(0.0)
    for j in range(aware.shape[0]):
        held = satisfaction[j, i] if encounters[j, i] > 0.0 else expectation[j, i]
        if aware[j, i] > 0 and j != f and held > best:
            best = held
    return best


@kernel
def keep_provider(provider_asked, provider, lo, hi):
    """Keep the provider as choices begin.  provider_asked (tile,)  firm  [written]"""
    for i in range(lo, hi):
        provider_asked[i - lo] = provider[i]


@kernel
def ask_visitors(
    failure_tolerance, dependence, provider_asked, visit_count, visit_customer, visit_firm, preference,
    utility_of_choice, switching_cost, aware, encounters, satisfaction, expectation, failure_share, lo,
):  # fmt: skip
    """Write how likely each visitor would have come had the firm failed her before, and how she depends on it.

    A failure takes `failure_share` of what the firm attracts her with: `attraction * satisfaction`, or of expectation
    before first use. Dependence is `switching_cost * (1 - attitude to the best rival)` of who stayed with the provider
    whom she had as the period began, NaN of who came anew.

    failure_tolerance, dependence (n,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i, f = visit_customer[v], visit_firm[v]
        failure_tolerance[i] = stays_after(preference[f, i], failure_share * utility_of_choice[f, i - lo])
        rival = best_rival(aware, encounters, satisfaction, expectation, f, i)
        stayed = provider_asked[i - lo] == f
        dependence[i] = switching_cost[i] * (1.0 - rival) if stayed else np.float32(np.nan)


@kernel(double=True)
def measure_loyalty(
    failure_tolerance, dependence, provider, exited, preference, price_response, price, aware, encounters, satisfaction,
    expectation, affective_commitment, calculative_commitment, asked_customers, deliberation_sum, sensitivity_sum,
    rival_sum, tolerance_sum, identification_sum, calculative_sum, dependants, dependence_sum, seconds_at_once,
    seconds_per_nat, periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """When the books close, add up each measure over the firm's own customers who are in the category.

    Deliberation is `seconds_at_once + seconds_per_nat * H`, H the entropy of her latest choice, nowhere included;
    price sensitivity is `price_response * price * (1 - P)`, by how much of itself P falls as the price rises by itself.

    asked_customers and what follows: tallies, in 2^-20, rounded down; times in milliseconds  [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m = preference.shape[0]
        for i in range(lo, hi):
            f = provider[i]
            if f >= 0 and exited[i] < 0:
                spread, nowhere = np.float32(0.0), np.float32(1.0)
                for j in range(m):
                    spread += surprise(preference[j, i])
                    nowhere -= preference[j, i]
                spread += surprise(max(nowhere, np.float32(0.0)))
                seconds = np.float64(seconds_at_once) + np.float64(seconds_per_nat) * np.float64(spread)
                elastic = np.float64(price_response[i]) * np.float64(price[f]) * (1.0 - np.float64(preference[f, i]))
                rival = best_rival(aware, encounters, satisfaction, expectation, f, i)
                asked_customers[f] += 1
                deliberation_sum[f] += np.int64(_MILLISECONDS * seconds)
                sensitivity_sum[f] += np.int64(_STEPS_IN_1 * elastic)
                rival_sum[f] += in_steps(rival)
                tolerance_sum[f] += in_steps(failure_tolerance[i])
                identification_sum[f] += in_steps(affective_commitment[f, i])
                calculative_sum[f] += in_steps(calculative_commitment[f, i])
                if not np.isnan(dependence[i]):
                    dependants[f] += 1
                    dependence_sum[f] += in_steps(dependence[i])


@kernel
def count_skipped(
    missed, last_purchase, relation, exited, with_firm, skipped_none, skipped_one, skipped_two, skipped_few,
    skipped_many, periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """When the books close, count the firm's customers by the occasions in the category since their last purchase.

    Customers are all who have bought there, have not been given up as lost and are in the category.

    with_firm, skipped_none, …  tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        for j in range(missed.shape[0]):
            for i in range(lo, hi):
                if last_purchase[j, i] >= 0 and relation[j, i] != LOST and exited[i] < 0:
                    skipped = np.int32(missed[j, i])
                    with_firm[j] += 1
                    skipped_none[j] += 1 if skipped == 0 else 0
                    skipped_one[j] += 1 if skipped == 1 else 0
                    skipped_two[j] += 1 if skipped == 2 else 0
                    skipped_few[j] += 1 if (skipped == 3) | (skipped == 4) else 0
                    skipped_many[j] += 1 if skipped > 4 else 0


_NOBODY = "no year closes in the period, or the firm has no customers of its own"
_NO_CUSTOMERS = "no year closes in the period, or the firm has no customers"


@kpi(unit="s", better="less", nan=_NOBODY)
def deliberation_time(c: Tallied) -> FloatArray:
    """Time that the firm's own customers take to choose, mean: seconds at once + seconds per nat × entropy."""
    return c.deliberation_sum / c.asked_customers


@kpi(unit="ratio", better="less", nan=_NOBODY)
def price_sensitivity_of_own(c: Tallied) -> FloatArray:
    """Price response × price × (1 - P of the firm), mean over its own customers: their elasticity, without its sign."""
    return c.sensitivity_sum / c.asked_customers


@kpi(unit="0-1", better="less", nan=_NOBODY)
def rival_attitude(c: Tallied) -> FloatArray:
    """Attitude of the firm's own customers to the best rival they know, mean; 0 of who knows none."""
    return c.rival_sum / c.asked_customers


@kpi(unit="0-1", better="more", nan=_NOBODY)
def failure_tolerance(c: Tallied) -> FloatArray:
    """Probability of the latest choice had the firm failed before it, mean over its own customers."""
    return c.tolerance_sum / c.asked_customers


@kpi(unit="0-1", better="more", nan=_NOBODY)
def identification(c: Tallied) -> FloatArray:
    """Affective commitment of the firm's own customers, mean."""
    return c.identification_sum / c.asked_customers


@kpi(unit="0-1", nan=_NOBODY)
def calculative_commitment(c: Tallied) -> FloatArray:
    """Mean of the procedural and financial facets of the cost of leaving, mean over the firm's own customers."""
    return c.calculative_sum / c.asked_customers


@kpi(unit="0-1", nan="no year closes in the period, or nobody stayed with the firm on her latest visit")
def dependence_on_firm(c: Tallied) -> FloatArray:
    """Cost of leaving × (1 - attitude to the best rival), mean over who stayed with the firm on her latest visit."""
    return c.dependence_sum / c.dependants


@kpi(unit="share", better="more", nan=_NO_CUSTOMERS)
def skipped_none_share(c: Tallied) -> FloatArray:
    """Customers who were at the firm on their latest occasion in the category / the firm's customers."""
    return c.skipped_none / c.with_firm


@kpi(unit="share", nan=_NO_CUSTOMERS)
def skipped_one_share(c: Tallied) -> FloatArray:
    """Customers who have missed one occasion since their last purchase / the firm's customers."""
    return c.skipped_one / c.with_firm


@kpi(unit="share", nan=_NO_CUSTOMERS)
def skipped_two_share(c: Tallied) -> FloatArray:
    """Customers who have missed two occasions since their last purchase / the firm's customers."""
    return c.skipped_two / c.with_firm


@kpi(unit="share", nan=_NO_CUSTOMERS)
def skipped_few_share(c: Tallied) -> FloatArray:
    """Customers who have missed three or four occasions since their last purchase / the firm's customers."""
    return c.skipped_few / c.with_firm


@kpi(unit="share", better="less", nan=_NO_CUSTOMERS)
def skipped_many_share(c: Tallied) -> FloatArray:
    """Customers who have missed more than four occasions since their last purchase / the firm's customers."""
    return c.skipped_many / c.with_firm


class LoyaltyMeasures(Mechanism):
    """What each firm's own customers would say and do, and how long ago its customers came; it changes nothing."""

    name = "loyalty_measures"
    serves = ("B10", "D10")
    owns = (
        Column(
            "failure_tolerance", ("customer",), 0, "0-1", "probability of her latest choice, had the firm failed before"
        ),
        Column("dependence", ("customer",), np.nan, "0-1", "on the provider she stayed with, NaN = she came anew"),
    )
    scratch = (Column("provider_asked", ("row",), -1, "firm", "provider as choices begin, -1 = none", "int32"),)
    counts = (
        Tally("asked_customers", "customers", "the firm's own customers when the books close"),
        Tally("deliberation_sum", "s", "time of a choice, over these", 0.001),
        Tally("sensitivity_sum", "ratio", "price sensitivity, over these", 1 / FIXED_POINT),
        Tally("rival_sum", "0-1", "attitude to the best rival, over these", 1 / FIXED_POINT),
        Tally("tolerance_sum", "0-1", "probability after a failure, over these", 1 / FIXED_POINT),
        Tally("identification_sum", "0-1", "affective commitment, over these", 1 / FIXED_POINT),
        Tally("calculative_sum", "0-1", "calculative commitment, over these", 1 / FIXED_POINT),
        Tally("dependants", "customers", "of these, who stayed with the firm on their latest visit"),
        Tally("dependence_sum", "0-1", "dependence, over those who stayed", 1 / FIXED_POINT),
        Tally("with_firm", "customers", "who have bought at the firm and are not lost to it"),
        Tally("skipped_none", "customers", "of these, who have missed no occasion since"),
        Tally("skipped_one", "customers", "of these, who have missed one"),
        Tally("skipped_two", "customers", "of these, who have missed two"),
        Tally("skipped_few", "customers", "of these, who have missed three or four"),
        Tally("skipped_many", "customers", "of these, who have missed more"),
    )
    kpis = (
        deliberation_time, price_sensitivity_of_own, rival_attitude, failure_tolerance, identification,
        calculative_commitment, dependence_on_firm, skipped_none_share, skipped_one_share, skipped_two_share,
        skipped_few_share, skipped_many_share,
    )  # fmt: skip
    seconds_at_once: float = param(
        10.0, unit="s", bounds=(0, 1e5), evidence="assumed", doc="time of a choice that is clear beforehand"
    )
    seconds_per_nat: float = param(
        60.0, unit="s/nat", bounds=(0, 1e5), evidence="assumed", doc="time that each nat of entropy adds to a choice"
    )
    failure_share: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="part of the firm's attraction that a failure takes"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what visitors are asked, and the yearly measures."""
        yearly = (Phase.CLOSING, measure_loyalty), (Phase.CLOSING, count_skipped)
        return ((Phase.VALUATION, keep_provider), (Phase.CHOICE, ask_visitors), *yearly)
