"""The end of a period of docs/model.md: some leave the category, relations change, programmes
and accounts are closed.

Exits of this period are felt from the next one on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.reference import (
    accounts,
    closeness,
    defection,
    fees,
    lifecycle,
    membership,
    pressure,
    rewards,
    switching_cost,
    tiers,
)
from tests.reference.random_numbers import fine_uniform
from tests.reference.state import DORMANT, LOST, NOBODY, PROSPECT, Customer, Programme, Visit

if TYPE_CHECKING:
    from tests.reference.market import Market


def leave(market: Market) -> None:
    """Let customers leave the category, pulled by neighbours who left in earlier periods."""
    p = market.parameters["defection"]
    gone = [c.exited for c in market.customers]
    for i, c in enumerate(market.customers):
        if c.exited == NOBODY:
            exits = [(w, defection.age_of_exit(market.t, gone[k])) for k, w in market.ties[i] if gone[k] != NOBODY]
            felt = defection.category_satisfaction(c.satisfaction, c.encounters, p["usual_satisfaction"])
            hazard = defection.hazard(defection.exposure(exits, p["half_life"]), felt, p)
            u = fine_uniform(market.words("defection", i)[0])
            market.note("exit", i, closeness.near(u, hazard, 1e-5))
            if u < hazard:
                c.exited = market.t
                market.tally["exits"][c.provider] += 1


def relate(market: Market, visits: Sequence[Visit]) -> None:
    """Note purchases, and what silence means for each relation."""
    tally = market.tally
    for visit in visits:
        c, j = market.customers[visit.customer], visit.firm
        c.last_purchase[j], c.missed[j] = market.t, 0
        for name, state in (("acquired", PROSPECT), ("returned", DORMANT), ("won_back", LOST)):
            tally[name][j] += c.relation[j] == state
        c.relation[j] = lifecycle.after_purchase(c.relation[j])
    for c in market.customers:
        for j in range(len(market.firms)):
            judge(market, c, j)


def judge(market: Market, c: Customer, j: int) -> None:
    """Judge how many occasions a customer has missed, unless she has a contract; who has left the category is lost."""
    before = c.relation[j]
    market.tally["current"][j] += lifecycle.is_customer(before)
    if c.exited != NOBODY and lifecycle.is_customer(before):
        c.relation[j] = LOST
        market.tally["left_category"][j] += 1
    elif not (c.provider == j and c.signed != NOBODY):
        c.relation[j] = lifecycle.after_silence(before, c.missed[j], market.parameters["lifecycle"])
    market.tally["fell_dormant"][j] += c.relation[j] == DORMANT != before
    market.tally["fell_lost"][j] += c.relation[j] == LOST != before
    market.tally["active"][j] += lifecycle.is_active(c.relation[j])


def collect_fees(market: Market) -> None:
    """Charge who has become a firm's customer in the period, and whose relation with it has ended."""
    p = market.parameters["fees"]
    for i, c in enumerate(market.customers):
        for j, firm in enumerate(market.firms):
            outside = fees.is_outsider(c.relation[j])
            if outside != fees.is_outsider(c.relation_then[j]):
                name, fee = ("exit_fees", firm.exit_fee) if outside else ("joining_fees", firm.joining_fee)
                amount = fees.owed(fee, c.basket, p)
                market.note("cents", i, closeness.near_half(amount))
                market.tally[name][j] += accounts.hundredths(amount)


def settle_programmes(market: Market) -> None:
    """Close qualifying windows, void old points, and set what programmes add to the next choice and to need."""
    for j, firm in enumerate(market.firms):
        if firm.program:
            for c in market.customers:
                close_window(market, c, j, firm.program)
                expire(market, c, j, firm.program)
            for i, c in enumerate(market.customers):
                renew(market, i, c, j, firm.program)
    set_pull(market)


def close_window(market: Market, c: Customer, j: int, programme: Programme) -> None:
    """Set the tier to what the window earned, if the window ends with this period."""
    if (market.t + 1) % programme.tier_window:
        return
    earned = tiers.tier_reached(c.qualifying_spend[j], programme.tier_threshold)
    if earned < c.tier[j]:
        market.tally["demoted"][j] += 1
        lost, p = standing(market, c, j, programme, c.tier[j]), market.parameters["rewards"]
        c.trust[j] = rewards.demoted(c.trust[j], lost, p)
        c.affective_commitment[j] = rewards.demoted(c.affective_commitment[j], lost, p)
    c.tier[j], c.qualifying_spend[j] = earned, 0


