"""Choice: a logit among the considered firms and buying nowhere.   Synchronous; uses no neighbours.

Claim: utility adds attraction, trust, commitment, price, word of mouth, programme and the cost of leaving; the
outside option is finite, so that a market-wide change does not cancel.
Source: MCFADDEN_1974 (logit); JACKSON_1985 (always a share, lost for good); weights tuned with the prototype
(PROTOTYPE).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from abm.core.functions import any_set, exp32
from abm.core.kernels import kernel
from abm.core.sources import JACKSON_1985, PICK_EISEND_2014, PROTOTYPE, cite
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally
from abm.world.relations import LOST

_UNCONSIDERED = np.float32(-1e30)


@kernel
def respond_to_prices(price_response, price_weight, price_sensitivity, lo, hi):
    """Write how strongly each customer's utility falls with the price index.  price_response (n,)  [written]"""
    for i in range(lo, hi):
        price_response[i] = price_sensitivity * price_weight[i]


@kernel
def value_firms(
    utility, aware, relation, encounters, satisfaction, expectation, trust, affective_commitment, word_of_mouth,
    program_utility, price_response, tier, tier_discount, price, attraction, trust_weight, commitment_weight,
    word_of_mouth_weight, barred, lo, hi,
):  # fmt: skip
    """Write each customer's utility of each firm, without the cost of leaving.

    Of everybody, visitor or not: row by row is quicker than looking visitors up.

    utility (m, tile)  logit units  [written]
    """
    for j in range(price.shape[0]):
        cut = any_set(tier_discount[:, j])
        for i in range(lo, hi):
            used = encounters[j, i] > 0.0
            attracted = satisfaction[j, i] if used else expectation[j, i]
            paid = price[j] * (1.0 - tier_discount[tier[j, i], j]) if cut else price[j]
            u = attraction * attracted + trust_weight * trust[j, i] + commitment_weight * affective_commitment[j, i]
            u += word_of_mouth_weight * word_of_mouth[j, i] + program_utility[j, i]
            u -= price_response[i] * paid
            open_to_her = aware[j, i] > 0 and not (barred > 0 and relation[j, i] == LOST)
            utility[j, i - lo] = u if open_to_her else _UNCONSIDERED


@kernel
def add_cost_of_leaving(utility, provider, switching_cost, switching_weight, lo, hi):
    """Add the cost of leaving to the provider's utility.  utility (m, tile)  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            added = switching_weight * switching_cost[i]
            utility[j, i - lo] += added if provider[i] == np.int64(j) else np.float32(0.0)


@kernel
def draw_choices(
    visit_firm, visit_luck, chance, best_utility, reached, total, utility, visit_count, visit_customer, visit_nth,
    customer_id, outside, key, replication, lo, t,
):  # fmt: skip
    """Draw a firm for each visit from the logit probabilities, outside option first.

    visit_firm (visits,)  -1 = nowhere  [written]   chance (m, visits)  0-1  [written]   visit_luck (2, visits)
    [written]
    best_utility, reached, total (visits,)  largest utility; cumulated and summed weights relative to it  [written]
    """
    m = utility.shape[0]
    for v in range(visit_count[0]):
        a, b, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
        visit_luck[0, v] = a
        visit_luck[1, v] = b
    count = visit_count[0]
    for v in range(count):
        best_utility[v] = outside
        visit_firm[v] = -1
    for j in range(m):
        for v in range(count):
            u = utility[j, visit_customer[v] - lo]
            chance[j, v] = u
            best_utility[v] = np.fmax(best_utility[v], u)  # `max` would become a masked store
    for v in range(count):
        reached[v] = exp32(outside - best_utility[v])
        total[v] = reached[v]
    for j in range(m):
        for v in range(count):
            open_to_her = np.float32(1.0) if chance[j, v] > _UNCONSIDERED else np.float32(0.0)
            chance[j, v] = open_to_her * exp32(chance[j, v] - best_utility[v])
            total[v] += chance[j, v]
    for j in range(m):
        for v in range(count):
            visit_firm[v] = visit_firm[v] + (np.int32(1) if visit_luck[0, v] * total[v] >= reached[v] else np.int32(0))
            reached[v] += chance[j, v]
            chance[j, v] /= total[v]


@kernel
def choose_best(visit_firm, utility, visit_count, visit_customer, outside, lo):
    """Overwrite the draw with the option of highest utility.  visit_firm (visits,)  [written]"""
    for v in range(visit_count[0]):
        best, chosen = outside, -1
        for j in range(utility.shape[0]):
            if utility[j, visit_customer[v] - lo] > best:
                best, chosen = utility[j, visit_customer[v] - lo], j
        visit_firm[v] = chosen


@kernel
def follow_habit(visit_firm, visit_luck, utility, visit_count, visit_customer, visit_provider, habit_strength, lo):
    """Skip evaluation with the strength of the habit and return to the provider.  visit_firm (visits,)  [written]"""
    for v in range(visit_count[0]):
        j = visit_provider[v]
        if j >= 0 and visit_luck[1, v] < habit_strength and utility[j, visit_customer[v] - lo] > _UNCONSIDERED:
            visit_firm[v] = j


@kernel
def mark_stayers(held, utility, provider, switching_cost, switching_weight, outside, lo, hi):
    """Mark customers whose provider no other option beats by more than the cost of leaving; take that cost out of the
    others' utility.

    held (tile,)  firm to stay with, -1 = evaluate  [written]      utility (m, tile)  [written]
    """
    for i in range(lo, hi):
        r, j = i - lo, provider[i]
        held[r] = -1
        if j >= 0:
            best = outside
            for f in range(utility.shape[0]):
                best = max(best, utility[f, r]) if f != j else best
            if utility[j, r] > _UNCONSIDERED and best <= utility[j, r]:
                held[r] = j
            else:
                utility[j, r] -= switching_weight * switching_cost[i]


@kernel
def keep_stayers(visit_firm, held, visit_count, visit_customer, lo):
    """Return marked customers' visits to their provider.  visit_firm (visits,)  [written]"""
    for v in range(visit_count[0]):
        if held[visit_customer[v] - lo] >= 0:
            visit_firm[v] = held[visit_customer[v] - lo]


