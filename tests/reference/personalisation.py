"""Personalisation: needs in three layers, what firms note of them, and offers of a customer's own.

Claim: an interaction reveals what a customer states more often than what she really needs, and this more often than
what she is not aware of; what is noted ages, and an offer made to a wrong note is worse than the one for all.
Source: docs/model.md, personalisation, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, Words, customer_words, normal, uniform

LAYERS = ("expressed", "real", "latent")
STANDARD = 0.5
STEPS = 2**20
EXAMPLE: dict[str, Any] = {
    "need_spread": 1.0, "need_change": 0.005, "expressed_weight": 0.3, "real_weight": 0.4, "latent_weight": 0.3,
    "expressed_revealed": 0.9, "real_revealed": 0.6, "latent_revealed": 0.3, "note_error": 0.3, "uptake": 0.6,
    "fit": 0.2, "foreseen": 1.0,
}  # fmt: skip
COUNTS = (
    "matched_visits", "match_sum", "individual_visits", "misfits", "interaction_spend", "differentiation_spend",
    "customisation_spend",
)  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """What a firm decides: how far it takes each step, from how many visits on, and what the steps cost."""

    interaction: float = 0.0
    differentiation: float = 0.0
    customisation: float = 0.0
    individual_from: int = 1
    interaction_cost: float = 0.1
    differentiation_cost: float = 0.01
    customisation_cost: float = 0.3

    def own_offer(self, known: bool, seen_visits: int) -> bool:
        """Tell whether a customer gets an offer of her own."""
        return self.customisation > 0.0 and known and seen_visits >= self.individual_from

    def talk(self) -> int:
        """Return what talking costs on the visit of a known customer, cents."""
        return hundredths(self.interaction_cost * effort(self.interaction))

    def tailor(self) -> int:
        """Return what an offer of one's own costs, cents."""
        return hundredths(self.customisation_cost * effort(self.customisation))

    def tell_apart(self, known: int) -> int:
        """Return what it costs to tell known customers apart, 1/100 cent a period."""
        return known * hundredths(100.0 * self.differentiation_cost * effort(self.differentiation))


def need_drawn(u: float, need_spread: float) -> float:
    """Return a need, spread evenly around the standard offer."""
    return STANDARD + need_spread * (u - 0.5)


def offered(noted: float, customisation: float) -> float:
    """Return where an offer stands: a part of the way from the standard to what is noted."""
    return STANDARD + customisation * (noted - STANDARD)


def match(needs: Sequence[float], noted: Sequence[float], customisation: float, p: dict[str, Any]) -> float:
    """Return how close an offer is to needs."""
    apart = [abs(need - offered(note, customisation)) for need, note in zip(needs, noted, strict=True)]
    return 1.0 - sum(p[f"{layer}_weight"] * gap for layer, gap in zip(LAYERS, apart, strict=True))


def noted_after(noted: float, need: float, wrong: float, uptake: float) -> float:
    """Return what is noted of a layer that was revealed."""
    return noted + uptake * (min(max(need + wrong, 0.0), 1.0) - noted)


@dataclass
class Offer:
    """What is offered on a visit: how close it is to her needs, what of that the standard had not, whether her own."""

    match: float
    gain: float
    individual: bool


