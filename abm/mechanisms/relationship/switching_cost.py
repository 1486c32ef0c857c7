"""Switching costs: eight facets in three classes.   Synchronous; uses no neighbours.

Claim: leaving a provider costs procedure (risk, evaluation, learning, set-up), money (benefits lost, fees) and
relations (person, brand); the costs grow with experience of the provider and with what its programme would take
away, and some people are bothered more by procedure than others.
Source: BURNHAM_FRELS_MAHAJAN_2003 (facets and classes, abstract); weights and rates are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator
from scipy import special

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.functions import exp32, unit
from abm.core.kernels import equation, kernel
from abm.core.sources import PICK_EISEND_2014
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.sums import Sum
from abm.world.columns import CENT, Column, Tally
from abm.world.traits import drawn_traits
from abm.world.world import World

_ROUNDING = 1e-9  # weights such as 0.7, 0.2 and 0.1 add up to a little more or less than 1


@equation
def familiarity(encounters, visits):
    """Return how far a relation has settled: 1 - exp(-encounters / visits)."""
    return 1.0 - exp32(-encounters / visits)


@equation
def saturated(losses):
    """Return how a loss of so many baskets is felt: losses / (1 + losses), so that more is always more."""
    return losses / (1.0 + losses)


@equation
def felt(facet, bother):
    """Return a facet with its odds multiplied by how much procedure bothers her: 0 and 1 stay what they are."""
    return bother * facet / (1.0 + (bother - 1.0) * facet)


@kernel
def weigh_rivals(best_rival, rivals, visit_count, visit_customer, visit_provider, aware, expectation):
    """Find what is expected of the best rival that a visitor knows, and how many she knows.

    best_rival (visits,)  0-1  [written]      rivals (visits,)  firms  [written]
    """
    for v in range(visit_count[0]):
        best_rival[v] = 0.0
        rivals[v] = 0.0
    for j in range(aware.shape[0]):
        for v in range(visit_count[0]):
            i = visit_customer[v]
            known = (aware[j, i] > 0) & (visit_provider[v] != np.int32(j))
            expected = expectation[j, i]  # also of those she does not know, or it would be a branch
            best_rival[v] = max(best_rival[v], expected if known else np.float32(0.0))
            rivals[v] += np.float32(1.0) if known else np.float32(0.0)


@kernel
def cost_leaving(
    switching_facet, switching_cost, calculative_commitment, learnt, set_up, visit_count, visit_customer,
    visit_provider, best_rival, rivals, at_stake, fee_at_stake, encounters, affective_commitment, personal_bond, bother,
    basket, integration, complexity, learning_visits, set_up_visits, procedural, financial, relational,
):  # fmt: skip
    """Write the facets of each visitor's cost of leaving her provider, and their weighted sum.

    Procedural: economic risk is 1 less the expectation of the best rival known (1 if there is none); evaluation is
    `complexity / (1 + rivals)`; learning is familiarity over `learning_visits`; set-up is familiarity over
    `set_up_visits`, of whose rest `integration` takes its share; each is felt with the customer's `bother`. Financial:
    benefit loss is that of `at_stake / basket`, monetary loss that of `fee_at_stake / basket`, both saturated.
    Relational: personal relationship is `personal_bond`, brand relationship is `affective_commitment`.

    The cost is the sum of the three classes' means, weighted by `procedural`, `financial` and `relational`; calculative
    commitment is the mean of the first six facets.

    switching_facet (8, n)  0-1  [written]      switching_cost (n,)  0-1  [written]
    calculative_commitment (m, n)  0-1  [written]      learnt, set_up (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):  # exponentials of all visits together; those of nobody's customers are never read
        i, j = visit_customer[v], max(visit_provider[v], 0)
        learnt[v] = felt(familiarity(encounters[j, i], learning_visits), bother[i])
        begun = familiarity(encounters[j, i], set_up_visits)
        set_up[v] = felt(begun + (1.0 - begun) * integration[j], bother[i])
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_provider[v]
        if j >= 0:
            risk = felt(1.0 - best_rival[v], bother[i])
            evaluation = felt(complexity / (1.0 + rivals[v]), bother[i])
            benefit = saturated(at_stake[v] / basket[i])
            money = saturated(fee_at_stake[v] / basket[i])
            person, brand = personal_bond[j, i], affective_commitment[j, i]
            switching_facet[0, i] = risk
            switching_facet[1, i] = evaluation
            switching_facet[2, i] = learnt[v]
            switching_facet[3, i] = set_up[v]
            switching_facet[4, i] = benefit
            switching_facet[5, i] = money
            switching_facet[6, i] = person
            switching_facet[7, i] = brand
            by_procedure = risk + evaluation + learnt[v] + set_up[v]
            switching_cost[i] = (
                procedural * 0.25 * by_procedure
                + financial * 0.5 * (benefit + money)
                + relational * 0.5 * (person + brand)
            )
            calculative_commitment[j, i] = (by_procedure + benefit + money) * np.float32(1.0 / 6.0)


