"""The sites of a contact centre: lines, pools of agents, who has which skill, and how many are on duty when.

Claim: none; definitions of what firms set.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from tests.reference.closeness import as_single
from tests.reference.facility import MOST_POOLS, NOBODY, RULES
from tests.reference.service_day import ENDLESS

QUESTIONS, COMPLAINTS, BEST_QUESTIONS, BEST_COMPLAINTS, MESSAGES, OUTGOING = LINES = range(6)
CALLERS, DEDICATED, GENERALISTS, SPECIALISTS = POOLS = range(4)
SITES = 2  # of a firm
USUAL, BEST, OF_CUSTOMERS, OF_FIRM = 0b000011, 0b001100, 0b011111, 0b100000  # lines, as bits


@dataclass
class Sites:
    """The sites of all firms' centres.

    firms : of each, what has its levers by their names      parameters : of the theory, by name
    days : of a centre, that a period's contacts are
    """

    firms: Sequence[Any]
    parameters: dict[str, Any]
    days: float

    def __post_init__(self) -> None:
        self.p = SimpleNamespace(**self.parameters)
        self.whole_days = max(math.floor(self.days + 0.5), 1)
        self.length = self.p.minutes_open * self.days / self.whole_days  # of a day

    def rules(self, j: int) -> list[float]:
        """Return the rules of the sites of a firm, in the order of `facility.RULES`."""
        firm, p = self.firms[j], self.p
        later = firm.call_back > 0.0 or firm.messages
        found = dict.fromkeys(RULES, 0.0) | {
            "room": ENDLESS, "announces": float(firm.wait_announced > 0.0), "announced_part": firm.wait_announced,
            "balk_scale": p.balk_scale, "balks": 1.0, "call_back_line": MESSAGES if later else NOBODY,
            "call_back_after": p.call_back_after, "call_back_taken": as_single(firm.call_back * p.call_back_taken),
            "most_tries": 1.0, "wrong_pace": p.wrong_skill_pace, "stages": 1, "lines": len(LINES), "pools": len(POOLS),
        }  # fmt: skip
        return [found[name] for name in RULES]

    def lines(self, j: int) -> list[list[int]]:
        """Return of each line its rank, the lines whose people are served no later (bits), and its stage."""
        ranks = [1, 1, 0, 0, 2, 3] if self.firms[j].best_first else [1, 1, 1, 1, 2, 3]
        return [[rank, sum(1 << k for k in LINES if ranks[k] <= rank), 0] for rank in ranks]

    def pools(self, j: int) -> list[list[int]]:
        """Return of each pool the lines that it serves, those among them without the skill, its batch, and its reserve:
        the lines that it serves only while more than so many are free, and how many."""
        complaints = 1 << COMPLAINTS | 1 << BEST_COMPLAINTS
        firm = self.firms[j]
        usual = OF_CUSTOMERS | (OF_FIRM if firm.blended else 0)
        kept = [OF_FIRM, int(firm.idle_reserve)]
        return [
            [OF_FIRM, 0, 1, OF_FIRM, 0],
            [BEST, 0, 1, *kept],
            [usual, complaints, 1, *kept],
            [usual, (USUAL | BEST) & ~complaints, 1, *kept],
        ]

    def joins(self, j: int) -> list[int]:
        """Return the line (a bit) that contacts of each kind join."""
        apart = self.firms[j].best_first or self.firms[j].dedicated_agents > 0
        return [1 << (kind if apart or kind >= MESSAGES else kind % BEST_QUESTIONS) for kind in LINES]

    def pace(self, j: int) -> float:
        """Return the factor on the minutes of handling."""
        firm, p = self.firms[j], self.p
        tools = (p.cti_pace if firm.cti else 1.0) * (1.0 - as_single(p.knowledge_saving * firm.knowledge))
        return float(tools * (1.0 + as_single(p.quality_time * firm.quality_target)))

    def on_duty(self, j: int, s: int, pool: int, h: int) -> int:
        """Return how many agents of a pool are on duty at a site in an interval of the day."""
        firm, weights = self.firms[j], self.p.contact_profile
        usual = agents_of_pool(firm, s, pool)
        if pool == CALLERS:
            return usual
        follows = firm.follows_calls
        wanted = usual * (1.0 - follows + follows * weights[h] / (sum(weights) / len(weights)))
        return max(math.floor(wanted + 0.5), 1) if usual > 0 else 0

    def places(self) -> Iterator[tuple[int, int, int]]:
        """Yield firm, site and pool of all pools."""
        yield from ((j, s, pool) for j in range(len(self.firms)) for s in range(SITES) for pool in POOLS)

    def shifts(self) -> list[tuple[float, int, int]]:
        """Return when the number on duty changes, where, and to how many."""
        hours = len(self.p.contact_profile)
        return [
            (h * self.length / hours, (j * SITES + s) * MOST_POOLS + pool, self.on_duty(j, s, pool, h))
            for h in range(1, hours)
            for j, s, pool in self.places()
            if agents_of_pool(self.firms[j], s, pool) > 0
        ]

    def minutes_on_duty(self, j: int, pools: Sequence[int]) -> float:
        """Return the minutes of agents of some pools on a full day."""
        hours = len(self.p.contact_profile)
        found = [self.on_duty(j, s, pool, h) for h in range(hours) for s in range(SITES) for pool in pools]
        return sum(found) * self.p.minutes_open / hours


def part_of_site(agents: int, s: int, sites: int) -> int:
    """Return how many agents are at a site: the larger half at the first of two."""
    return [agents, 0][s] if sites == 1 else [agents - agents // 2, agents // 2][s]


def agents_of_pool(firm: Any, s: int, pool: int) -> int:
    """Return how many agents of a pool are at a site in an interval of usual contacts."""
    experts = {DEDICATED: firm.dedicated_agents, SPECIALISTS: firm.specialists}
    parts = {k: part_of_site(number, s, firm.sites) for k, number in experts.items()}
    if pool == CALLERS:
        return part_of_site(firm.outbound_agents, s, firm.sites)
    return parts[pool] if pool in parts else part_of_site(firm.agents, s, firm.sites) - sum(parts.values())
