"""Encounter, learning, trust and rewards of docs/model.md: the visit happens, is learned from, and is rewarded.

Learning goes through the visits theory by theory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.reference import (
    accounts,
    closeness,
    closing,
    coalition,
    encounter,
    learning,
    membership,
    perceived_value,
    rewards,
    switching_cost,
    taste,
    tiers,
    trust,
)
from tests.reference.random_numbers import normal, uniform
from tests.reference.state import Customer, Programme, Visit

if TYPE_CHECKING:
    from tests.reference.market import Market


def pay(market: Market, visits: Sequence[Visit]) -> None:
    """Take the money, with the discount of the tier at the start of the period."""
    for visit in visits:
        c, firm = market.customers[visit.customer], market.firms[visit.firm]
        discount = spared(firm.program, c, visit.firm)
        spend, full = (accounts.spend(firm.price, c.basket, share) for share in (discount, 0.0))
        market.note("cents", visit.customer, closeness.near_half(spend) or closeness.near_half(full))
        visit.price = perceived_value.price_paid(firm.price, discount)
        visit.spend = accounts.hundredths(spend)
        visit.forgone = accounts.hundredths(full) - visit.spend


def spared(programme: Programme | None, c: Customer, j: int) -> float:
    """Return the share of the price that a customer is spared at firm j."""
    return membership.tier_cut(programme, c.tier[j]) if programme and c.member[j] else 0.0


def meet(market: Market, visit: Visit) -> None:
    """Draw what a visit delivers, and how satisfied it leaves her."""
    c, firm, p = market.customers[visit.customer], market.firms[visit.firm], market.parameters["encounter"]
    words, tally = market.words("encounter", visit.customer, block=visit.nth), market.tally
    z = normal(uniform(words[0]))
    expectation = c.expectation[visit.firm]
    shift = c.match[visit.firm] + taste.fit(c.taste[visit.firm], market.parameters["taste"])
    q = encounter.delivered_quality(firm.quality, shift, firm.spread, z)
    visit.failed = market.happens("failure", visit.customer, uniform(words[1]), firm.failure_rate)
    if visit.failed:
        q -= encounter.severity(uniform(words[2]), p)
    visit.performance = encounter.performance(q, expectation, p["assimilation"])
    surprise = encounter.disconfirmation(visit.performance, expectation)
    value = price_shift(market, visit)
    visit.satisfaction = encounter.transaction_satisfaction(visit.performance, surprise, p["gain"], p["loss"], value)
    market.note(
        "dissatisfied",
        visit.customer,
        closeness.near(visit.satisfaction, market.parameters["encounter"]["dissatisfied_below"]),
    )
    tally["failures"][visit.firm] += visit.failed
    tally["dissatisfied"][visit.firm] += visit.satisfaction < market.parameters["encounter"]["dissatisfied_below"]
    tally["performance_sum"][visit.firm] += visit.performance
    tally["transaction_sum"][visit.firm] += visit.satisfaction


def price_shift(market: Market, visit: Visit) -> float:
    """Return what the price does to satisfaction, judged by what she was used to before the period's visits."""
    c, p = market.customers[visit.customer], market.parameters["perceived_value"]
    known = [firm.price for j, firm in enumerate(market.firms) if c.aware[j]]
    reference = perceived_value.reference(c.usual_price, known, p)
    market.note("reference", visit.customer, closeness.near(reference, perceived_value.NO_REFERENCE))
    return perceived_value.satisfaction_shift(perceived_value.value(reference, visit.price), p)


def learn(market: Market, visits: Sequence[Visit]) -> None:
    """Update theory by theory: all visits teach satisfaction, then all teach expectation, and so on."""
    p = market.parameters
    for visit in visits:
        c, j, s = market.customers[visit.customer], visit.firm, visit.satisfaction
        c.satisfaction[j] = learning.updated_satisfaction(c.satisfaction[j], s, c.encounters[j], p["learning"])
        c.encounters[j] += 1
        market.tally["satisfaction_sum"][j] += c.satisfaction[j]
    for visit in visits:
        c, j, promise = market.customers[visit.customer], visit.firm, market.firms[visit.firm].promise
        c.expectation[j] = learning.updated_expectation(
            c.expectation[j], visit.performance, promise, c.encounters[j], p["learning"]
        )
    if p["perceived_value"]["value_weight"]:  # else nobody looks at prices, and nothing is remembered
        for visit in visits:
            c = market.customers[visit.customer]
            c.usual_price = perceived_value.remembered(c.usual_price, visit.price, p["perceived_value"])
    for visit in visits:
        rely(market, visit)
    for visit in visits:
        c, j = market.customers[visit.customer], visit.firm
        c.affective_commitment[j] = trust.updated_commitment(
            c.affective_commitment[j], c.satisfaction[j], c.trust[j], p["trust"]
        )
    for visit in visits:
        c, j = market.customers[visit.customer], visit.firm
        richness = market.firms[j].richness
        c.personal_bond[j] = switching_cost.updated_bond(c.personal_bond[j], richness, p["switching_cost"])
    if "coalition" in market.parameters:
        deal_with_partners(market)