@kernel
def honour_contracts(visit_firm, visit_count, visit_customer, visit_provider, signed, relation, provider, term, t):
    """Send customers under contract to their provider; sign new contracts; leaving ends a relation for good.

    Of several visits at renewal the last decides for all, so visits are taken from the last to the first.

    visit_firm (visits,), signed (n,), relation (m, n), provider (n,)  [written]
    """
    count = visit_count[0]
    for back in range(1, count + 1):
        v = count - back
        i, held = visit_customer[v], visit_provider[v]
        if held >= 0 and back > 1 and visit_customer[v + 1] == i:
            visit_firm[v] = visit_firm[v + 1]
        elif held >= 0 and t - signed[i] < term:
            visit_firm[v] = held
        else:
            if held >= 0 and visit_firm[v] != held:
                relation[held, i] = LOST
                provider[i] = -1
                signed[i] = -1
            if visit_firm[v] >= 0:
                signed[i] = t


@kernel
def remember_choices(
    provider, preference, visit_count, visit_customer, visit_provider, visit_firm, chance, visits, repeats, repeat_base
):
    """Make each chosen firm the provider, and the probabilities the preference.

    provider (n,), preference (m, n)  [written]      visits, repeats, repeat_base  tallies [written]
    """
    found = 0
    for j in range(preference.shape[0]):
        came, based, again = 0, 0, 0
        for v in range(visit_count[0]):
            here, from_here = visit_firm[v] == np.int64(j), visit_provider[v] == np.int64(j)
            came += 1 if here else 0
            based += 1 if from_here & (visit_firm[v] >= 0) else 0
            again += 1 if from_here & here else 0
        visits[j] += came
        repeat_base[j] += based
        repeats[j] += again
        found += came
    visits[-1] += visit_count[0] - found
    for v in range(visit_count[0]):
        if visit_firm[v] >= 0:
            provider[visit_customer[v]] = visit_firm[v]
    for f in range(preference.shape[0]):
        for v in range(visit_count[0]):
            preference[f, visit_customer[v]] = chance[f, v]


@kernel
def drop_nobody(visit_count, visit_customer, visit_nth, visit_firm, visit_pair, provider):
    """Leave on the list only visits to a firm, and write the place of firm and visitor in columns seen as one row.

    visit_count (1,), visit_customer, visit_nth, visit_firm, visit_pair (visits,)  [written]
    """
    there = 0
    for v in range(visit_count[0]):
        there += 1 if visit_firm[v] >= 0 else 0
    if there < visit_count[0]:
        kept = 0
        for v in range(visit_count[0]):
            visit_customer[kept] = visit_customer[v]
            visit_nth[kept] = visit_nth[v]
            visit_firm[kept] = visit_firm[v]
            kept += 1 if visit_firm[v] >= 0 else 0
        visit_count[0] = there
    n = np.int64(provider.shape[0])
    for v in range(there):
        visit_pair[v] = np.int64(visit_firm[v]) * n + np.int64(visit_customer[v])


