"""Public ratings: who posts stars, what each firm's wall shows, who reads it and who finds firms by it.

Claim: extremes post; who does not know a firm goes by its wall; invitations and replies change what it shows.
Source: the written specification of the theory, without a look at its kernels.

Money is in whole hundredths of a cent. A decision that float32 may take otherwise is noted in `close`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "readers": 0.8,
    "window": 52,
    "base": 0.01,
    "praising": 0.1,
    "scolding": 0.2,
    "praised_from": 0.7,
    "scolded_below": 0.5,
    "taken_up": 0.15,
    "anchoring": 0.1,
    "bad_upto": 2,
    "softened": 1.0,
    "neutral_stars": 3.5,
    "prior": 10.0,
    "few": 10.0,
    "valence_weight": 0.46,
    "volume_weight": 1.1,
    "own_experience": 5.0,
    "listing": 0.05,
}
EXACT = 1e-6  # float32 error of a few factors, with room
POSTING, FINDING, READING = 0, 1, 3
COUNTS = (
    "ratings_posted", "stars_posted", "bad_posted", "ratings_replied", "visitors_invited", "stars_deserved",
    "wall_size", "wall_periods",
)  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """What a firm does about its ratings."""

    invite: float = 0.0
    reply: float = 0.0
    invite_cost: float = 0.3
    reply_cost: float = 3.0

    def expense(self, visits: int, bad: int) -> tuple[int, int]:
        """Return what invitations and replies cost, each step dearer than the one before."""
        scales = ((self.invite_cost, self.invite, visits), (self.reply_cost, self.reply, bad))
        per_invite, per_reply = (
            many * math.floor(1e4 * scale * -math.log(1.0 - share) + 0.5) for scale, share, many in scales
        )
        return per_invite, per_reply


def reads(key: Key, identity: int, readers: float, replication: int = 0) -> bool:
    """Tell whether a customer reads ratings, for life."""
    u = uniform(customer_words(key, identity, 0, draw=READING, block=0, replication=replication)[0])
    return u < as_single(readers)


def posting_chance(s: float, p: Mapping[str, Any]) -> float:
    """Return the chance of posting unasked."""
    above = max(s - p["praised_from"], 0.0) / (1.0 - p["praised_from"])
    below = max(p["scolded_below"] - s, 0.0) / p["scolded_below"]
    return min(1.0, p["base"] + p["praising"] * above + p["scolding"] * below)


def asked_chance(unasked: float, taken_up: float) -> float:
    """Return the chance of posting of who is asked."""
    return 1.0 - (1.0 - unasked) * (1.0 - taken_up)


def stars_of(s: float) -> int:
    """Return the stars of a satisfaction."""
    return min(5, 1 + math.floor(as_single(5.0 * s)))


def anchored(s: float, stars: int, ratings: int, anchoring: float) -> float:
    """Return what is rated by, in sight of a wall."""
    return s if ratings == 0 else s + anchoring * ((stars / ratings - 0.5) / 5.0 - s)


def impression(stars: int, ratings: int, replied: int, p: Mapping[str, Any], prior: float) -> float:
    """Return the stars that a reader makes of a wall."""
    if ratings + prior == 0.0:
        return p["neutral_stars"]
    return (stars + p["softened"] * replied + prior * p["neutral_stars"]) / (ratings + prior)


@dataclass
class Wall:
    """The ratings of one firm: (ratings, stars, bad ones with a reply), shown and of each period."""

    shown: tuple[int, int, int] = (0, 0, 0)
    periods: list[tuple[int, int, int]] = field(default_factory=list)

    def take(self, posts: Sequence[tuple[int, bool]], window: int) -> None:
        """Take a period's posts, of stars and whether there is a reply, and forget those that are `window` old."""
        self.periods.append((len(posts), sum(stars for stars, _ in posts), sum(replied for _, replied in posts)))
        self.periods = self.periods[-window:]
        ratings, stars, replied = (sum(column) for column in zip(*self.periods, strict=True))
        self.shown = ratings, stars, replied

    def pull(self, p: Mapping[str, Any], customers: int) -> float:
        """Return what the wall is worth to who knows nothing else."""
        ratings, stars, replied = self.shown
        prior, few = (p[name] * customers / 1000.0 for name in ("prior", "few"))
        seen = impression(stars, ratings, replied, p, prior)
        return p["valence_weight"] * (seen - p["neutral_stars"]) + p["volume_weight"] * math.log1p(ratings / few)

    def found(self, p: Mapping[str, Any], customers: int) -> float:
        """Return the chance that a reader finds the firm."""
        ratings = self.shown[0]
        return p["listing"] * ratings / (ratings + p["few"] * customers / 1000.0) if ratings else 0.0


