"""Second product: what else a firm sells, whom it offers it to, what she makes of it, and what the books hold.

Claim: an offer is right for who has none and to whom the product is worth its price, as far as she trusts the firm;
others resent it. What owners do without of the main product is missing from revenue, and so are its goods from cost.
Source: the written specification of the theory, without a look at its kernel.

Levers and parameters are taken as float32 holds them. What float32 may decide otherwise is noted in `close`; a uniform
of a whole share is exact on both sides. Customers' worth and trust are those of the market, in cu and 0-1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, fine_uniform, normal, uniform
from tests.reference.second_books import Replaced
from tests.reference.state import ACTIVE, WON_BACK

EXAMPLE: dict[str, Any] = {
    "worth_median": 12.0, "worth_spread": 1.0, "trust_premium": 15.0, "mood": 2.0, "asking": 0.02, "reactance": 0.1,
    "lasts": 26, "cannibalised": 0.0, "forfeited": 0.0,
}  # fmt: skip
NO_OFFER, RIGHT, WRONG, UNTIMELY = range(4)
ON_VISIT, BY_LETTER, GUESS, WORTH = range(4)  # draws
COUNTS = (
    "second_offers", "second_offers_right", "second_offers_untimely", "second_sales", "second_owners", "second_revenue",
    "second_goods", "pitch_spend", "letter_spend", "analysis_spend", "replaced_spend",
)  # fmt: skip
UNSURE = 1e-4  # float32 error of what buying would bring, relative to the amounts it is made of


@dataclass(frozen=True)
class Policy:
    """What a firm sets: amounts in cu, chances and `targeted` 0-1; price 0 = not on offer."""

    second_price: float = 0.0
    second_unit_cost: float = 8.0
    pitch: float = 0.0
    pitch_cost: float = 0.3
    follow_up_offer: float = 0.0
    targeted: float = 0.0
    analysis_cost: float = 0.02
    contact_cost: float = 0.1

    @property
    def sells(self) -> bool:
        """Tell whether the firm has it on offer."""
        return self.second_price > 0


@dataclass
class Person:
    """A customer: what it is worth to her, whose she bought last, and until when; and what each firm notes of her.

    second_until : period from which she has none      second_missed, second_wanted : by firm; a period, -1 = none
    """

    second_worth: float
    second_missed: list[int]
    second_wanted: list[bool]
    second_owned_from: int = -1
    second_until: int = 0

    def has(self, t: int) -> bool:
        """Tell whether she has one in period t, from whichever firm."""
        return t < self.second_until

    def has_from(self, j: int, t: int) -> bool:
        """Tell whether she has firm j's in period t."""
        return self.has(t) and self.second_owned_from == j

    def at_stake(self, provider: int, t: int, parameters: dict[str, Any]) -> float:
        """Return what leaving her provider would forfeit, cu: a part of the worth still to come of its product."""
        if not self.has_from(provider, t):
            return 0.0
        return parameters["forfeited"] * self.second_worth * (self.second_until - t) / parameters["lasts"]

    def is_counted(self, j: int, relation: int, t: int) -> bool:
        """Tell whether she counts as an owner of firm j's at the end of period t: active, and still with it after."""
        return relation in (ACTIVE, WON_BACK) and self.has_from(j, t + 1)


def drawn_worth(key: Key, customer: int, parameters: dict[str, Any], replication: int = 0) -> float:
    """Return what it is worth to a customer for life, cu."""
    u = fine_uniform(customer_words(key, customer, 0, draw=WORTH, block=0, replication=replication)[0])
    return parameters["worth_median"] * math.exp(parameters["worth_spread"] * normal(u))


def net_worth(worth: float, trust: float, price: float, parameters: dict[str, Any]) -> float:
    """Return what buying would bring her, cu."""
    return worth + parameters["trust_premium"] * (trust - 0.5) - price


