"""Need, switching_cost and choice of docs/model.md: the need arises, leaving is weighed, a firm is chosen.

Everything here is decided on the state at the start of the period.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.reference import accounts, advertising, choice, closeness, fees, membership, need, switching_cost
from tests.reference.random_numbers import fine_uniform, uniform
from tests.reference.state import LOST, NOBODY, Customer, Visit

VALUED = ("choice", "pricing", "trust", "word_of_mouth")  # theories with a term of utility

if TYPE_CHECKING:
    from tests.reference.market import Market


def occasions(market: Market, i: int) -> int:
    """Return the number of occasions of a customer in this period."""
    c, p = market.customers[i], market.parameters["need"]
    mean = need.rate(c.purchase_rate, need.season(market.t, market.year, p), c.boost)
    u = fine_uniform(market.words("need", i)[0])
    for nudged in (mean * (1 - 1e-6), mean * (1 + 1e-6)):
        market.note("need", i, need.occasions(u, nudged, False, p) != need.occasions(u, mean, False, p))
    count = need.occasions(u, mean, c.exited != NOBODY, p)
    market.tally["occasions"][NOBODY] += count
    return count


def set_switching_costs(market: Market) -> None:
    """Weigh, for each visitor with a provider, what leaving would cost; a trait costs what it always does."""
    p = market.parameters["switching_cost"]
    if p["basis"] == "trait":
        return
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
        points = switching_cost.points_value(c.points[j], c.point_value[j])
        left = switching_cost.periods_left(market.t, firm.program.tier_window)
        discount = firm.program.discount(c.tier[j])
        tier = switching_cost.tier_value(discount, c.basket, c.purchase_rate, left)
    procedural = [
        switching_cost.economic_risk(rivals),
        switching_cost.evaluation(p["complexity"], len(rivals)),
        switching_cost.learning(c.encounters[j], p["learning_visits"]),
        switching_cost.set_up(c.encounters[j], p["set_up_visits"], firm.integration),
    ]
    return [
        *(switching_cost.felt(facet, c.bother) for facet in procedural),
        switching_cost.benefit_loss(points, tier, c.basket),
        switching_cost.monetary_loss(fees.owed(firm.exit_fee, c.basket, market.parameters["fees"]), c.basket),
        c.personal_bond[j],
        c.affective_commitment[j],
    ]


def choose_all(market: Market) -> None:
    """Decide every visit on the state at the start of the period, then write down where it led."""
    answers = [choose(market, visit) for visit in market.visits]
    for visit in market.visits:
        c = market.customers[visit.customer]
        c.missed = [missed + 1 for missed in c.missed]
    for i, c in enumerate(market.customers):
        own = [(v, a) for v, a in zip(market.visits, answers, strict=True) if v.customer == i]
        if own:
            provider, signed = c.provider, c.signed
            ask(market, provider, [preference for _, (_, preference) in own])
            for visit, (firm, preference) in own:
                visit.firm, c.preference = firm, preference
            commit(market, c, [visit for visit, _ in own], provider, signed)
            count(market, [visit for visit, _ in own], provider)


def choose(market: Market, visit: Visit) -> choice.Answer:
    """Return the firm of a visit as if no contract bound her, and the preference."""
    c, p = market.customers[visit.customer], market.parameters["choice"]
    utilities = [utility(market, c, j) for j in range(len(market.firms))]
    term = market.parameters["switching_cost"]["switching_weight"] * c.switching_cost if c.provider != NOBODY else 0.0
    words = market.words("choice", visit.customer, block=visit.nth)
    u, again = uniform(words[0]), uniform(words[1])
    lucks = [uniform(word) for word in market.words("choice", visit.customer, draw=1, block=visit.nth)]
    seen = compared(market, c, lucks)
    close = close_choice(market, utilities, c.provider, term, u=u, again=again)
    if p["rule"] in ("satisfice", "eba"):
        close = close or close_comparison(choice.with_switching_term(utilities, c.provider, term), seen, again, p)
    market.note("choice", visit.customer, close)
    return choice.decide(utilities, c.provider, term, u=u, again=again, parameters=p, seen=seen)


def compared(market: Market, c: Customer, lucks: Sequence[float]) -> choice.Comparison:
    """Return what firms look like to who does not weigh everything; without a place none has a way to it."""
    p, firms = weights(market), range(len(market.firms))
    attracted = [choice.attraction(c.satisfaction[j], c.expectation[j], c.encounters[j]) for j in firms]
    terms = [
        [p["attraction"] * attracted[j] for j in firms],
        [-p["price_sensitivity"] * c.price_weight * market.firms[j].price for j in firms],  # as posted: no discount
        [p["trust_weight"] * c.trust[j] + p["commitment_weight"] * c.affective_commitment[j] for j in firms],
        [c.taste[j] for j in firms],
        [0.0 for _ in firms],
    ]
    return choice.Comparison(attracted, terms, lucks)


def cut(market: Market, c: Customer, j: int) -> float:
    """Return the discount of a customer's tier."""
    firm = market.firms[j]
    return membership.tier_cut(firm.program, c.tier[j]) if firm.program and c.member[j] else 0.0