@kernel
def add_cost_of_leaving(utility, provider, switching_cost, switching_weight, lo, hi):
    """Add the cost of leaving to the provider's utility: `switching_weight * switching_cost`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            added = switching_weight * switching_cost[i]
            utility[j, i - lo] += added if provider[i] == np.int64(j) else np.float32(0.0)


@kernel
def grow_bond(personal_bond_at, visit_count, visit_firm, visit_pair, richness, richness_shift, bond_rate):
    """Let the personal relationship grow with rich contact.

    It grows by `bond_rate * r * (1 - personal_bond)` a visit, with r = `richness + richness_shift` in [0, 1].

    personal_bond_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        met = unit(richness[j] + richness_shift[v])
        personal_bond_at[pair] += bond_rate * met * (1.0 - personal_bond_at[pair])


@kernel
def add_integration_cost(visit_cost, visit_count, visit_firm, integration_expense):
    """Add what it costs to keep a visitor's affairs integrated.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += integration_expense[visit_firm[v]]


@kernel(per="share")
def book_integration(integration_spend, visits, integration_expense):
    """Book what integration has cost on the period's visits.  integration_spend  tally [written]"""
    for j in range(integration_expense.shape[0]):
        integration_spend[j] += visits[j] * integration_expense[j]


class Integration(Policy):
    """How far a firm ties up its customers' affairs with its own."""

    given: ClassVar = {"integration_cost": "what its inputs cost is given to a firm"}
    integration: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="share of what is not yet set up that integration sets up from the start",
    )  # fmt: skip
    integration_cost: float = param(
        1.0, unit="cu/visit", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - integration)"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what integration costs a visit: each further step costs more than the one before."""
        return {"integration_expense": (CENTS, -self.integration_cost * math.log1p(-self.integration))}