def guessed_worth(worth: float, noise: float, accuracy: float, parameters: dict[str, Any]) -> float:
    """Return what a firm takes it to be worth to her, cu; its logarithm correlates with the truth by `accuracy`."""
    median, spread = parameters["worth_median"], parameters["worth_spread"]
    known = accuracy * math.log(worth / median)
    return median * math.exp(known + math.sqrt(1.0 - accuracy**2) * spread * noise)


def is_offered(u: float, chance: float, accuracy: float, fits: bool, known: bool, owner: bool) -> bool:
    """Tell whether a firm makes an offer; fits: whether its guess reaches its price, owner: who has the firm's own."""
    if accuracy > 0 and not (known and fits and not owner):
        return False
    return u < chance


def kind_of_offer(has: bool, gain: float) -> int:
    """Return the code of an offer to who has one or not, and to whom buying would bring so much."""
    if has:
        return UNTIMELY
    return WRONG if gain < 0 else RIGHT


def buying_chance(gain: float, mood: float) -> float:
    """Return the probability of buying."""
    x = max(-700.0, min(700.0, gain / mood))
    return 1.0 / (1.0 + math.exp(-x))


def satisfaction_shift(offered: int, sold: bool, parameters: dict[str, Any]) -> float:
    """Return what an offer adds to the satisfaction with the visit: nothing, or a loss."""
    return -parameters["reactance"] if offered in (WRONG, UNTIMELY) and not sold else 0.0


def analysis_cents(policy: Policy) -> int:
    """Return what analysing one known customer costs in a period, 1/100 cent; nothing if it is not on offer."""
    if not policy.sells:
        return 0
    return hundredths(-100.0 * policy.analysis_cost * math.log(1.0 - policy.targeted))


@dataclass
class Visit:
    """What a visit was: code of the offer, whether it was sold, whether she had the firm's before, and its cents."""

    offered: int
    sold: bool
    owner: bool
    net: int = 0  # what offers cost less what the second product brings, cents


