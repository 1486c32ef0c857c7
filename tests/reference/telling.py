"""Advertising and word of mouth of docs/model.md: firms speak, stories are told, heard, and make firms known.

Firms speak before everything else in a period. All stories are told before any is heard; nobody acts on them before the
next period.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.reference import advertising, closeness, word_of_mouth
from tests.reference.random_numbers import tie_words, uniform
from tests.reference.state import NOBODY, Visit

if TYPE_CHECKING:
    from tests.reference.market import Market


def advertise(market: Market) -> None:
    """Let goodwill fade and grow, reach customers with the promise, and book what it costs."""
    p = market.parameters.get("advertising")
    if p is None:
        return
    for j, firm in enumerate(market.firms):
        reach = advertising.reach(firm.advertising_spend, p)
        market.goodwill[j] = advertising.goodwill(market.goodwill[j], reach, p)
        market.tally["advertising_cost"][j] = advertising.cost(firm.advertising_spend, len(market.customers))
        market.note("spend", NOBODY, closeness.near_half(firm.advertising_spend * 100.0))
        if firm.advertising_spend > 0.0:
            for i in range(len(market.customers)):
                inform(market, i, j, reach)


def inform(market: Market, i: int, j: int, reach: float) -> None:
    """Let a customer be reached by a firm, or not."""
    c, firm = market.customers[i], market.firms[j]
    u = uniform(market.words("advertising", i, block=j)[0])
    if market.happens("contact", i, u, reach):
        market.tally["learned"][j] += not c.aware[j]
        c.aware[j] = True
        c.expectation[j] = advertising.informed_expectation(
            c.expectation[j], firm.promise, c.encounters[j], market.parameters["advertising"]
        )


def tell(market: Market, visits: Sequence[Visit]) -> None:
    """Decide which visits are told; each customer passes on at most one story, the latest."""
    p = market.parameters["word_of_mouth"]
    market.stories = {}
    for visit in visits:
        c, s = market.customers[visit.customer], visit.satisfaction
        probability = word_of_mouth.emission_probability(s, c.affective_commitment[visit.firm], p)
        u = uniform(market.words("word_of_mouth", visit.customer, block=visit.nth)[0])
        if market.happens("emission", visit.customer, u, probability):
            market.note("valence", visit.customer, closeness.near(s, p["praise_from"]))
            good = word_of_mouth.is_praise(s, p)
            market.tally["positive_messages" if good else "negative_messages"][visit.firm] += 1
            market.stories[visit.customer] = visit.firm, good


def listen(market: Market, i: int) -> None:
    """Let a customer forget a little, then hear her neighbours in the order of their ids."""
    c, p = market.customers[i], market.parameters["word_of_mouth"]
    c.word_of_mouth = [word_of_mouth.faded(stock, p) for stock in c.word_of_mouth]
    for k, weight in market.ties[i]:
        if k not in market.stories:
            continue
        j, good = market.stories[k]
        u = uniform(tie_words(market.keys["word_of_mouth"], k, i, market.t, draw=0, replication=market.replication)[0])
        if market.happens("arrival", i, u, word_of_mouth.arrival_probability(weight, p)):
            bound = p["unlikely_below"] if good else p["likely_above"]
            market.tally["heard"][j] += 1
            market.note("headroom", i, closeness.near(c.preference[j], bound))
            room = word_of_mouth.headroom(c.preference[j], good, c.provider == j, p)
            belief = word_of_mouth.credulity(c.encounters[j], p)
            c.word_of_mouth[j] = word_of_mouth.heard(c.word_of_mouth[j], weight, good, room, belief, p)
            c.expectation[j] = word_of_mouth.nudged_expectation(c.expectation[j], good, belief, p)
            for name in ("learned", "referred"):
                market.tally[name][j] += not c.aware[j]
            c.aware[j] = True


def discover(market: Market, i: int) -> None:
    """Let a customer hear of firms new to her, from friends who were active customers or by herself."""
    c, p = market.customers[i], market.parameters["word_of_mouth"]
    for j in range(len(market.firms)):
        if c.aware[j]:
            continue
        friends = [weight for k, weight in market.ties[i] if market.was_active[k][j]]
        strong = sum(weight >= p["strong_from"] for weight in friends)
        u = uniform(market.words("word_of_mouth", i, draw=1, block=j)[0])
        chance = word_of_mouth.learning_probability(len(friends) - strong, strong, p)
        if market.happens("awareness", i, u, chance):
            c.aware[j] = True
            market.tally["learned"][j] += 1
            market.note("referral", i, closeness.near(u, p["discovery"]))
            if u >= p["discovery"]:
                market.tally["referred"][j] += 1
                c.match[j] += p["referral_match"]
                c.expectation[j] = min(1.0, c.expectation[j] + p["referral_expectation"])