def expire(market: Market, c: Customer, j: int, programme: Programme) -> None:
    """Void the points of a member who stayed away too long."""
    if rewards.expired(market.t, c.last_purchase[j], programme.expiry):
        market.tally["points_expired"][j] += c.points[j]
        c.points[j] = 0


def renew(market: Market, i: int, c: Customer, j: int, programme: Programme) -> None:
    """Charge for another year of membership, or end it: points lapse, tier and qualifying spend start again."""
    if not (programme.fee > 0 and c.member[j] and membership.renewal_due(market.t, c.joined[j], market.year)):
        return
    yearly = yearly_benefit(market, c, j, programme, tier=c.tier[j], held=c.points[j])
    market.note("renewal", i, closeness.near(yearly, programme.fee))
    market.tally["renewals_due"][j] += 1
    if membership.renews(programme, yearly, c.exited != NOBODY):
        market.tally["renewed"][j] += 1
        market.tally["membership_fees"][j] += accounts.hundredths(programme.fee)
        return
    market.tally["memberships_ended"][j] += 1
    market.tally["points_expired"][j] += c.points[j]
    c.member[j], c.points[j], c.given[j], c.tier[j], c.qualifying_spend[j], c.joined[j] = False, 0, 0, 0, 0, -1


def yearly_benefit(market: Market, c: Customer, j: int, programme: Programme, *, tier: int, held: int) -> float:
    """Return what a customer expects a programme to bring her in a year at a tier, with points that she holds, cu."""
    return membership.yearly_benefit(
        programme, c.basket, market.firms[j].price, tier, c.purchase_rate * c.preference[j], c.points_elsewhere[j],
        held=held, year=market.year, lapse=market.parameters["rewards"]["lapse"],
    )  # fmt: skip


def set_pull(market: Market) -> None:
    """Set what points are worth, the pull of each programme on each member, and what goals do to her need.

    Who is at which tier is counted here, once a period: all that depends on shares of members goes by this count.
    """
    market.shares, p = market.tier_shares(), market.parameters["rewards"]
    for c in market.customers:
        nearness = []
        for j, firm in enumerate(market.firms):
            if firm.program:
                points = membership.visit_points(firm.program, c.basket, firm.price, c.tier[j])
                visits = c.purchase_rate * c.preference[j]
                between = membership.points_between_visits(points, c.points_elsewhere[j], visits)
                c.point_value[j] = rewards.point_value(firm.program, between, visits, p["lapse"])
                c.program_utility[j] = 0.0
                if c.member[j]:
                    reward = c.point_value[j] * firm.program.goal / c.basket
                    nearness.append((rewards.progress(c.points[j], firm.program.goal), reward))
                    c.program_utility[j] = pull(market, c, j, firm.program, points)
                    if p["pressure"] > 0:
                        felt, near = press(market, c, j, firm.program)
                        c.program_utility[j] += felt
                        nearness.append(near)
        if any(firm.program for firm in market.firms):
            shift = rewards.haste(nearness, p["acceleration"]) - p["repayment"] * c.brought_forward
            c.brought_forward, c.boost = c.brought_forward + shift, 1.0 + shift


def pull(market: Market, c: Customer, j: int, programme: Programme, points: float) -> float:
    """Return what a programme adds to a member's utility; a visit earns her so many points."""
    p, worth = market.parameters["rewards"], c.point_value[j] / c.basket
    own = rewards.program_utility(
        rewards.share_of_reward(points, c.given[j], programme.goal),
        programme.goal * worth,
        rewards.progress(c.points[j], programme.goal),
        sensitivity=c.price_weight * market.parameters["pricing"]["price_sensitivity"],
        begun=c.points[j] > 0,
        parameters=p,
    )
    return own + rewards.status(c.tier[j], standing(market, c, j, programme, c.tier[j]), p)


def press(market: Market, c: Customer, j: int, programme: Programme) -> tuple[float, tuple[float, float]]:
    """Return the pull of the tier above the one that the window has earned so far, and its nearness and worth."""
    shares = [1.0 if share is None else share for share in market.shares[j]]
    one = pressure.Climber(
        c.qualifying_spend[j], c.tier_factor[j], c.tier[j], c.point_value[j], c.purchase_rate * c.preference[j],
        c.basket, c.price_weight * market.parameters["pricing"]["price_sensitivity"],
    )  # fmt: skip
    felt, added, worth = pressure.felt(
        one, programme, market.firms[j].price, shares, market.t, market.parameters["rewards"]
    )
    return felt, (added, worth)


def standing(market: Market, c: Customer, j: int, programme: Programme, tier: int) -> float:
    """Return the status of a tier, among the members counted last, in the eyes of a customer."""
    share = market.shares[j][tier]
    brings = tiers.tier_benefit(programme, c.point_value[j], c.basket, market.firms[j].price, tier)
    return rewards.standing(0.0 if share is None else 1.0 - share, brings, market.parameters["rewards"])


