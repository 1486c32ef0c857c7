"""Service innovation: a firm's research and what customers say bring ideas, and rivals copy what they know of.

Claim: knowledge is what research keeps up; ideas come the likelier the more a firm knows and hears; each brings part of
what is lacking to the best; after a time rivals see an advance, and copy part of what they lack to the largest.
Source: docs/model.md, service_innovation, without a look at its kernels.

Draws are of the stream "service_innovation": word 0 at (firm, period, draw 0, block 0), in periods of a date.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "innovate_every": 4,
    "knowledge_kept": 0.98,
    "highest_rate": 2.0,
    "half_knowledge": 0.2,
    "voice_gain": 1.0,
    "voice_window": 13,
    "innovation_size": 0.15,
    "imitation_lag": 26,
}
BEST = 0.99  # of quality with what innovations add
STEPS = 2**20
COUNTS = (
    "innovations", "found_advance", "copied_advance", "research_spend", "copying_spend", "advance_running",
    "advance_sum", "lead_sum", "periods_ahead", "advance_periods",
)  # fmt: skip


def chance(knowledge: float, voice: float, p: Mapping[str, Any], year: int) -> float:
    """Return the chance of an idea between two dates; a year has so many periods."""
    known = 1.0 - 0.5 ** (knowledge / p["half_knowledge"])
    rate = p["highest_rate"] * known * (1.0 + p["voice_gain"] * voice)
    return 1.0 - math.exp(-rate * p["innovate_every"] / year)


def voice(answers: int, complaints: int, visits: int) -> float:
    """Return of which share of visits a firm has been told something: no visit counts for more than one."""
    return min(1.0, (answers + complaints) / visits) if visits else 0.0


def steps_of(advance: float) -> int:
    """Return an advance in whole 2^-20, cut off."""
    return math.floor(advance * STEPS)


def luck(key: Key, firm: int, t: int, replication: int) -> float:
    """Return a firm's luck with ideas at a date."""
    return uniform(customer_words(key, firm, t, draw=0, block=0, replication=replication)[0])


@dataclass
class Firm:
    """What a firm decides and delivers, what it has come to, and what is counted of it in a period."""

    research: float = 0.0  # cu a visit
    copying: float = 0.0
    copying_scale: float = 0.1  # cu a visit
    running_part: float = 0.5
    quality: float = 0.75
    quality_cost: float = 0.0  # cu a visit
    knowledge: float = 0.0
    advance: float = 0.0
    expense: int = 0  # cents a visit
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def prices(self) -> tuple[int, int]:
        """What research and copying cost a visit, in whole hundredths of a cent."""
        return in_ten_thousandths(self.research), in_ten_thousandths(-self.copying_scale * math.log(1.0 - self.copying))

    def running(self) -> float:
        """Return what delivering the advance costs a visit, cu: part of what as much more quality does."""
        lacks = 1.0 - self.quality
        return self.running_part * self.quality_cost * math.log(lacks / (lacks - self.advance))

    def book(self, visits: int) -> None:
        """Count what a period's visits cost."""
        research, copying = self.prices
        self.counts["research_spend"] = visits * research
        self.counts["copying_spend"] = visits * copying
        self.counts["advance_running"] = visits * self.expense


def in_ten_thousandths(amount: float) -> int:
    """Return cu in whole hundredths of a cent, half rounded up."""
    return math.floor(amount * 10_000.0 + 0.5)


def learn(firm: Firm, p: Mapping[str, Any]) -> None:
    """Let a firm forget, and learn by what it spends."""
    kept = p["knowledge_kept"]
    firm.knowledge = kept * firm.knowledge + (1.0 - kept) * firm.research


@dataclass(frozen=True)
class Renewed:
    """What a date brings a firm: what it copies, what it finds, what it then has; and the chance that it had."""

    copied: float
    found: float
    advance: float
    chance: float

    @property
    def counted(self) -> dict[str, int]:
        """What is counted of it; an idea that brings nothing is none."""
        found, copied = (math.floor(part * STEPS + 0.5) for part in (self.found, self.copied))
        return {"innovations": int(self.found > 0.0), "found_advance": found, "copied_advance": copied}


def renewed(
    firm: Firm, of_rivals: Sequence[float], luck: float, voice: float, p: Mapping[str, Any], year: int
) -> Renewed:
    """Return what a date brings.  of_rivals : advances that a firm knows of"""
    most = max(0.0, BEST - firm.quality)
    lacks = max(0.0, max(of_rivals, default=0.0) - firm.advance)
    copied = min(firm.copying * lacks, max(0.0, most - firm.advance))
    room = max(0.0, most - firm.advance - copied)
    of_idea = chance(firm.knowledge, voice, p, year)
    found = p["innovation_size"] * room if luck < of_idea else 0.0
    return Renewed(copied, found, min(most, firm.advance + copied + found), of_idea)


def note(firms: Sequence[Firm]) -> None:
    """Count the advance of each firm in a period, and by how much it is ahead of its best rival."""
    steps = [steps_of(firm.advance) for firm in firms]
    for j, firm in enumerate(firms):
        lead = steps[j] - max((other for k, other in enumerate(steps) if k != j), default=0)
        firm.counts |= {"advance_sum": steps[j], "lead_sum": lead, "periods_ahead": int(lead > 0), "advance_periods": 1}


def measures(c: Mapping[str, float], year: int) -> dict[str, float]:
    """Return the measures of what was counted over periods, in units; NaN where there is nothing to divide by."""
    return {
        "innovation_rate": divided(c["innovations"], c["advance_periods"]) * year,
        "mean_advance": divided(100.0 * c["advance_sum"], c["advance_periods"]),
        "innovation_lead": divided(100.0 * c["lead_sum"], c["advance_periods"]),
        "time_ahead": divided(c["periods_ahead"], c["advance_periods"]),
        "copied_part": divided(c["copied_advance"], c["copied_advance"] + c["found_advance"]),
    }


def divided(amount: float, by: float) -> float:
    """Return a quotient, NaN of nothing."""
    return amount / by if by else math.nan