def commit(market: Market, c: Customer, own: Sequence[Visit], provider: int, signed: int) -> None:
    """Hold a customer to her contract, let her renew it or leave, and write down the provider and what she signs."""
    p = market.parameters["choice"]
    if choice.under_contract(provider, signed, market.t, p):
        for visit in own:
            visit.firm = provider
        return
    if choice.renewal(provider, signed, market.t, p):
        for visit in own:
            visit.firm = own[-1].firm
        if own[-1].firm != provider:
            c.relation[provider], c.provider, c.signed = LOST, NOBODY, NOBODY
            market.tally["current"][provider] += 1
            market.tally["fell_lost"][provider] += 1
    for visit in own:
        if visit.firm != NOBODY:
            c.provider = visit.firm
            c.signed = market.t if p["market"] == "lost_for_good" else NOBODY


def ask(market: Market, provider: int, answers: Sequence[Sequence[float]]) -> None:
    """Ask a customer on each occasion how likely she is to choose her provider again, as things stand before it."""
    if provider != NOBODY:
        market.tally["asked"][provider] += len(answers)
        market.tally["intention_sum"][provider] += sum(accounts.rounded_down(answer[provider]) for answer in answers)


def count(market: Market, own: Sequence[Visit], provider: int) -> None:
    """Count a customer's visits, and how often she was true to her provider."""
    for visit in own:
        market.tally["visits"][visit.firm] += 1
        if visit.firm != NOBODY and provider != NOBODY:
            market.tally["repeat_base"][provider] += 1
            market.tally["repeats"][provider] += visit.firm == provider


def utility(market: Market, c: Customer, j: int) -> float | None:
    """Return the utility of a firm before the switching term, None if it is not considered."""
    p, firm = market.parameters["choice"], market.firms[j]
    if not choice.considered(c.aware[j], c.relation[j], market.t - c.last_purchase[j], p):
        return None
    value = choice.utility(
        attraction=choice.attraction(c.satisfaction[j], c.expectation[j], c.encounters[j]),
        trust=c.trust[j],
        affective_commitment=c.affective_commitment[j],
        price_weight=c.price_weight,
        price=firm.price,
        discount=cut(market, c, j),
        word_of_mouth=c.word_of_mouth[j],
        program_utility=c.program_utility[j],
        taste=c.taste[j],
        name_worth=name_worth(market, j),
        parameters=weights(market),
    )
    if fees.is_outsider(c.relation[j]):
        seen = fees.seen_coming(firm.joining_fee, firm.exit_fee, c.basket, market.parameters["fees"])
        value -= market.parameters["pricing"]["price_sensitivity"] * c.price_weight * seen
    return value


def name_worth(market: Market, j: int) -> float:
    """Return what the name of a firm adds to its utility, nothing without the theory."""
    if "advertising" not in market.parameters:
        return 0.0
    return advertising.name_worth(market.firms[j].brand, market.goodwill[j], market.parameters["advertising"])


def weights(market: Market) -> dict[str, float]:
    """Return the weights of all terms of utility, each of which stands with its theory."""
    return {name: weight for theory in VALUED for name, weight in market.parameters[theory].items()}


def close_choice(
    market: Market, utilities: choice.Utilities, provider: int, term: float, *, u: float, again: float
) -> bool:
    """Tell whether float32 might choose otherwise."""
    p = market.parameters["choice"]
    rule, outside = p["rule"], p["outside"]
    complete = choice.with_switching_term(utilities, provider, term)
    if rule == "deterministic":
        ranked = sorted(value for value in (outside, *complete) if value is not None)
        return len(ranked) > 1 and closeness.near(ranked[-1], ranked[-2])
    if rule == "threshold":
        staying = complete[provider] if provider != NOBODY else None
        best = choice.best_other(utilities, outside, provider)
        torn = staying is not None and closeness.near(best, staying)
        return torn or closeness.near_any(u, closeness.cumulated(choice.probabilities(utilities, outside)))
    close = closeness.near_any(u, closeness.cumulated(choice.probabilities(complete, outside)))
    return close or (rule == "habit" and closeness.near(again, p["habit_strength"]))


def close_comparison(utilities: choice.Utilities, seen: choice.Comparison, again: float, p: dict[str, Any]) -> bool:
    """Tell whether float32 might be content with another firm, or eliminate another one."""
    if p["rule"] == "satisfice":
        level = any(closeness.near(attracted, p["aspiration"]) for attracted in seen.attracted)
        worth = any(closeness.near(value, p["outside"]) for value in utilities if value is not None)
        found = len(choice.content_with(utilities, p["outside"], seen.attracted, p["aspiration"]))
        return level or worth or closeness.near(again * found, round(again * found))
    answers = set()
    for nudged in (-1e-5, 0.0, 1e-5):
        aspects = [p[f"{aspect}_aspect"] for aspect in choice.ASPECTS]
        weighed = [j for j, value in enumerate(utilities) if value is not None]
        left = choice.eliminate(weighed, seen, aspects, p["shortfall"] + nudged)
        answers.add((*left, choice.pick_running(left, again + nudged)))
        moved = choice.Comparison(seen.attracted, seen.terms, [luck + nudged for luck in seen.lucks])
        left = choice.eliminate(weighed, moved, aspects, p["shortfall"])
        answers.add((*left, choice.pick_running(left, again)))
    return len(answers) > 1
