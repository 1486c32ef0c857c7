"""Channels of contact: by which a visitor comes, what that is worth to her, and what comes of changing them.

Claim: each customer likes some channels more than others, for life, and takes one of those that are open; distant
contact costs less and is poorer, and who changes channels tells her story again unless her records come with her.
Source: docs/model.md, channels, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import as_single, near, near_any
from tests.reference.random_numbers import Key, customer_words, normal, uniform

CHANNELS = ("counter", "phone", "e_mail", "social", "chat", "self_service")
COUNTER, SELF_SERVICE = 0, 5
STRONGEST = 30.0  # exponent of a weight
NO_CHANNEL = 255
NO_HANDOVER, KEPT, LOST = range(3)
STEPS = 2**20
EXAMPLE: dict[str, Any] = {
    "appeal": (-0.6, -0.8, -1.0, -0.7, -0.5),
    "appeal_spread": 0.6,
    "occasion_spread": 0.2,
    "distant_richness": (0.4, 0.4, 0.4, 0.4, 0.1),
    "shortfall": (0.02, 0.04, 0.03, 0.03, 0.03),
    "context_loss": 0.03,
}
COUNTS = (
    "channel_visits", "channel_transaction", "richness_sum", "handovers", "contexts_lost", "channel_handling",
    "channel_upkeep", "record_sharing",
)  # fmt: skip


def pull(liking: float, occasion_spread: float) -> float:
    """Return the weight of a channel that is liked so much better than the counter."""
    return math.exp(min(max(liking / occasion_spread, -STRONGEST), STRONGEST))


def likings(key: Key, identity: int, replication: int, p: dict[str, Any]) -> list[float]:
    """Return how a customer likes each channel against the counter, logit units."""
    found = [0.0]
    for c in range(1, len(CHANNELS)):
        word = customer_words(key, identity, 0, draw=0, block=c, replication=replication)[0]
        found.append(p["appeal"][c - 1] + p["appeal_spread"] * normal(uniform(word)))
    return found


def draws(key: Key, identity: int, t: int, nth: int, replication: int) -> tuple[float, float]:
    """Return the uniforms that decide by which channel a visitor comes, and whether her context comes with her."""
    words = customer_words(key, identity, t, draw=0, block=nth, replication=replication)
    return uniform(words[0]), uniform(words[1])


@dataclass(frozen=True)
class Policy:
    """What a firm decides on channels, its price index, and how rich its contact is at the counter."""

    open: tuple[str, ...] = ("counter",)
    remote_quality: float = 0.0
    remote_quality_cost: float = 0.2
    self_service_discount: float = 0.0
    shared_records: float = 0.0
    sharing_cost: float = 0.02
    handling_costs: tuple[float, ...] = (-0.25, -0.35, -0.25, -0.4, -0.7)
    channel_costs: tuple[float, ...] = (15.0, 8.0, 10.0, 12.0, 25.0)
    price: float = 1.0
    richness: float = 0.8

    @property
    def codes(self) -> list[int]:
        """The channels that are open, from the counter on."""
        return [c for c, name in enumerate(CHANNELS) if name in self.open]

    @property
    def counter_alone(self) -> bool:
        """Whether there is nothing but the counter."""
        return self.codes == [COUNTER]

    def weights(self, lasting: Sequence[float], price_response: float, p: dict[str, Any]) -> list[float]:
        """Return the weights of the channels that are open; of self-service with what its discount is worth."""
        found = [lasting[c] for c in self.codes]
        if SELF_SERVICE in self.codes and self.self_service_discount > 0.0:
            gain = price_response * as_single(self.price) * as_single(self.self_service_discount)
            found[-1] *= pull(gain, p["occasion_spread"])
        return found

    def access(self, lasting: Sequence[float], price_response: float, p: dict[str, Any]) -> float:
        """Return what the open channels add to the firm's utility."""
        if self.counter_alone:
            return 0.0
        return p["occasion_spread"] * math.log(sum(self.weights(lasting, price_response, p)))

    def pick(self, u: float, weights: Sequence[float]) -> int:
        """Return the channel of a visit by a uniform."""
        reached, total = 0.0, sum(weights)
        for c, weight in zip(self.codes, weights, strict=True):
            reached += weight
            if reached > u * total:
                return c
        return self.codes[-1]

    def shift(self, c: int, context: int, p: dict[str, Any]) -> float:
        """Return what is added to the performance of a visit by channel c."""
        lacking = 0.0 if c == COUNTER else p["shortfall"][c - 1] * (1.0 - self.remote_quality)
        return -lacking - (p["context_loss"] if context == LOST else 0.0)

    def met(self, c: int, p: dict[str, Any]) -> float:
        """Return how rich contact by channel c is."""
        return as_single(self.richness if c == COUNTER else p["distant_richness"][c - 1])

    def discount(self, c: int, before: float = 0.0) -> float:
        """Return the share of the price that a visitor is spared, of which so much was taken off before."""
        return 1.0 - (1.0 - before) * (1.0 - (self.self_service_discount if c == SELF_SERVICE else 0.0))

    def expense(self, c: int) -> int:
        """Return what a visit by channel c costs beyond one at the counter, cents."""
        if c == COUNTER:
            return 0
        return hundredths(self.handling_costs[c - 1] + self.remote_quality_cost * effort(self.remote_quality))

    def upkeep(self, people: int) -> int:
        """Return what open channels cost in a market of so many people, 1/1000 cent a period."""
        return people * hundredths(sum(self.channel_costs[c - 1] for c in self.codes if c != COUNTER))

    def sharing(self, known: int) -> int:
        """Return what it costs to share the records of known customers, 1/100 cent a period."""
        return known * hundredths(100.0 * self.sharing_cost * effort(self.shared_records))