@dataclass
class Board:
    """All walls, and who posts."""

    policies: Sequence[Policy]
    key: Key
    p: Mapping[str, Any]
    replication: int = 0
    walls: list[Wall] = field(default_factory=list)
    close: bool = False

    def __post_init__(self) -> None:
        self.walls = self.walls or [Wall() for _ in self.policies]

    def below(self, u: float, chance: float) -> bool:
        """Tell whether luck is below a chance, and note where that is close."""
        self.close |= near(u, chance, EXACT)
        return u < chance

    def post(
        self, visits: Sequence[tuple[int, int, int, int, float]], customers: int, t: int
    ) -> tuple[list[int], dict[str, list[int]]]:
        """Return the code of each customer's post, and what is counted.

        visits : (customer, firm, identity, nth, satisfaction) in their order
        """
        p, kept = self.p, {}
        counted = {name: [0] * len(self.policies) for name in COUNTS[:6]}
        for i, j, identity, nth, s in visits:
            words = customer_words(self.key, identity, t, draw=POSTING, block=nth, replication=self.replication)
            posts, invited, replied = (uniform(word) for word in words[:3])
            asked = self.below(invited, as_single(self.policies[j].invite))
            counted["visitors_invited"][j] += asked
            counted["stars_deserved"][j] += stars_of(s)
            chance = posting_chance(s, p)
            if self.below(posts, asked_chance(chance, p["taken_up"]) if asked else chance):
                ratings, total, _ = self.walls[j].shown
                by = anchored(s, total, ratings, p["anchoring"])
                if ratings and p["anchoring"]:
                    self.close |= abs(5.0 * by - round(5.0 * by)) < 5 * EXACT
                stars = stars_of(by)
                bad = stars <= p["bad_upto"]
                kept[i] = j, stars, bad, bad and self.below(replied, as_single(self.policies[j].reply))
        for j, stars, bad, replied in kept.values():
            for name, many in zip(COUNTS[:4], (1, stars, bad, replied), strict=True):
                counted[name][j] += many
        codes = [0] * customers
        for i, (j, stars, _, replied) in kept.items():
            codes[i] = 10 * j + stars + (5 if replied else 0)
        return codes, counted

    def take(self, codes: Sequence[int]) -> None:
        """Put a period's posts on the walls."""
        for j, wall in enumerate(self.walls):
            posts = [(code - 10 * j) for code in codes if 10 * j < code <= 10 * j + 10]
            wall.take([(1 + (stars - 1) % 5, stars > 5) for stars in posts], self.p["window"])

    def finds(self, identity: int, j: int, customers: int, t: int) -> bool:
        """Tell whether a reader who does not know firm j finds it on its wall."""
        words = customer_words(self.key, identity, t, draw=FINDING, block=j, replication=self.replication)
        return self.below(uniform(words[0]), self.walls[j].found(self.p, customers))


def term(pull: float, is_reader: bool, encounters: float, own_experience: float) -> float:
    """Return what a wall adds to a customer's utility."""
    return pull * own_experience / (own_experience + encounters) if is_reader else 0.0


def measures(counted: Mapping[str, float], visits: int) -> dict[str, float]:
    """Return the measures of a firm; NaN where there is nothing to divide by."""
    posted, periods = counted["ratings_posted"], counted["wall_periods"]
    mean = counted["stars_posted"] / posted if posted else math.nan
    return {
        "posted_stars": mean,
        "selection_gap": mean - counted["stars_deserved"] / visits if visits else math.nan,
        "ratings_per_visit": posted / visits if visits else math.nan,
        "ratings_shown": counted["wall_size"] / periods if periods else math.nan,
    }