def expect_partners(market: Market) -> None:
    """Let everybody expect what she would earn with the partners of each programme."""
    for c in market.customers:
        c.points_elsewhere = [
            firm.coalition.points(c.purchase_rate) if firm.coalition else 0.0 for firm in market.firms
        ]


def deal_with_partners(market: Market) -> None:
    """Let members deal with the partners of their programmes."""
    for i, c in enumerate(market.customers):
        for j, firm in enumerate(market.firms):
            luck = [uniform(market.words("coalition", i, draw=draw, block=j)[0]) for draw in (0, 1)]
            terms, p = firm.coalition or coalition.Partners(), market.parameters["coalition"]
            found, close = coalition.deal(c, j, firm.program, terms, firm.price, luck.__getitem__, market.t, p)
            market.note("partners", i, close)
            for name, count in found.items():
                market.tally[name][j] += count


def rely(market: Market, visit: Visit) -> None:
    """Let a visit teach trust."""
    c, j, firm = market.customers[visit.customer], visit.firm, market.firms[visit.firm]
    p = market.parameters["trust"]
    market.note(
        "promise", visit.customer, closeness.near(visit.performance, trust.least_kept(firm.promise, firm.spread, p))
    )
    c.trust[j] = trust.updated_trust(
        c.trust[j],
        visit.satisfaction,
        performance=visit.performance,
        promise=firm.promise,
        spread=firm.spread,
        transparency=firm.transparency,
        parameters=p,
    )
    market.tally["trust_sum"][j] += c.trust[j]
    market.tally["broken_promises"][j] += trust.promise_broken(visit.performance, firm.promise, firm.spread, p)


def reward(market: Market, visits: Sequence[Visit]) -> None:
    """Let members earn and redeem with the tier of the period's start; let visitors join; then lift members."""
    for act in (earn, join, rise):
        for visit in visits:
            programme = market.firms[visit.firm].program
            if programme:
                act(market, visit, market.customers[visit.customer], programme)


def join(market: Market, visit: Visit, c: Customer, programme: Programme) -> None:
    """Make a visitor a member if what she expects of the programme here is worth the hassle to her."""
    j = visit.firm
    if c.member[j]:
        return
    yearly = closing.yearly_benefit(market, c, j, programme, tier=0, held=accounts.hundredths(programme.endowment))
    bother = membership.bother(programme, c.hassle_factor or 0.0)
    market.note("joining", visit.customer, programme.enrolment != "automatic" and closeness.near(yearly, bother))
    if membership.joins(programme, yearly, c.hassle_factor or 0.0):
        c.member[j], c.joined[j] = True, market.t
        market.tally["membership_fees"][j] += accounts.hundredths(programme.fee)
        c.points[j] = c.given[j] = accounts.hundredths(programme.endowment)
        market.tally["enrolled"][j] += 1
        market.tally["points_issued"][j] += c.points[j]


def earn(market: Market, visit: Visit, c: Customer, programme: Programme) -> None:
    """Credit the points of a visit, and redeem all rewards that are due, or none."""
    j = visit.firm
    if not c.member[j]:
        return
    unrounded = rewards.unrounded_points(programme, visit.spend, c.tier[j])
    market.note("points", visit.customer, closeness.near_half(unrounded / 100.0))
    earned = rewards.points_earned(programme, visit.spend, c.tier[j])
    c.points[j] += earned
    market.tally["points_issued"][j] += earned
    if rewards.goal_reached(c.points[j], programme):
        u = uniform(market.words("rewards", visit.customer, draw=1, block=visit.nth)[0])
        if market.happens("redemption", visit.customer, u, programme.redemption):
            visit.redeemed = rewards.rewards_due(c.points[j], programme)
            c.given[j] = 0
            c.points[j] -= visit.redeemed * accounts.hundredths(programme.goal)
            market.tally["points_redeemed"][j] += visit.redeemed * accounts.hundredths(programme.goal)
            market.tally["rewards_redeemed"][j] += visit.redeemed
            cost = accounts.hundredths(accounts.reward_cost(programme.reward, programme.reward_cost))
            market.tally["rewards_cost"][j] += visit.redeemed * cost


def rise(market: Market, visit: Visit, c: Customer, programme: Programme) -> None:
    """Count the spend of a visit towards the tiers, and lift her to the tier that it reaches."""
    j, p = visit.firm, market.parameters["rewards"]
    if not (programme.has_tiers and c.member[j]):
        return
    c.qualifying_spend[j] += visit.spend
    reached = tiers.tier_reached(c.qualifying_spend[j], programme.tier_threshold)
    if reached > c.tier[j]:
        standing = closing.standing(market, c, j, programme, reached)
        c.tier[j] = reached
        c.trust[j] = rewards.promoted(c.trust[j], standing, p)
        c.affective_commitment[j] = rewards.promoted(c.affective_commitment[j], standing, p)