def context(before: int, c: int, known: bool, u: float, chance: float) -> int:
    """Return what becomes of a visitor's context who comes by channel c, after one by `before`."""
    if before in (NO_CHANNEL, c):
        return NO_HANDOVER
    return KEPT if known and u < chance else LOST


@dataclass
class Visit:
    """What came of a visit: channel, context, and what it adds to performance."""

    c: int
    context: int
    shift: float
    richness: float


@dataclass
class Touched:
    """Channels of a market, row by row: who came last by which, and what is counted.

    last  : [firm][row] the channel of her latest visit        use : by firm, how far staff use what is shared
    close : whether float32 may have decided otherwise
    """

    policies: list[Policy]
    identities: list[int]
    key: Key
    p: dict[str, Any]
    replication: int = 0
    last: list[list[int]] = field(default_factory=list)
    use: list[float] = field(default_factory=list)
    likings: list[list[float]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    close: bool = False

    def __post_init__(self) -> None:
        self.p = {name: single(value) for name, value in self.p.items()}
        self.last = self.last or [[NO_CHANNEL] * len(self.identities) for _ in self.policies]
        self.use = self.use or [1.0] * len(self.policies)
        self.likings = [likings(self.key, who, self.replication, self.p) for who in self.identities]
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        m = len(self.policies)
        self.counts = {name: [0] * m for name in COUNTS}
        for name in COUNTS[:2]:
            self.counts[name] = [[0] * m for _ in CHANNELS]

    def replace(self, i: int, identity: int) -> None:
        """Let a newcomer take a place."""
        self.identities[i], self.likings[i] = identity, likings(self.key, identity, self.replication, self.p)
        for row in self.last:
            row[i] = NO_CHANNEL

    def lasting(self, i: int) -> list[float]:
        """Return the weights of the channels with a customer."""
        return [pull(liking, self.p["occasion_spread"]) for liking in self.likings[i]]

    def visit(self, i: int, j: int, t: int, nth: int, known: bool, price_response: float) -> Visit:
        """Let a customer visit a firm, which knows her or not before the visit."""
        policy, luck = self.policies[j], draws(self.key, self.identities[i], t, nth, self.replication)
        weights = policy.weights(self.lasting(i), price_response, self.p)
        c = policy.pick(luck[0], weights)
        bounds = [sum(weights[: k + 1]) / sum(weights) for k in range(len(weights) - 1)]
        chance = as_single(policy.shared_records) * self.use[j]
        self.close |= near_any(luck[0], bounds) or near(luck[1], chance, 1e-7)
        of_story = context(self.last[j][i], c, known, luck[1], chance)
        self.last[j][i] = c
        self.counts["handovers"][j] += of_story != NO_HANDOVER
        self.counts["contexts_lost"][j] += of_story == LOST
        return Visit(c, of_story, policy.shift(c, of_story, self.p), policy.met(c, self.p))

    def count(self, j: int, c: int, s: float) -> None:
        """Count a visit by channel c, with satisfaction s."""
        self.counts["channel_visits"][c][j] += 1
        self.counts["channel_transaction"][c][j] += math.floor(s * STEPS)
        self.counts["richness_sum"][j] += math.floor(self.policies[j].met(c, self.p) * STEPS)
        self.counts["channel_handling"][j] += self.policies[j].expense(c)

    def end(self, known: Sequence[int]) -> None:
        """Book what does not depend on visits, with so many customers known to each firm."""
        for j, policy in enumerate(self.policies):
            self.counts["channel_upkeep"][j] += policy.upkeep(len(self.identities))
            self.counts["record_sharing"][j] += policy.sharing(known[j])


def single(value: Any) -> Any:
    """Return a number, or each of a tuple, as float32 holds it."""
    return tuple(as_single(one) for one in value) if isinstance(value, tuple) else as_single(value)


def measures(counts: dict[str, Any], j: int) -> dict[str, float]:
    """Return what is measured of a firm; NaN where there was no visit, or no change of channels."""
    visits = [row[j] for row in counts["channel_visits"]]
    sums = [row[j] / STEPS for row in counts["channel_transaction"]]
    n = sum(visits)
    changes = counts["handovers"][j]
    if n == 0:
        return dict.fromkeys(
            ("remote_share", "self_service_share", "contact_richness", "handover_rate", "lost_context_share",
             "touch_point_spread"), math.nan,
        )  # fmt: skip
    mean = sum(sums) / n
    squares = sum(v * (total / v - mean) ** 2 for v, total in zip(visits, sums, strict=True) if v)
    return {
        "remote_share": 1.0 - visits[COUNTER] / n,
        "self_service_share": visits[SELF_SERVICE] / n,
        "contact_richness": counts["richness_sum"][j] / STEPS / n,
        "handover_rate": changes / n,
        "lost_context_share": counts["contexts_lost"][j] / changes if changes else math.nan,
        "touch_point_spread": math.sqrt(squares / n),
    }
