"""Staff: what those who serve know and can do, how they feel, who leaves and why, and what that does to service.

Claim: training has diminishing returns, and is forgotten and carried away by turnover; strain and overwork burn staff
out; pay above that of the others, and morale, keep them. All that customers meet of it is in what is delivered.
Source: docs/model.md, staff, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths

USUAL = 0.5
USUAL_CUSTOMER_TIME = 0.699999988079071  # 0.7 as float32 holds it
STEPS = 2**20
EXAMPLE: dict[str, Any] = {
    "learning": 0.1, "forgetting": 0.01, "turnover": 0.01, "pay_stay": 3.0, "morale_stay": 2.0, "better_hires": 0.3,
    "morale_recovery": 0.1, "pay_morale": 0.5, "incentive_morale": 0.3, "strained": 1.0, "visits_per_head": 50.0,
    "overwork": 0.1, "comfortable": 0.8, "knowledge_failures": 0.5, "emotion_failures": 0.6, "skill_quality": 0.1,
    "morale_quality": 0.1, "knowledge_pace": 0.2, "attention": 0.03, "control": 4.0,
}  # fmt: skip
COUNTS = (
    "leavers", "left_over_pay", "left_over_morale", "knowledge_sum", "skill_sum", "emotion_sum", "morale_sum",
    "staff_periods", "staff_hiring", "staff_training", "staff_pay",
)  # fmt: skip


def within(x: float) -> float:
    """Return a number, or the end of [0, 1] beyond which it lies."""
    return min(max(x, 0.0), 1.0)


def whole_steps(x: float) -> int:
    """Return a number in whole 2**-20, rounded down."""
    return math.floor(x * STEPS)


def above_others(own: int, others: Sequence[int]) -> float:
    """Return how far a pay premium is above the mean of others; above none if there are none. All in 2**-20."""
    mean = sum(others) / len(others) if others else 0.0
    return (own - mean) / STEPS


def part_leaving(premium: float, morale: float, p: Mapping[str, float]) -> float:
    """Return the part of staff who leave in a period, at a premium above the others'."""
    return within(p["turnover"] * math.exp(-p["pay_stay"] * premium - p["morale_stay"] * (morale - USUAL)))


def trained(ability: float, training: float, newcomers: float, left: float, p: Mapping[str, float]) -> float:
    """Return an ability a period later."""
    gained = p["learning"] * training * (1.0 - ability)
    forgotten = p["forgetting"] * (ability - USUAL)
    carried_away = left * (ability - newcomers)
    return within(ability + gained - forgotten - carried_away)


def burnt(strain: float, load: float, emotion: float, p: Mapping[str, float]) -> float:
    """Return what scenes and overwork take from morale: all of it from who cannot handle emotions."""
    from_scenes = p["strained"] * p["visits_per_head"] * strain
    from_work = p["overwork"] * max(0.0, load - p["comfortable"])
    return (1.0 - emotion) * (from_scenes + from_work)


def morale_after(morale: float, target: float, left: float, taken: float, p: Mapping[str, float]) -> float:
    """Return morale a period later; who replaces a leaver has the usual one."""
    return within(morale + p["morale_recovery"] * (target - morale) - left * (morale - USUAL) - taken)


def against_usual(ability: float, effect: float) -> float:
    """Return what an ability leaves of failures or of minutes, against the usual ability."""
    return (1.0 - effect * ability) / (1.0 - effect * USUAL)


def undone(customer_time: float, knowledge: float, control: float) -> float:
    """Return the factor on failures of price and information that time for customers leaves of internal work."""
    return math.exp(control * (customer_time - USUAL_CUSTOMER_TIME) * (1.0 - knowledge) / (1.0 - USUAL))


@dataclass(frozen=True)
class Policy:
    """What a firm decides, and what it costs: scales in cu a visit, or a hire."""

    knowledge_training: float = 0.0
    skill_training: float = 0.0
    emotion_training: float = 0.0
    selectivity: float = 0.0
    pay_premium: float = 0.0
    incentives: float = 0.0
    customer_time: float = USUAL_CUSTOMER_TIME
    training_scale: float = 1.0
    search_scale: float = 200.0
    incentive_scale: float = 0.5
    labour_cost: float = 3.0
    replacement_cost: float = 500.0

    @property
    def training_expense(self) -> int:
        """Cost of training a visit, 1/100 cent."""
        trainings = (self.knowledge_training, self.skill_training, self.emotion_training)
        return hundredths(100.0 * self.training_scale * sum(map(effort, trainings)))

    @property
    def pay_expense(self) -> int:
        """Cost of pay above the usual and of incentives a visit, 1/100 cent."""
        return hundredths(
            100.0 * (self.pay_premium * self.labour_cost + self.incentive_scale * effort(self.incentives))
        )

    @property
    def hire_cost(self) -> float:
        """Cost of replacing one who has left, cu."""
        return self.replacement_cost + self.search_scale * effort(self.selectivity)


@dataclass(frozen=True)
class Service:
    """What staff does to service: to quality, to the risk of a failure, to minutes."""

    shift: float
    risk: float
    pace: float