def account(market: Market, visits: Sequence[Visit]) -> None:
    """Enter what the visits of the period brought and cost, and what does not depend on visits."""
    tally = market.tally
    for visit in visits:
        c, firm, j = market.customers[visit.customer], market.firms[visit.firm], visit.firm
        goods, cut = accounts.goods_cost(firm.unit_cost, c.basket), accounts.price_cut(firm.price, c.basket)
        service = accounts.service_cost(firm)
        market.note("cents", visit.customer, any(closeness.near_half(amount) for amount in (goods, cut, service)))
        c.year_spend[j] += visit.spend
        c.year_purchases[j] += 1
        tally["revenue"][j] += visit.spend
        tally["discounts"][j] += visit.forgone
        tally["goods"][j] += accounts.hundredths(goods)
        tally["price_cuts"][j] += accounts.hundredths(cut)
        tally["service"][j] += accounts.hundredths(service)
        integration = switching_cost.integration_cost(firm.integration, firm.integration_cost)
        tally["integration_spend"][j] += accounts.hundredths(integration)
    for j, firm in enumerate(market.firms):
        members = sum(c.member[j] for c in market.customers)
        tally["members"][j] = members
        tally["points_outstanding"][j] = sum(c.points[j] for c in market.customers)
        tally["membership"][j] = accounts.membership_cost(members, firm.program.member_cost) if firm.program else 0
        set_aside(market, j)
        tally["fixed"][j] = accounts.hundredths(firm.fixed_cost)
        tally["population"][j] = len(market.customers)


def set_aside(market: Market, j: int) -> None:
    """Book the change of what is held for the points that members have."""
    programme = market.firms[j].program
    for c in market.customers if programme else ():
        cents = rewards.provision(c.points[j], c.point_value[j], programme.reward_cost)
        market.tally["provision"][j] += math.floor(cents + 0.5) - c.provided[j]
        c.provided[j] = math.floor(cents + 0.5)
    market.tally["provision_held"][j] = sum(c.provided[j] for c in market.customers)


def close_books(market: Market) -> None:
    """At the end of a year count wallets, who is loyal and who stayed, and open new books."""
    done = market.t + 1
    if not accounts.books_close(done, periods=market.periods, burn_in=market.burn_in, year=market.year):
        return
    for i, c in enumerate(market.customers):
        count_loyalty(market, i, c)
        for j in range(len(market.firms)):
            close_account(market.tally, c, j)
        c.year_spend, c.year_purchases = [0] * len(market.firms), [0] * len(market.firms)


def close_account(tally: dict[str, Any], c: Customer, j: int) -> None:
    """Count what a customer bought at a firm in the year, whether she stayed its own, and whether she came back."""
    spent, came = c.year_spend[j], c.year_purchases[j]
    own = accounts.is_own(came, sum(c.year_purchases))
    tally["customers_at_close"][j] += 1
    tally["buyers"][j] += came > 0
    tally["year_visits"][j] += came
    repeats, base = accounts.chance_order(came, sum(c.year_purchases))
    tally["chance_repeats"][j] += repeats
    tally["chance_base"][j] += base
    tally["wallet_own"][j] += spent
    tally["wallet_all"][j] += sum(c.year_spend) if came > 0 else 0
    tally["own_at_start"][j] += c.own_before[j]
    tally["retained"][j] += c.own_before[j] and own
    for state, then, back in ((LOST, "lost_at_start", "regained"), (DORMANT, "dormant_at_start", "revived")):
        tally[then][j] += c.relation_before[j] == state
        tally[back][j] += c.relation_before[j] == state and came > 0
    c.own_before[j], c.relation_before[j] = own, c.relation[j]


def count_loyalty(market: Market, i: int, c: Customer) -> None:
    """Count what a customer is to each firm, and what she spent as a member."""
    tally, total = market.tally, sum(c.year_spend)
    for j, spent in enumerate(c.year_spend):
        came = c.year_purchases[j]
        kind = accounts.loyalty(c.satisfaction[j], came, sum(c.year_purchases)) if came > 0 else None
        market.note("loyalty", i, closeness.near_any(c.satisfaction[j], (accounts.SATISFIED, accounts.DISSATISFIED)))
        if kind:
            tally[kind][j] += 1
        tally["category_spend"][j] += total
        tally["member_spend"][j] += spent if c.member[j] else 0
        tally["member_wallet"][j] += total if c.member[j] else 0
        tally["member_buyers"][j] += bool(c.member[j] and came > 0)
