"""Steps 1 to 3 of docs/model.md: the need arises, leaving is weighed, a firm is chosen.

Everything here is decided on the state at the start of the period.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference import choice, closeness, need, rewards, switching_cost
from tests.reference.random_numbers import fine_uniform, uniform
from tests.reference.state import LOST, NOBODY, Customer, Visit

if TYPE_CHECKING:
    from tests.reference.market import Market


def set_boosts(market: Market) -> None:
    """Set how much nearness to a goal quickens each customer's buying."""
    for c in market.customers:
        progresses = [
            rewards.progress(c.points[j], firm.program.goal)
            for j, firm in enumerate(market.firms)
            if firm.program and firm.program.has_reward and c.member[j]
        ]
        c.boost = rewards.boost(progresses, market.parameters["rewards"]["acceleration"])


def occasions(market: Market, i: int) -> int:
    """Return the number of occasions of a customer in this period."""
    c, p = market.customers[i], market.parameters["need"]
    mean = need.rate(c.purchase_rate, need.season(market.t, p), c.boost)
    u = fine_uniform(market.words("need", i)[0])
    for nudged in (mean * (1 - 1e-6), mean * (1 + 1e-6)):
        market.note("need", i, need.occasions(u, nudged, False, p) != need.occasions(u, mean, False, p))
    return need.occasions(u, mean, c.exited != NOBODY, p)


def set_switching_costs(market: Market) -> None:
    """Weigh, for each visitor with a provider, what leaving would cost."""
    p = market.parameters["switching_cost"]
    for i in sorted({visit.customer for visit in market.visits}):
        c, j = market.customers[i], market.customers[i].provider
        if j != NOBODY:
            c.switching_facet = facets(market, c, j)
            c.switching_cost = switching_cost.switching_cost(c.switching_facet, p)
            c.calculative_commitment[j] = switching_cost.calculative_commitment(c.switching_facet)


def facets(market: Market, c: Customer, j: int) -> list[float]:
    """Return the eight facets of the cost of leaving firm j."""
    p, firm = market.parameters["switching_cost"], market.firms[j]
    rivals = [c.expectation[k] for k in range(len(market.firms)) if k != j and c.aware[k]]
    points, tier = 0.0, 0.0
    if firm.program:
        points = switching_cost.points_value(c.points[j], firm.program.goal, firm.program.reward)
        left = switching_cost.periods_left(market.t, firm.program.tier_window)
        discount = firm.program.discount(c.tier[j])
        tier = switching_cost.tier_value(discount, c.basket, c.purchase_rate, left)
    return [
        switching_cost.economic_risk(rivals),
        switching_cost.evaluation(p["complexity"], len(rivals)),
        switching_cost.learning(c.encounters[j], p["learning_visits"]),
        switching_cost.set_up(c.encounters[j], p["set_up_visits"], firm.integration),
        switching_cost.benefit_loss(points, tier, c.basket),
        switching_cost.monetary_loss(firm.exit_fee, firm.joining_fee, c.basket),
        c.personal_bond[j],
        c.affective_commitment[j],
    ]


def choose_all(market: Market) -> None:
    """Decide every visit on the state at the start of the period, then write down where it led."""
    answers = [choose(market, visit) for visit in market.visits]
    providers = [c.provider for c in market.customers]
    p = market.parameters["choice"]
    bound = [choice.under_contract(c.provider, c.signed, market.t, p) for c in market.customers]
    for visit, (firm, preference) in zip(market.visits, answers, strict=True):
        visit.firm = firm
        c = market.customers[visit.customer]
        if preference is not None:
            c.preference = preference
        settle(market, c, firm, providers[visit.customer], bound[visit.customer])


def choose(market: Market, visit: Visit) -> choice.Answer:
    """Return the firm of a visit, and the preference if the firms were weighed."""
    c, p = market.customers[visit.customer], market.parameters["choice"]
    if choice.under_contract(c.provider, c.signed, market.t, p):
        return c.provider, None
    utilities = [utility(market, c, j) for j in range(len(market.firms))]
    term = p["switching_weight"] * c.switching_cost if c.provider != NOBODY else 0.0
    words = market.words("choice", visit.customer, block=visit.nth)
    u, again = uniform(words[0]), uniform(words[1])
    market.note("choice", visit.customer, close_choice(market, utilities, c.provider, term, u=u, again=again))
    return choice.decide(utilities, c.provider, term, u=u, again=again, parameters=p)


def utility(market: Market, c: Customer, j: int) -> float | None:
    """Return the utility of a firm before the switching term, None if it is not considered."""
    p, firm = market.parameters["choice"], market.firms[j]
    if not choice.considered(c.aware[j], c.relation[j], p["market_mode"]):
        return None
    return choice.utility(
        attraction=choice.attraction(c.satisfaction[j], c.expectation[j], c.encounters[j]),
        trust=c.trust[j],
        affective_commitment=c.affective_commitment[j],
        price_weight=c.price_weight,
        price=firm.price,
        discount=firm.program.discount(c.tier[j]) if firm.program else 0.0,
        word_of_mouth=c.word_of_mouth[j],
        programme_utility=programme_utility(market, c, j),
        parameters=p,
    )


def programme_utility(market: Market, c: Customer, j: int) -> float:
    """Return L, what the programme of a firm adds for a member."""
    programme = market.firms[j].program
    if programme is None or not programme.has_reward or not c.member[j]:
        return 0.0
    sensitivity = c.price_weight * market.parameters["choice"]["price_sensitivity"]
    return rewards.programme_utility(
        sensitivity * rewards.benefit_per_visit(programme, c.basket) / c.basket,
        rewards.progress(c.points[j], programme.goal),
        rewards.status(c.tier[j], market.tier_shares[j][c.tier[j]], market.parameters["rewards"]),
        market.parameters["rewards"],
    )


def close_choice(
    market: Market, utilities: choice.Utilities, provider: int, term: float, *, u: float, again: float
) -> bool:
    """Tell whether float32 might choose otherwise."""
    p = market.parameters["choice"]
    rule, outside = p["rule"], p["outside"]
    complete = choice.with_switching_term(utilities, provider, term)
    staying = complete[provider] if provider != NOBODY else None
    if rule == "deterministic":
        ranked = sorted(value for value in (outside, *complete) if value is not None)
        return len(ranked) > 1 and closeness.near(ranked[-1], ranked[-2])
    if rule == "threshold":
        shares = choice.probabilities(utilities, outside)
        best = choice.best_other(utilities, outside, provider)
        torn = staying is not None and closeness.near(best, staying)
        return torn or closeness.near_any(u, closeness.cumulated(shares))
    shares = choice.probabilities(complete, outside)
    close = closeness.near_any(u, closeness.cumulated(shares))
    return close or (rule == "habit" and closeness.near(again, p["habit_strength"]))


def settle(market: Market, c: Customer, firm: int, former: int, bound: bool) -> None:
    """Write down where a visit led: the provider, and with contracts what was signed and what was lost."""
    if market.parameters["choice"]["market_mode"] == "always_a_share":
        c.provider = firm if firm != NOBODY else c.provider
    elif not bound:
        if former not in (NOBODY, firm):
            c.relation[former] = LOST
        c.provider = firm
        c.signed = market.t if firm != NOBODY else NOBODY
