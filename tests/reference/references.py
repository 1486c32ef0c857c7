"""Reference customers: who vouches for a firm, whom it lets go, and whom they persuade.

Claim: the better paid, the more consent; who has not used the firm comes to expect what references find.
Source: the written specification of the theory, without a look at its kernels.

Money is in whole hundredths of a cent, satisfaction is added up in whole 2^-20.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "half_fee": 1.0,
    "asked_from": 0.75,
    "vouching_below": 0.6,
    "half_references": 10.0,
    "meeting": 0.1,
    "persuasion": 0.5,
}
ASKING, WATCHING, MEETING = 0, 1, 2
COUNTS = (
    "references_now", "reference_satisfaction", "reference_fails", "references_dropped", "references_met",
    "reference_spend",
)  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """How many customers vouch for a firm, what they are paid, and how closely they are watched."""

    references_wanted: float = 0.0
    reference_fee: float = 0.5
    references_watched: float = 0.0
    watch_cost: float = 0.1

    def wanted(self, customers: int) -> int:
        """Return how many references a firm wants."""
        return math.floor(as_single(self.references_wanted) * customers / 1000.0)

    def cost(self, references: int) -> int:
        """Return what references cost in a period: their fees, and watching them."""
        watching = self.watch_cost * -math.log(1.0 - self.references_watched)
        return references * math.floor(1e4 * (self.reference_fee + watching) + 0.5)


def consent_chance(fee: float, half_fee: float) -> float:
    """Return the chance that a satisfied customer vouches for a firm."""
    return fee / (fee + half_fee)


def meeting_chance(per_thousand: float, p: Mapping[str, Any]) -> float:
    """Return the chance of meeting a reference in a period."""
    return p["meeting"] * (1.0 - 0.5 ** (per_thousand / p["half_references"]))


@dataclass
class References:
    """References of all firms, by firm and row; of each row the firm whom she would vouch for, -1 = none.

    asked : by firm, the share of the willing who are asked      moods : their satisfaction
    """

    policies: Sequence[Policy]
    key: Key
    p: Mapping[str, Any]
    vouches: list[list[bool]]
    willing: list[int]
    asked: list[float] = field(default_factory=list)
    moods: list[float] = field(default_factory=list)
    replication: int = 0
    close: bool = False

    def luck(self, identity: int, t: int, draw: int, block: int) -> tuple[float, float]:
        """Return the two uniforms of a decision."""
        words = customer_words(self.key, identity, t, draw=draw, block=block, replication=self.replication)
        return uniform(words[0]), uniform(words[1])

    def below(self, u: float, chance: float) -> bool:
        """Tell whether luck is below a chance, and note where that is close."""
        self.close |= near(u, chance)
        return u < chance

    def ask(
        self, visits: Sequence[tuple[int, int, int, int, float]], satisfaction: Sequence[Sequence[float]], t: int
    ) -> None:
        """Ask visitors; visits : (customer, firm, identity, nth, satisfaction with the visit)."""
        self.willing = [-1] * len(self.willing)
        mark = as_single(self.p["asked_from"])
        for i, j, identity, nth, s in visits:
            policy, (consents, asked) = self.policies[j], self.luck(identity, t, ASKING, nth)
            if self.vouches[j][i] or policy.references_wanted == 0 or min(s, satisfaction[j][i]) < mark:
                continue
            if self.below(consents, consent_chance(policy.reference_fee, self.p["half_fee"])):
                self.willing[i] = j
                self.vouches[j][i] = self.below(asked, self.asked[j])

    def keep(
        self, j: int, identities: Sequence[int], satisfaction: Sequence[float], gone: Sequence[bool], t: int
    ) -> dict[str, int]:
        """Let references of firm j go, and return what is counted."""
        counted, policy = {"reference_fails": 0, "references_dropped": 0}, self.policies[j]
        for i, identity in enumerate(identities):
            if not self.vouches[j][i]:
                continue
            fails = satisfaction[i] < as_single(self.p["vouching_below"])
            found = self.below(self.luck(identity, t, WATCHING, j)[0], as_single(policy.references_watched))
            counted["reference_fails"] += fails
            self.vouches[j][i] = not (gone[i] or policy.references_wanted == 0 or (fails and found))
            counted["references_dropped"] += not self.vouches[j][i]
        return counted

    def gather(self, j: int, satisfaction: Sequence[float]) -> dict[str, int]:
        """Find out what references of firm j think, and how many of the willing it asks next."""
        mine = [s for s, vouches in zip(satisfaction, self.vouches[j], strict=True) if vouches]
        total, willing = sum(math.floor(s * 2.0**20) for s in mine), self.willing.count(j)
        if mine:
            self.moods[j] = as_single(total / 2.0**20 / len(mine))
        missing = max(0, self.policies[j].wanted(len(satisfaction)) - len(mine))
        self.asked[j] = as_single(min(1.0, missing / willing)) if willing else 0.0
        return {"references_now": len(mine), "reference_satisfaction": total}

    def meets(self, identity: int, j: int, t: int) -> bool:
        """Tell whether who knows firm j and has not used it meets a reference."""
        per_thousand = 1000.0 * sum(self.vouches[j]) / len(self.willing)
        return self.below(self.luck(identity, t, MEETING, j)[0], meeting_chance(per_thousand, self.p))

    def persuaded(self, expectation: float, j: int) -> float:
        """Return what is expected of firm j after a meeting."""
        return expectation + self.p["persuasion"] * (self.moods[j] - expectation)


def measures(counted: Mapping[str, float], visits: int, satisfaction: float, periods: int) -> dict[str, float]:
    """Return the measures of a firm, by counts in cu and shares; satisfaction : summed over visits."""
    now, met = counted["references_now"], counted["references_met"]
    looked_at = now + counted["references_dropped"]
    gap = counted["reference_satisfaction"] / now - satisfaction / visits if now and visits else math.nan
    return {
        "references_at_work": now / periods,
        "reference_gap": gap,
        "failing_references": counted["reference_fails"] / looked_at if looked_at else math.nan,
        "cost_per_meeting": counted["reference_spend"] / met if met else math.nan,
    }
