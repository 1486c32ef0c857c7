"""Steps 8 to 10 of docs/model.md: some leave the category, relations change, accounts are closed.

Exits of this period are felt from the next one on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.reference import accounts, closeness, defection, lifecycle
from tests.reference.random_numbers import fine_uniform
from tests.reference.state import NOBODY, Firm, Visit

if TYPE_CHECKING:
    from tests.reference.market import Market


def leave(market: Market) -> None:
    """Let customers leave the category, pulled by neighbours who left in earlier periods."""
    p = market.parameters["defection"]
    gone = [c.exited for c in market.customers]
    for i, c in enumerate(market.customers):
        if c.exited == NOBODY:
            exits = [(w, defection.age_of_exit(market.t, gone[k])) for k, w in market.ties[i] if gone[k] != NOBODY]
            hazard = defection.hazard(defection.exposure(exits, p["half_life"]), p)
            u = fine_uniform(market.words("defection", i)[0])
            market.note("exit", i, closeness.near(u, hazard, 1e-6))
            if u < hazard:
                c.exited = market.t


def relate(market: Market, visits: Sequence[Visit]) -> None:
    """Note purchases, and what silence means for each relation."""
    p = market.parameters["lifecycle"]
    for visit in visits:
        c, j = market.customers[visit.customer], visit.firm
        c.gap[j] = lifecycle.updated_gap(c.gap[j], market.t, c.last_purchase[j], p)
        c.last_purchase[j] = market.t
        c.relation[j] = lifecycle.after_purchase(c.relation[j])
    for i, c in enumerate(market.customers):
        for j, gap in enumerate(c.gap):
            silence = market.t - c.last_purchase[j]
            usual = max(gap, p["shortest_gap"])
            market.note("silence", i, closeness.near_any(silence, (p["dormant_gaps"] * usual, p["lost_gaps"] * usual)))
            c.relation[j] = lifecycle.after_silence(c.relation[j], silence, gap, p)


def account(market: Market, visits: Sequence[Visit]) -> None:
    """Enter the visits of the period, and what they brought and cost."""
    p, tally = market.parameters["accounts"], market.tally
    tally["outside"] = len(market.visits) - len(visits)
    for visit in visits:
        c, firm, j = market.customers[visit.customer], market.firms[visit.firm], visit.firm
        tally["visits"][j] += 1
        tally["failures"][j] += visit.failed
        tally["revenue_cents"][j] += visit.spend
        goods = accounts.goods_cost(firm.unit_cost, c.basket)
        market.note("cents", visit.customer, closeness.near_half(goods))
        tally["goods_cents"][j] += accounts.hundredths(goods)
        tally["service_cents"][j] += accounts.hundredths(service_cost(market, firm, p))
        if visit.redeemed:
            cost = accounts.reward_cost(firm.program.reward, firm.program.reward_cost)
            tally["programme_cents"][j] += accounts.hundredths(cost)
    for j, firm in enumerate(market.firms):
        tally["fixed_cents"][j] = accounts.hundredths(firm.fixed_cost)
        if firm.program:
            members = sum(c.member[j] for c in market.customers)
            tally["programme_cents"][j] += members * accounts.hundredths(firm.program.membership_cost)


def service_cost(market: Market, firm: Firm, p: Mapping[str, Any]) -> float:
    """Return what one visit to a firm costs in service, cu."""
    quality_cost = p["quality_cost"] if firm.quality_cost is None else firm.quality_cost
    reliability_cost = p["reliability_cost"] if firm.reliability_cost is None else firm.reliability_cost
    return accounts.service_cost(
        firm.quality, quality_cost, firm.failure_rate, reliability_cost, p["ordinary_failure_rate"]
    )