class SwitchingCost(Mechanism):
    """What leaving the provider would cost each visitor."""

    name = "switching_cost"
    serves = ("B11", "B12", "B14")
    policy = Integration
    standard = True
    owns = (
        Column("switching_facet", ("facet", "customer"), 0, "0-1", "the eight facets, for the provider"),
        Column("switching_cost", ("customer",), 0, "0-1", "cost of leaving the provider"),
        Column("calculative_commitment", ("firm", "customer"), 0, "0-1", "mean of procedural and financial facets"),
        Column("personal_bond", ("firm", "customer"), 0, "0-1", "personal relationship with the firm's staff"),
        Column("bother", ("customer",), 1, "ratio", "factor on the odds of procedural facets"),
    )
    scratch = (
        Column("best_rival", ("visit",), 0, "0-1", "expectation of the best rival known"),
        Column("rivals", ("visit",), 0, "firms", "rivals known"),
        Column("learnt", ("visit",), 0, "0-1", "how far using the provider is learnt"),
        Column("set_up", ("visit",), 0, "0-1", "how far things are set up with the provider"),
    )
    sums = (
        Sum("at_stake", ("visit",), 0.0, "cu", "benefits that leaving the provider forfeits", Phase.STAKES),
        Sum("fee_at_stake", ("visit",), 0.0, "cu", "what leaving the provider would cost in fees", Phase.STAKES),
        Sum("richness_shift", ("visit",), 0.0, "shift of 0-1", "what is added to the firm's richness", Phase.DELIVERY),
    )
    counts = (Tally("integration_spend", "cu", "cost of integration", CENT, account="lever"),)
    basis: Literal["facets", "trait"] = param(
        "facets", unit="name", evidence="assumed", doc="costs that grow out of the relation, or a fixed trait"
    )
    trait_mean: float = param(
        2 / 7, unit="0-1", bounds=(0.001, 0.999), evidence="assumed", doc="mean of the trait, Beta-distributed"
    )
    trait_precision: float = param(
        7.0, unit="ratio", bounds=(0.01, 1e6), evidence="assumed", doc="concentration of the trait; large = alike"
    )
    procedural: float = param(0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="weight of procedural costs")
    financial: float = param(0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="weight of financial costs")
    relational: float = param(0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="weight of relational costs")
    switching_weight: float = param(
        1.2, unit="logit/0-1", bounds=(0, 50), evidence="calibrated",
        source=cite(PICK_EISEND_2014, "abstract: weak effect on switching"),
        doc="weight of the switching cost in utility; the loyalty dial",
    )  # fmt: skip
    complexity: float = param(
        1.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="effort of comparing offers in the category"
    )
    bother_spread: float = param(
        1.0, unit="sd of log", bounds=(0, 3), evidence="assumed",
        doc="lognormal spread, over customers, of how much procedure bothers them (median 1)",
    )  # fmt: skip
    learning_visits: float = param(
        30.0,
        unit="visits",
        bounds=(0.01, 1e4),
        evidence="assumed",
        doc="visits over which using the provider is learnt",
    )
    set_up_visits: float = param(
        15.0, unit="visits", bounds=(0.01, 1e4), evidence="assumed", doc="visits over which a set-up settles"
    )
    bond_rate: float = param(
        0.05,
        unit="1/visit",
        bounds=(0, 1),
        evidence="assumed",
        doc="growth of the personal relationship per visit at full richness of contact; 0 = none",
    )

    @model_validator(mode="after")
    def _weights_share_the_cost(self) -> SwitchingCost:
        total = self.procedural + self.financial + self.relational
        if total > 1.0 + _ROUNDING:
            raise Refusal(
                f"procedural + financial + relational = {total:.6g}; the weights of the three classes of costs may add "
                "up to 1 at most"
            )
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return rivals and the cost, which a trait does without; the term of utility; the bond; integration's cost.

        Integration that does not act, as where the cost of leaving is a trait, is paid all the same.
        """
        facets = ((Phase.STAKES, weigh_rivals), (Phase.VALUATION, cost_leaving)) if self.basis == "facets" else ()
        bond = ((Phase.LEARNING, grow_bond),) if self.bond_rate > 0 else ()
        tied = any(policy is not None and policy.integration > 0 for policy in policies)
        paid = ((Phase.RELATION, add_integration_cost), (Phase.BOOKS, book_integration)) if tied else ()
        return (*facets, (Phase.VALUATION, add_cost_of_leaving), *bond, *paid)

    def schedule_when_off(self, policies: Sequence[Any]) -> Schedule:
        """Return the term of utility, if the cost is a trait."""
        return ((Phase.VALUATION, add_cost_of_leaving),) if self.basis == "trait" else ()

    def idle(self) -> tuple[str, ...]:
        """Return what only the other basis of the cost uses."""
        return ("bother_spread",) if self.basis == "trait" else ("trait_mean", "trait_precision")

    def begin(self, world: World, seed: int) -> None:
        """Draw the trait, or how much procedure bothers her, once for each customer.

        The trait is Beta with mean `trait_mean` and shapes that add up to `trait_precision`, at a uniform of 32 bits
        (period 0, draw 0, block 0, word 0); the bother is e^(bother_spread z), z the normal quantile of word 1.
        """
        c = world.customers
        a = self.trait_mean * self.trait_precision
        for rows, luck in drawn_traits(c.customer_id, stream_key(seed, self.name), world.replication):
            if self.basis == "trait":
                c.switching_cost[rows] = special.betaincinv(a, self.trait_precision - a, luck[0])
            elif "bother" in c:
                c.bother[rows] = np.exp(self.bother_spread * special.ndtri(luck[1]))