@dataclass
class Team:
    """Those who serve at a firm, and who of them left, over pay, over morale."""

    knowledge: float = USUAL
    skill: float = USUAL
    emotion: float = USUAL
    morale: float = USUAL
    left: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def develop(self, policy: Policy, premium: float, strain: float, load: float, p: Mapping[str, float]) -> None:
        """Let a period pass that was of a strain a visit and of a load; all follows from how they were before it."""
        left = part_leaving(premium, self.morale, p)
        over_pay = max(0.0, left - part_leaving(0.0, self.morale, p))
        over_morale = max(0.0, left - part_leaving(premium, USUAL, p))
        newcomers = min(1.0, USUAL + p["better_hires"] * policy.selectivity)
        target = within(USUAL + p["pay_morale"] * premium + p["incentive_morale"] * policy.incentives)
        taken = burnt(strain, load, self.emotion, p)
        self.knowledge = trained(self.knowledge, policy.knowledge_training, newcomers, left, p)
        self.skill = trained(self.skill, policy.skill_training, newcomers, left, p)
        self.emotion = trained(self.emotion, policy.emotion_training, newcomers, left, p)
        self.morale = morale_after(self.morale, target, left, taken, p)
        self.left = left, over_pay, over_morale

    def serve(self, policy: Policy, parts: tuple[float, float, float], p: Mapping[str, float]) -> Service:
        """Return what they do to service, where some parts of failures are of attitude, price and information."""
        attitude, price, information = parts
        shift = p["skill_quality"] * (self.skill - USUAL) + p["morale_quality"] * (self.morale - USUAL)
        shift += p["attention"] * math.log(policy.customer_time / USUAL_CUSTOMER_TIME)
        kindness = max(0.0, 1.0 - p["emotion_failures"] * attitude * (self.emotion - USUAL))
        uncontrolled = undone(policy.customer_time, self.knowledge, p["control"])
        order = max(0.0, 1.0 + (price + information) * (uncontrolled - 1.0))
        risk = against_usual(self.knowledge, p["knowledge_failures"]) * kindness * order
        return Service(shift, risk, against_usual(self.knowledge, p["knowledge_pace"]))

    def counted(
        self, policy: Policy, visits_before: int, p: Mapping[str, float], is_open: bool = True
    ) -> dict[str, int]:
        """Return what is counted as a period opens: parts and states in 2**-20, hires beyond the usual in cents."""
        if not is_open:
            return dict.fromkeys(COUNTS[:9], 0)
        states = (self.knowledge, self.skill, self.emotion, self.morale)
        counts = (*map(whole_steps, (*self.left, *states)), 1, self.hiring(policy, visits_before, p))
        return dict(zip(COUNTS, counts, strict=False))

    def hiring(self, policy: Policy, visits_before: int, p: Mapping[str, float]) -> int:
        """Return what replacing who left costs beyond usual turnover, cents: below 0 where fewer leave."""
        staff = visits_before / p["visits_per_head"]
        each = self.left[0] * policy.hire_cost - p["turnover"] * policy.replacement_cost
        return math.floor(100.0 * staff * each + 0.5)


def develop_all(
    teams: Sequence[Team],
    policies: Sequence[Policy],
    strains: Sequence[float],
    loads: Sequence[float],
    p: Mapping[str, float],
    is_open: Sequence[bool] | None = None,
) -> None:
    """Let the staff of all open firms develop, each firm's pay compared with that of the others; left out = all."""
    there = [j for j in range(len(teams)) if is_open is None or is_open[j]]
    for j, team in enumerate(teams):
        if j not in there:
            team.left = (0.0, 0.0, 0.0)
            continue
        others = [whole_steps(policies[k].pay_premium) for k in there if k != j]
        premium = above_others(whole_steps(policies[j].pay_premium), others)
        team.develop(policies[j], premium, strains[j], loads[j], p)


def strain_of(incident_strain: int, visits: int) -> float:
    """Return the strain of a visit of a period, of which the sum is in 2**-20."""
    return incident_strain / STEPS / visits if visits > 0 else 0.0


def load_of(busy: int, paid: int) -> float:
    """Return time of service / time on duty, 0 if nobody is paid to be there."""
    return busy / paid if paid > 0 else 0.0


def measures(c: Mapping[str, float], year: int) -> dict[str, float]:
    """Return the measures of a firm by its counts over some periods, in their units, and visits."""

    def ratio(part: str, of: str) -> float:
        return c[part] / c[of] if c[of] else math.nan

    return {
        "staff_turnover": ratio("leavers", "staff_periods") * year,
        "pay_exit_share": ratio("left_over_pay", "leavers"),
        "morale_exit_share": ratio("left_over_morale", "leavers"),
        "staff_knowledge": ratio("knowledge_sum", "staff_periods"),
        "staff_skill": ratio("skill_sum", "staff_periods"),
        "staff_emotion": ratio("emotion_sum", "staff_periods"),
        "staff_morale": ratio("morale_sum", "staff_periods"),
        "training_cost": ratio("staff_training", "visits"),
    }