class Choice(Mechanism):
    """Which firm, or none, is chosen on each occasion."""

    name = "choice"
    standard = True
    owns = (
        Column("provider", ("customer",), -1, "firm", "firm chosen at the latest occasion, -1 = none", "int32"),
        Column("signed", ("customer",), -1, "period", "start of the current contract, -1 = none", "int32"),
        Column("preference", ("firm", "customer"), 0, "0-1", "probability of each firm at the latest decision"),
        Column("price_response", ("customer",), 0, "logit/index", "weight of the price index in her utility"),
        Column("utility", ("firm", "row"), 0, "logit units", "utility of each firm to the customer"),
    )
    scratch = (
        Column("chance", ("firm", "visit"), 0, "0-1", "probability of each firm on the visit"),
        Column("visit_luck", ("luck", "visit"), 0, "0-1", "uniforms of the decision"),
        Column("best_utility", ("visit",), 0, "logit units", "largest utility of the visit, outside option included"),
        Column("reached", ("visit",), 0, "weight", "logit weights cumulated so far"),
        Column("total", ("visit",), 0, "weight", "sum of the logit weights"),
        Column("held", ("row",), -1, "firm", "firm kept without evaluation, -1 = none", "int32"),
    )
    writes = ("relation", "visit_firm", "visit_pair", "visit_count", "visit_customer", "visit_nth")
    counts = (
        Tally("visits", "visits", "occasions spent at the firm; nobody's entry: at no firm"),
        Tally("repeats", "visits", "occasions on which the firm was chosen again by those whose provider it was"),
        Tally("repeat_base", "visits", "occasions spent at some firm by those whose provider it was"),
    )
    rule: Literal["mnl", "deterministic", "habit", "threshold"] = param(
        "mnl", unit="name", evidence="assumed", doc="how a firm is picked from the utilities"
    )
    market: Literal["always_a_share", "lost_for_good"] = param(
        "always_a_share", unit="name", evidence="assumed",
        source=cite(JACKSON_1985, "two kinds of industrial customer"),
        doc="free choice on each occasion, or contracts that end for good",
    )  # fmt: skip
    attraction: float = param(
        7.0,
        unit="logit/0-1",
        bounds=(-50, 50),
        evidence="calibrated",
        source=cite(PROTOTYPE, "run"),
        doc="weight of satisfaction, or of expectation before first use",
    )
    trust_weight: float = param(
        1.0,
        unit="logit/0-1",
        bounds=(-50, 50),
        evidence="calibrated",
        source=cite(PROTOTYPE, "run"),
        doc="weight of trust",
    )
    commitment_weight: float = param(
        4.0,
        unit="logit/0-1",
        bounds=(-50, 50),
        evidence="calibrated",
        source=cite(PROTOTYPE, "run"),
        doc="weight of affective commitment",
    )
    price_sensitivity: float = param(
        1.0,
        unit="logit/index",
        bounds=(0, 50),
        evidence="calibrated",
        source=cite(PROTOTYPE, "run"),
        doc="weight of the price index",
    )
    word_of_mouth_weight: float = param(
        1.0,
        unit="ratio",
        bounds=(0, 50),
        evidence="calibrated",
        source=cite(PROTOTYPE, "run"),
        doc="weight of the word-of-mouth stock",
    )
    switching_weight: float = param(
        2.0,
        unit="logit/0-1",
        bounds=(0, 50),
        evidence="calibrated",
        source=cite(PICK_EISEND_2014, "abstract: weak effect on switching"),
        doc="weight of the switching cost; the loyalty dial",
    )
    outside: float = param(
        4.5,
        unit="logit units",
        bounds=(-80, 80),
        evidence="assumed",
        doc="utility of buying nowhere; low values close the market",
    )
    habit_strength: float = param(
        0.5, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance of skipping evaluation under rule habit"
    )
    term: int = param(
        52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="length of a contract under lost_for_good"
    )

    @property
    def barred(self) -> int:
        """Whether a lost relation keeps a firm out of consideration (1) or not (0)."""
        return int(self.market == "lost_for_good")

    def schedule(self) -> Schedule:
        """Return valuation, the rule, contracts where there are any, memory, and the list of visits to firms."""
        rules = {
            "mnl": (draw_choices,),
            "deterministic": (draw_choices, choose_best),
            "habit": (draw_choices, follow_habit),
            "threshold": (mark_stayers, draw_choices, keep_stayers),
        }
        contracts = (honour_contracts,) if self.barred else ()
        valued = tuple((Phase.VALUATION, k) for k in (respond_to_prices, value_firms, add_cost_of_leaving))
        chosen = (*rules[self.rule], *contracts, remember_choices, drop_nobody)
        return (*valued, *((Phase.CHOICE, k) for k in chosen))

    def begin(self, world: object, seed: int) -> None:
        """Start with equal preference for all firms."""
        world.customers.preference.fill(1.0 / world.m)  # type: ignore[attr-defined]
