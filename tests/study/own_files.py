"""Python files of theories and measures, as somebody would write them beside a study file."""

HABIT = '''"""What becomes of customers who come back."""

from typing import ClassVar

import numpy as np

import abm
from abm.mechanisms.policy import CENTS, Policy

CEILING = {ceiling}
ASIDE = {aside}


@abm.kernel
def build_habit(habit, visit_count, visit_customer, visit_firm, visit_provider, growth, kept):
    """Raise each stayer's habit, cut each switcher's.  habit (n,)  0-1  [written]"""
    for v in range(visit_count[0]):
        i = visit_customer[v]
        stayed = visit_firm[v] == visit_provider[v]
        habit[i] = min(CEILING, habit[i] + growth) if stayed else kept * habit[i]


@abm.kernel(per="market")
def pay(flower_cost, flower_bill):
    """Book what flowers cost.  flower_bill  tally [written]"""
    for j in range(flower_cost.shape[0]):
        flower_bill[j] += flower_cost[j]


class CourtesyPolicy(Policy):
    """What a firm spends on flowers."""

    name: ClassVar = "courtesy"
    flowers: float = abm.param(0.0, unit="cu/period", bounds=(0, 100), evidence="assumed", doc="spend on flowers")

    def worked_out(self, firm):
        return {{"flower_cost": (CENTS, self.flowers)}}


@abm.kpi(unit="cu", better="less")
def flower_money(c):
    """Spend on flowers."""
    return c.flower_bill


@abm.reading(unit="0-1", better="more")
def mean_habit(world):
    """Mean habit, the same for each firm."""
    return np.full(world.customers.satisfaction.shape[0], world.customers.habit.mean())


class Habit(abm.Mechanism):
    """Inertia grows with every repeat and is lost on switching."""

    name = "habit"
    policy = CourtesyPolicy
    owns: ClassVar = (abm.Column("habit", ("customer",), 0.0, "0-1", "strength of habit"),)
    counts = (abm.Tally("flower_bill", "cu", "spend on flowers", 0.01, account="lever"),)
    kpis = (flower_money,)
    growth: float = abm.param(0.05, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="gain per repeat")
    kept: float = abm.param(0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="of habit, on switching")

    def schedule(self, policies):
        return ((abm.Phase.LEARNING, build_habit), (abm.Phase.BOOKS, pay))
'''

WAITING = '''import time

import abm


class Waiting(abm.Mechanism):
    """Takes its time over every period, which no result shows."""

    name = "waiting"
    seconds: float = abm.param(0.0, unit="s", bounds=(0, 1), evidence="assumed", doc="time that a period takes")

    def schedule(self, policies):
        return ((abm.Phase.OPENING, self.wait),)

    def wait(self, world, t):
        time.sleep(self.seconds)
'''

STUDY = """\
question = "Do flowers pay?"
seed = 3
replications = 3
kpis = ["profit", "mean_habit", "flower_money"]
[scenario]
periods = 60
burn_in = 4
[scenario.population]
customers = 40
[scenario.habit]
growth = 0.1
[[scenario.firms]]
name = "north"
courtesy = { flowers = 3.0 }
[[scenario.firms]]
name = "south"
[arms.none]
[arms.flowers]
"firms.north.courtesy.flowers" = 10.0
"""


def habit(ceiling=1.0, aside=1):
    """Return the file of a theory with a policy, a KPI and a reading; no equation takes `aside`."""
    return HABIT.format(ceiling=ceiling, aside=aside)
