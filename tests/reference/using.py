"""Steps 4 to 6 of docs/model.md: the visit happens, is learned from, and is rewarded.

Learning goes through the visits theory by theory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.reference import accounts, closeness, encounter, learning, rewards
from tests.reference.random_numbers import customer_words, normal, uniform
from tests.reference.state import Customer, Programme, Visit

if TYPE_CHECKING:
    from tests.reference.market import Market


def meet(market: Market, visit: Visit) -> None:
    """Draw what a visit delivers, and how satisfied it leaves her."""
    c, firm, p = market.customers[visit.customer], market.firms[visit.firm], market.parameters["encounter"]
    words = market.words("encounter", visit.customer, block=visit.nth)
    z = normal(uniform(words[0]))
    match, expectation = c.match[visit.firm], c.expectation[visit.firm]
    q = encounter.delivered_quality(firm.quality, match, firm.spread_within, firm.spread_between, z)
    visit.failed = market.happens("failure", visit.customer, uniform(words[1]), firm.failure_rate)
    if visit.failed:
        q -= encounter.severity(uniform(words[2]), p)
    visit.performance = encounter.performance(q, expectation, p["assimilation"])
    surprise = encounter.disconfirmation(visit.performance, expectation)
    visit.satisfaction = encounter.transaction_satisfaction(visit.performance, surprise, p["gain"], p["loss"])


def learn(market: Market, visits: Sequence[Visit]) -> None:
    """Update theory by theory: all visits teach satisfaction, then all teach expectation, and so on."""
    p = market.parameters["learning"]
    for visit in visits:
        c, j, s = market.customers[visit.customer], visit.firm, visit.satisfaction
        c.satisfaction[j] = learning.updated_satisfaction(c.satisfaction[j], s, c.encounters[j], p)
        c.encounters[j] += 1
    for visit in visits:
        c, j, promise = market.customers[visit.customer], visit.firm, market.firms[visit.firm].promise
        c.expectation[j] = learning.updated_expectation(c.expectation[j], visit.performance, promise, p)
    for visit in visits:
        c, j, firm = market.customers[visit.customer], visit.firm, market.firms[visit.firm]
        market.note("promise", visit.customer, closeness.near(visit.performance, firm.promise - p["promise_slack"]))
        c.trust[j] = learning.updated_trust(
            c.trust[j],
            visit.satisfaction,
            performance=visit.performance,
            promise=firm.promise,
            transparency=firm.transparency,
            parameters=p,
        )
    for visit in visits:
        c, j = market.customers[visit.customer], visit.firm
        c.affective_commitment[j] = learning.updated_commitment(
            c.affective_commitment[j], c.satisfaction[j], c.trust[j], p
        )
    for visit in visits:
        c, j = market.customers[visit.customer], visit.firm
        c.personal_bond[j] = learning.updated_bond(c.personal_bond[j], market.firms[j].richness, p)


def reward(market: Market, visits: Sequence[Visit]) -> None:
    """Take the money; let visitors join, earn, redeem and rise; then close the window, void old points."""
    for visit in visits:
        c, firm = market.customers[visit.customer], market.firms[visit.firm]
        discount = firm.program.discount(c.tier[visit.firm]) if firm.program else 0.0
        spend = accounts.spend(firm.price, c.basket, discount)
        market.note("cents", visit.customer, closeness.near_half(spend))
        visit.spend = accounts.hundredths(spend)
        if firm.program:
            join(market, visit, c, firm.program)
            if c.member[visit.firm]:
                earn(market, visit, c, firm.program)
    bought = {(visit.customer, visit.firm) for visit in visits}
    for i, c in enumerate(market.customers):
        for j, firm in enumerate(market.firms):
            if firm.program and c.member[j]:
                close_window(market, c, j, firm.program)
                expire(market, c, j, firm.program, market.t if (i, j) in bought else c.last_purchase[j])


def join(market: Market, visit: Visit, c: Customer, programme: Programme) -> None:
    """Make a visitor a member if the programme is worth the hassle to her."""
    if c.member[visit.firm]:
        return
    luck = customer_words(market.keys["rewards"], visit.customer, 0, draw=0, block=0, replication=market.replication)[0]
    reluctance = rewards.reluctance(uniform(luck))
    benefit = rewards.benefit_per_visit(programme, c.basket)
    yearly = rewards.yearly_benefit(c.purchase_rate, market.parameters["need"]["periods_per_year"], benefit)
    automatic = programme.enrolment == "automatic"
    market.note("joining", visit.customer, not automatic and closeness.near(yearly, programme.hassle * reluctance))
    if rewards.joins(automatic, yearly, programme.hassle, reluctance):
        c.member[visit.firm] = True
        c.points[visit.firm] = accounts.hundredths(programme.endowment)
        market.tally["enrolled"][visit.firm] += 1
        market.tally["points_issued"][visit.firm] += c.points[visit.firm]


def earn(market: Market, visit: Visit, c: Customer, programme: Programme) -> None:
    """Credit the points of a visit, redeem a reward, and raise the tier."""
    j, p = visit.firm, market.parameters["rewards"]
    points = (programme.earn_per_visit + programme.earn_rate * visit.spend / 100) * (1 + programme.bonus(c.tier[j]))
    market.note("points", visit.customer, closeness.near_half(points))
    earned = rewards.points_earned(programme, visit.spend, c.tier[j])
    c.points[j] += earned
    market.tally["points_issued"][j] += earned
    if rewards.goal_reached(c.points[j], programme):
        u = uniform(market.words("rewards", visit.customer, draw=1, block=visit.nth)[0])
        if market.happens("redemption", visit.customer, u, programme.redemption):
            visit.redeemed = True
            c.points[j] -= accounts.hundredths(programme.goal)
            market.tally["points_redeemed"][j] += accounts.hundredths(programme.goal)
    c.qualifying_spend[j] += visit.spend
    reached = rewards.tier_earned(c.qualifying_spend[j], programme.tier_threshold)
    if reached > c.tier[j]:
        c.tier[j] = reached
        c.trust[j] = rewards.promoted(c.trust[j], p)
        c.affective_commitment[j] = rewards.promoted(c.affective_commitment[j], p)


def close_window(market: Market, c: Customer, j: int, programme: Programme) -> None:
    """Set the tier to what the window earned, if the window ends with this period."""
    if (market.t + 1) % programme.tier_window:
        return
    earned = rewards.tier_earned(c.qualifying_spend[j], programme.tier_threshold)
    if earned < c.tier[j]:
        c.trust[j] = rewards.demoted(c.trust[j], market.parameters["rewards"])
        c.affective_commitment[j] = rewards.demoted(c.affective_commitment[j], market.parameters["rewards"])
    c.tier[j], c.qualifying_spend[j] = earned, 0


def expire(market: Market, c: Customer, j: int, programme: Programme, last_purchase: int) -> None:
    """Void the points of a member who stayed away too long."""
    if rewards.expired(market.t, last_purchase, programme.expiry):
        market.tally["points_expired"][j] += c.points[j]
        c.points[j] = 0


def count_tiers(market: Market) -> list[list[float]]:
    """Return for each firm the share of its members at tier 0, 1, ... or above; 0 without members."""
    shares = []
    for j, firm in enumerate(market.firms):
        tiers = [c.tier[j] for c in market.customers if c.member[j]]
        levels = range(len(firm.program.tier_threshold) + 1) if firm.program else range(1)
        shares.append([sum(tier >= k for tier in tiers) / len(tiers) if tiers else 0.0 for k in levels])
    return shares