@dataclass
class Selling:
    """All firms and customers of a market: begin a period, let letters be written, visits be made, and end it.

    identities : of the customers      counts : of the period, name -> (firms,), by the names of COUNTS, in hundredths
                 of a unit if they are money (analysis in 1/100 cent)      close : of the period
    """

    policies: Sequence[Policy]
    people: Sequence[Person]
    identities: Sequence[int]
    key: Key
    parameters: dict[str, Any]
    replication: int = 0
    counts: dict[str, list[int]] = field(default_factory=dict)
    close: bool = False

    def __post_init__(self) -> None:
        self.parameters = {name: as_single(p) if p != int(p) else p for name, p in self.parameters.items()}
        self.begin()

    def begin(self) -> None:
        """Begin a period."""
        self.counts = {name: [0] * len(self.policies) for name in COUNTS}
        self.close = False

    def luck(self, i: int, t: int, draw: int, block: int) -> list[float]:
        """Return the uniforms of a decision of customer i."""
        words = customer_words(self.key, self.identities[i], t, draw=draw, block=block, replication=self.replication)
        return [uniform(word) for word in words]

    def is_for_her(self, i: int, j: int, t: int, u: float, chance: float, known: bool) -> bool:
        """Tell whether firm j makes her an offer."""
        policy, person = self.policies[j], self.people[i]
        fits = True
        if policy.targeted > 0:
            noise = normal(self.luck(i, 0, GUESS, j)[0])
            guess = guessed_worth(person.second_worth, noise, policy.targeted, self.parameters)
            self.close |= near(guess, policy.second_price, UNSURE)
            fits = guess >= policy.second_price
        return is_offered(u, chance, policy.targeted, fits, known, person.has_from(j, t))

    def gain(self, i: int, j: int, trust: float) -> float:
        """Return what buying firm j's would bring her, cu."""
        return net_worth(self.people[i].second_worth, trust, self.policies[j].second_price, self.parameters)

    def kind(self, j: int, has: bool, gain: float) -> int:
        """Return the code of an offer."""
        self.close |= not has and near(gain, 0.0, UNSURE * max(1.0, self.policies[j].second_price))
        return kind_of_offer(has, gain)

    def decides(self, u: float, gain: float) -> bool:
        """Tell whether she decides to buy."""
        chance = buying_chance(gain, self.parameters["mood"])
        self.close |= near(gain, self.parameters["mood"] * math.log(u / (1.0 - u)), UNSURE) or near(u, chance, 1e-6)
        return u < chance

    def count_offer(self, j: int, kind: int) -> None:
        """Count an offer that was heard or read."""
        self.counts["second_offers"][j] += 1
        self.counts["second_offers_right"][j] += kind == RIGHT
        self.counts["second_offers_untimely"][j] += kind == UNTIMELY

    def write(self, t: int, i: int, j: int, trust: float, known: bool, reachable: bool) -> bool:
        """Let firm j write to her if she left without in the period before; tell whether it did."""
        policy, person = self.policies[j], self.people[i]
        if not (policy.sells and known and person.second_missed[j] == t - 1 >= 0):
            return False
        u, hers, *_ = self.luck(i, t, BY_LETTER, j)
        if not self.is_for_her(i, j, t, u, policy.follow_up_offer, known):
            return False
        self.counts["letter_spend"][j] += hundredths(policy.contact_cost)
        if reachable:
            gain = self.gain(i, j, trust)
            self.count_offer(j, self.kind(j, person.has(t), gain))
            if not person.has(t) and self.decides(hers, gain):
                person.second_wanted[j] = True
        return True

    def visit(self, t: int, i: int, j: int, nth: int, trust: float, known: bool) -> Visit:
        """Let her visit firm j, on her nth occasion of the period; return what came of it."""
        policy, person = self.policies[j], self.people[i]
        visit = Visit(NO_OFFER, False, person.has_from(j, t))
        if not policy.sells:
            return visit
        u, thinks, hers, _ = self.luck(i, t, ON_VISIT, nth)
        gain, has = self.gain(i, j, trust), person.has(t)
        if self.is_for_her(i, j, t, u, policy.pitch, known):
            visit.offered = self.kind(j, has, gain)
        if not has:
            asks = visit.offered != NO_OFFER or thinks < self.parameters["asking"]
            visit.sold = person.second_wanted[j] or (asks and self.decides(hers, gain))
            if visit.sold:
                person.second_owned_from, person.second_until = j, t + self.parameters["lasts"]
            else:
                person.second_missed[j] = t
        person.second_wanted[j] = False
        self.book(j, visit)
        return visit

    def book(self, j: int, visit: Visit) -> None:
        """Book the offer and the sale of a visit."""
        policy, counts = self.policies[j], self.counts
        if visit.offered:
            self.count_offer(j, visit.offered)
            counts["pitch_spend"][j] += hundredths(policy.pitch_cost)
            visit.net += hundredths(policy.pitch_cost)
        if visit.sold:
            price, goods = hundredths(policy.second_price), hundredths(policy.second_unit_cost)
            counts["second_sales"][j] += 1
            counts["second_revenue"][j] += price
            counts["second_goods"][j] += goods
            visit.net -= price - goods

    def replace(self, j: int, visit: Visit, replaced: Replaced) -> None:
        """Book what an owner does without of the main product."""
        self.counts["replaced_spend"][j] += replaced.less
        visit.net -= replaced.goods

    def end(self, t: int, relations: Sequence[Sequence[int]], known: Sequence[int]) -> None:
        """End a period: relations[j][i] of firm j to customer i, and how many customers each firm knows."""
        for j, policy in enumerate(self.policies):
            owners = (person.is_counted(j, relations[j][i], t) for i, person in enumerate(self.people))
            self.counts["second_owners"][j] = sum(owners)
            self.counts["analysis_spend"][j] = known[j] * analysis_cents(policy)