@dataclass
class Profiles:
    """Customers' needs and what firms note of them, row by row.

    needs : [row][layer]      noted : [firm][row][layer]      use : by firm, how far staff use what is known
    """

    policies: list[Policy]
    identities: list[int]
    key: Key
    p: dict[str, Any]
    replication: int = 0
    needs: list[list[float]] = field(default_factory=list)
    noted: list[list[list[float]]] = field(default_factory=list)
    use: list[float] = field(default_factory=list)
    counts: dict[str, list[int]] = field(default_factory=dict)
    close: bool = False

    def __post_init__(self) -> None:
        self.p = {name: as_single(value) for name, value in self.p.items()}
        self.needs = self.needs or [self.born(who) for who in self.identities]
        self.noted = self.noted or [[[STANDARD] * 3 for _ in self.identities] for _ in self.policies]
        self.use = self.use or [1.0] * len(self.policies)
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        self.counts = {name: [0] * len(self.policies) for name in COUNTS}

    def words(self, who: int, t: int, draw: int, block: int = 0) -> Words:
        """Return the words of a decision."""
        return customer_words(self.key, who, t, draw=draw, block=block, replication=self.replication)

    def born(self, who: int) -> list[float]:
        """Return what a customer needs at first."""
        return [need_drawn(uniform(word), self.p["need_spread"]) for word in self.words(who, 0, 0)[:3]]

    def replace(self, i: int, identity: int) -> None:
        """Let a newcomer take a place."""
        self.identities[i], self.needs[i] = identity, self.born(identity)
        for row in self.noted:
            row[i] = [STANDARD] * 3

    def change(self, i: int, t: int) -> None:
        """Let a customer's needs change."""
        whether, what = (self.words(self.identities[i], t, draw) for draw in (1, 2))
        for layer in range(3):
            u = uniform(whether[layer])
            self.close |= near(u, self.p["need_change"], 1e-7)
            if u < self.p["need_change"]:
                self.needs[i][layer] = need_drawn(uniform(what[layer]), self.p["need_spread"])

    def offer(self, i: int, j: int, known: bool, seen_visits: int) -> Offer:
        """Return the offer of a firm to a customer."""
        own, standard = (
            self.policies[j].own_offer(known, seen_visits),
            match(self.needs[i], [STANDARD] * 3, 0.0, self.p),
        )
        if not own:
            return Offer(standard, 0.0, False)
        found = match(self.needs[i], self.noted[j][i], as_single(self.policies[j].customisation) * self.use[j], self.p)
        return Offer(found, found - standard, True)

    def utility(self, i: int, j: int, known: bool, seen_visits: int) -> float:
        """Return what an offer of her own is worth to a customer beforehand."""
        return self.p["foreseen"] * self.offer(i, j, known, seen_visits).gain

    def shift(self, offer: Offer) -> float:
        """Return what an offer adds to performance."""
        return self.p["fit"] * offer.gain

    def note(self, i: int, j: int, t: int, nth: int, known: bool) -> int:
        """Let a firm talk to a visitor and note what she reveals; return in how many layers."""
        policy, who = self.policies[j], self.identities[i]
        if not known:
            self.noted[j][i] = [STANDARD] * 3
            return 0
        luck, errors = self.words(who, t, 3, nth), self.words(who, t, 4, nth)
        talked = uniform(luck[0])
        self.close |= near(talked, as_single(policy.interaction), 1e-7)
        if talked >= as_single(policy.interaction):
            return 0
        found, revealed = 1.0 - as_single(policy.differentiation) * self.use[j], 0
        for layer, name in enumerate(LAYERS):
            u = uniform(luck[1 + layer])
            self.close |= near(u, self.p[f"{name}_revealed"], 1e-7)
            if u < self.p[f"{name}_revealed"]:
                wrong = found * self.p["note_error"] * normal(uniform(errors[layer]))
                before = self.noted[j][i][layer]
                self.noted[j][i][layer] = noted_after(before, self.needs[i][layer], wrong, self.p["uptake"])
                revealed += 1
        return revealed

    def cost(self, j: int, known: bool, individual: bool) -> int:
        """Return what the steps cost on a visit, cents."""
        return (self.policies[j].talk() if known else 0) + (self.policies[j].tailor() if individual else 0)

    def count(self, j: int, known: bool, offer: Offer) -> None:
        """Count a visit."""
        self.counts["matched_visits"][j] += 1
        self.counts["match_sum"][j] += math.floor(offer.match * STEPS)
        self.counts["individual_visits"][j] += offer.individual
        self.counts["misfits"][j] += offer.individual and offer.gain < 0.0
        self.counts["interaction_spend"][j] += self.cost(j, known, False)
        self.counts["customisation_spend"][j] += self.cost(j, False, offer.individual)

    def end(self, known: Sequence[int]) -> None:
        """Book what it costs to tell customers apart of whom so many are known to each firm."""
        for j, policy in enumerate(self.policies):
            self.counts["differentiation_spend"][j] += policy.tell_apart(known[j])


def measures(counts: dict[str, list[int]], j: int) -> dict[str, float]:
    """Return what is measured of a firm; NaN where there was no visit, or no offer of one's own."""
    visits, own = counts["matched_visits"][j], counts["individual_visits"][j]
    return {
        "offer_match": counts["match_sum"][j] / STEPS / visits if visits else math.nan,
        "individual_share": own / visits if visits else math.nan,
        "misfit_share": counts["misfits"][j] / own if own else math.nan,
    }
