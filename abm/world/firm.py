"""Firms: offer, service policy and loyalty programme, and their levers as arrays over firms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from abm.core.spec import Spec, param
from abm.world.columns import TIERS
from abm.world.program import LoyaltyProgram
from abm.world.service import ServicePolicy

NEVER = np.int64(2**62)  # cents: the threshold of a tier that does not exist


class Firm(Spec):
    """A firm: price, promise, service, programme, cost."""

    name: str = param(..., unit="name", evidence="assumed", doc="how arms, tables and figures call it")
    price: float = param(
        1.0, unit="index", bounds=(0, 1000), evidence="assumed", doc="price index: 1 = a customer's usual basket"
    )
    promise: float | None = param(
        None, unit="0-1", bounds=(0, 1), evidence="assumed", doc="promised quality; left out = as delivered"
    )
    initial_awareness: float = param(
        1.0, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who know the firm at the start"
    )
    exit_fee: float = param(0.0, unit="cu", bounds=(0, 1e6), evidence="assumed", doc="fee for leaving")
    joining_fee: float = param(0.0, unit="cu", bounds=(0, 1e6), evidence="assumed", doc="fee for starting elsewhere")
    integration: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="set-up cost from integration by contract"
    )
    unit_cost: float = param(
        0.6, unit="cu/cu", bounds=(0, 10), evidence="assumed", doc="cost of goods per cu of basket at price index 1"
    )
    fixed_cost: float = param(0.0, unit="cu/period", bounds=(0, 1e9), evidence="assumed", doc="cost without customers")
    service: ServicePolicy = ServicePolicy()
    program: LoyaltyProgram | None = None


def _hundredths(values: Sequence[float]) -> np.ndarray:
    """Return amounts in whole hundredths, rounded half up: cents, and hundredths of a point."""
    return np.array([int(np.floor(100.0 * v + 0.5)) for v in values], np.int64)


def _by_tier(programs: Sequence[LoyaltyProgram], field: str) -> np.ndarray:
    table = np.zeros((TIERS, len(programs)), np.float32)
    for j, program in enumerate(programs):
        values = getattr(program, field)
        table[1 : 1 + len(values), j] = values
    return table


def levers(firms: Sequence[Firm]) -> dict[str, np.ndarray]:
    """Return every lever as an array over firms: float32 (m,), per tier (5, m), money as int64 cents.

    A firm without a programme has the levers of one that nobody can join (`has_program` 0).
    """
    none = LoyaltyProgram(member_cost=0.0)
    programs = [firm.program or none for firm in firms]
    goal_points = _hundredths([p.goal for p in programs]).astype(np.int32)

    def of(items: Sequence[Spec], *names: str) -> dict[str, np.ndarray]:
        return {name: np.array([getattr(item, name) for item in items], np.float32) for name in names}

    spread = [np.hypot(f.service.spread_within, f.service.spread_between) for f in firms]
    thresholds = np.full((TIERS, len(firms)), NEVER, np.int64)
    for j, program in enumerate(programs):
        thresholds[1 : 1 + len(program.tier_threshold), j] = _hundredths(program.tier_threshold)
    return {
        **of(firms, "price", "initial_awareness", "exit_fee", "joining_fee", "integration", "unit_cost"),
        **of([f.service for f in firms], "quality", "failure_rate", "transparency", "richness"),
        **of(programs, "hassle", "earn_rate", "earn_per_visit", "reward", "redemption"),
        "promise": np.array([f.service.quality if f.promise is None else f.promise for f in firms], np.float32),
        "spread": np.array(spread, np.float32),
        "service_cost": _hundredths([f.service.cost_per_visit for f in firms]),
        "fixed_cost": _hundredths([f.fixed_cost for f in firms]),
        "has_program": np.array([f.program is not None for f in firms], np.int32),
        "has_tiers": np.array([len(p.tier_threshold) > 0 for p in programs], np.int32),
        "automatic": np.array([p.enrolment == "automatic" for p in programs], np.int32),
        "expiry": np.array([p.expiry for p in programs], np.int32),
        "endowment": _hundredths([p.endowment for p in programs]).astype(np.int32),
        "goal": (goal_points / 100.0).astype(np.float32),
        "goal_points": goal_points,
        "reward_expense": _hundredths([p.reward * p.reward_cost for p in programs]),
        "member_cost": np.array([round(10_000 * p.member_cost) for p in programs], np.int64),
        "tier_window": np.array([p.tier_window for p in programs], np.int32),
        "tier_threshold": thresholds,
        "tier_discount": _by_tier(programs, "tier_discount"),
        "tier_bonus": _by_tier(programs, "tier_bonus"),
    }
