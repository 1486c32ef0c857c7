"""Buying centres: who takes part in a purchase, with which influence, on whose side, and what each role learns.

Claim: four persons judge a firm, each by a criterion of her own; bought from is a firm for which the weight of opinion
is, and which the approver does not veto; talks win persons over, and wear off.
Source: the written specification of the theory, without a look at its kernels.

The four roles stand in the order user, approver, evaluator, decider.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.random_numbers import Key, customer_words, normal, uniform

ROLES = ("user", "approver", "evaluator", "decider")
USER, APPROVER, EVALUATOR, DECIDER = range(4)
EXAMPLE: dict[str, Any] = {
    "centre_share": 1.0,
    "user_part": 0.25,
    "approver_part": 0.25,
    "evaluator_part": 0.2,
    "decider_part": 0.3,
    "influence_spread": 0.5,
    "first_attitude": 0.3,
    "attitude_spread": 0.7,
    "fading": 0.01,
    "persuasion": 0.05,
    "support_weight": 0.6,
    "learning": 0.3,
    "user_standard": 0.65,
    "user_scale": 8.0,
    "approver_scale": 10.0,
    "evaluator_standard": 0.55,
    "evaluator_scale": 8.0,
    "severity_scale": 4.0,
    "decider_quality": 0.4,
    "decider_price": 0.3,
}
OF_STAGES = ("needs_searched", "needs_shortlisted", "needs_championed")
OF_WINS = ("needs_won", "champion_wins")
OF_STANCES = ("centres", "vetoes", "support_sum", *(f"{role}_sponsors" for role in ROLES))
OPPONENT, SPONSOR = -2, 2

Four = Sequence[float]


@dataclass(frozen=True)
class Policy:
    """The chance of a talk with each role in a period, and the scale of what that costs, cu."""

    efforts: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    talk_cost: float = 0.15

    @property
    def expense(self) -> int:
        """What the efforts cost for each centre that knows the firm, in 1/100 cent, a half rounded up."""
        cu = sum(-self.talk_cost * math.log(1.0 - effort) for effort in self.efforts)
        return math.floor(10_000.0 * cu + 0.5)

    def talks(self, luck: Four) -> list[int]:
        """Return with whom the firm talks, given the four uniforms of a centre."""
        return [int(u < effort) for u, effort in zip(luck, self.efforts, strict=True)]


def luck_of_talks(key: Key, identity: int, t: int, firm: int, replication: int = 0) -> list[float]:
    """Return the four uniforms of a firm's talks with a centre."""
    return [uniform(word) for word in customer_words(key, identity, t, draw=0, block=firm, replication=replication)]


def influence(key: Key, identity: int, p: dict[str, Any], replication: int = 0) -> list[float]:
    """Draw the influence of each role."""
    words = customer_words(key, identity, 0, draw=0, block=0, replication=replication)
    strength = [
        p[f"{role}_part"] * math.exp(p["influence_spread"] * normal(uniform(word)))
        for role, word in zip(ROLES, words, strict=True)
    ]
    return [one / sum(strength) for one in strength]


def luck_of_centre(key: Key, identity: int, replication: int = 0) -> float:
    """Return the uniform that says whether a customer has a buying centre."""
    return uniform(customer_words(key, identity, 0, draw=1, block=0, replication=replication)[0])


def first_attitudes(key: Key, identity: int, firm: int, p: dict[str, Any], replication: int = 0) -> list[float]:
    """Draw what the roles think of a firm at first."""
    words = customer_words(key, identity, 0, draw=2, block=firm, replication=replication)
    return [within(p["first_attitude"] + p["attitude_spread"] * normal(uniform(word))) for word in words]


def within(attitude: float) -> float:
    """Return an attitude clipped to [-2, 2]."""
    return min(max(attitude, -2.0), 2.0)


def stance(attitude: float) -> int:
    """Return the nearest whole number, halves rounded up."""
    return math.floor(attitude + 0.5)


def support(influences: Four, attitudes: Four) -> float:
    """Return X."""
    return sum(weight * attitude for weight, attitude in zip(influences, attitudes, strict=True))


def is_vetoed(attitudes: Four) -> bool:
    """Tell whether the approver is an opponent."""
    return stance(attitudes[APPROVER]) == OPPONENT


def has_champion(attitudes: Four) -> bool:
    """Tell whether anybody is a sponsor."""
    return any(stance(attitude) == SPONSOR for attitude in attitudes)


def moved(attitude: float, talks: int, p: dict[str, Any]) -> float:
    """Return an attitude after a period: it fades, and then each talk moves it towards that of a sponsor."""
    attitude += p["fading"] * (p["first_attitude"] - attitude)
    for _ in range(talks):
        attitude += p["persuasion"] * (2.0 - attitude)
    return within(attitude)


def shortlist(known: Sequence[bool], influences: Four, attitudes: Sequence[Four]) -> list[bool]:
    """Return which firms may be bought from.

    attitudes : to each firm, of the four roles
    """
    possible = [knows and not is_vetoed(four) for knows, four in zip(known, attitudes, strict=True)]
    for_it = [support(influences, four) > 0.0 for four in attitudes]
    backed = [may and yes for may, yes in zip(possible, for_it, strict=True)]
    return backed if any(backed) else possible


def usual_price(prices: Sequence[float], known: Sequence[bool]) -> float:
    """Return the mean price of the firms that are known, 0 if there are none."""
    seen = [price for price, knows in zip(prices, known, strict=True) if knows]
    return sum(seen) / len(seen) if seen else 0.0


@dataclass(frozen=True)
class Experience:
    """What a visit was like: performance, 0-1, price paid, the usual price, trust after it, severity of a failure."""

    performance: float
    paid: float
    usual: float
    trust: float
    severity: float

    def goals(self, p: dict[str, Any]) -> list[float]:
        """Return to which attitude each role is drawn."""
        saved = (self.usual - self.paid) / self.usual if self.usual > 0.0 else 0.0
        judged = [
            p["user_scale"] * (self.performance - p["user_standard"]),
            p["approver_scale"] * saved,
            p["evaluator_scale"] * (self.trust - p["evaluator_standard"]) - p["severity_scale"] * self.severity,
        ]
        judged = [within(goal) for goal in judged]
        parts = (p["decider_quality"], p["decider_price"], 1.0 - p["decider_quality"] - p["decider_price"])
        return [*judged, within(sum(part * goal for part, goal in zip(parts, judged, strict=True)))]

    def teach(self, attitudes: Four, p: dict[str, Any]) -> list[float]:
        """Return the attitudes after the visit."""
        pairs = zip(attitudes, self.goals(p), strict=True)
        return [within(attitude + p["learning"] * (goal - attitude)) for attitude, goal in pairs]


@dataclass
class Centre:
    """A customer with a buying centre: which firms it knows, influence, attitudes to each firm, the period's list."""

    known: Sequence[bool]
    influence: Four
    attitudes: list[list[float]]
    left: bool = False

    @property
    def listed(self) -> list[bool]:
        """Which firms are on the shortlist."""
        return shortlist(self.known, self.influence, self.attitudes)

    def stages(self, firm: int) -> dict[str, int]:
        """Return what one occasion adds to the counts of a firm's stages."""
        on_it = self.listed[firm]
        champion = on_it and has_champion(self.attitudes[firm])
        return dict(zip(OF_STAGES, (int(self.known[firm]), int(on_it), int(champion)), strict=True))

    def wins(self, firm: int) -> dict[str, int]:
        """Return what a choice of the firm adds to its counts."""
        on_it = self.listed[firm]
        return dict(zip(OF_WINS, (int(on_it), int(on_it and has_champion(self.attitudes[firm]))), strict=True))

    def stances(self, firm: int) -> dict[str, int]:
        """Return what the centre adds to the counts at the end of a period; the sum of X + 2 in whole 2^-20."""
        if self.left or not self.known[firm]:
            return dict.fromkeys(OF_STANCES, 0)
        four = self.attitudes[firm]
        x = math.floor((support(self.influence, four) + 2.0) * 2**20)
        return dict(
            zip(
                OF_STANCES,
                (1, int(is_vetoed(four)), x, *(int(stance(attitude) == SPONSOR) for attitude in four)),
                strict=True,
            )
        )


def ratio(part: float, whole: float) -> float | None:
    """Return part / whole, None of nothing."""
    return part / whole if whole else None


def measures(of: dict[str, int], population: int) -> dict[str, float | None]:
    """Return the measures of a firm from all that was counted; population : customers, once for each period."""
    champions = ratio(of["champion_wins"], of["needs_championed"])
    others = ratio(of["needs_won"] - of["champion_wins"], of["needs_shortlisted"] - of["needs_championed"])
    mean_support = ratio(of["support_sum"] * 2.0**-20, of["centres"])
    return {
        "veto_share": ratio(of["vetoes"], of["centres"]),
        "mean_support": None if mean_support is None else mean_support - 2.0,
        **{f"{role}_sponsor_share": ratio(of[f"{role}_sponsors"], of["centres"]) for role in ROLES},
        "shortlist_rate": ratio(of["needs_shortlisted"], of["needs_searched"]),
        "win_rate": ratio(of["needs_won"], of["needs_shortlisted"]),
        "champion_gap": None if champions is None or others is None else champions - others,
        "talk_rate": of["talks_held"] / population,
    }
