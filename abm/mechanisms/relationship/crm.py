"""Customer relationship management as capabilities: operational, analytical, collaborative.   No neighbours.

Where this section is there, a firm cannot do without a module what the module is for: identify customers without the
operational one (records of sales and service), choose targets by scores or make offers of one's own without the
analytical one, share records between channels without the collaborative one. Where it is absent, all of that is had
for what each costs by itself.
Claim: a system that has been bought is used little by little and, without training, by a part of the staff only; and
analysis and sharing are worth as much as the records that they stand on. So the module that a firm can do without least
is the operational one, and what the others bring comes late.
Source: three parts of CRM as textbooks divide it (from memory); forms and sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.functions import in_steps
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

MODULES = ("operational", "analytical", "collaborative")
_OPERATIONAL, _ANALYTICAL, _COLLABORATIVE = range(len(MODULES))
_BY_SCORE = ("risk", "value_risk", "uplift")  # ways of choosing targets that take analysis


@equation
def use_after(use, has, training, basic_use, use_rate):
    """Return how far staff use a module after a period: `use_rate` of the way to its reach; without it 0.

    Reach: basic_use + (1 - basic_use) training.
    """
    reach = basic_use + (1.0 - basic_use) * training
    return use + use_rate * (reach - use) if has > 0 else np.float32(0.0)


@equation
def saved(service_cost, staff_saved, use):
    """Return what records save on the visit of a known customer, in whole cents, rounded half up."""
    return np.int64(np.floor(np.float32(service_cost) * (staff_saved * use) + 0.5))


@kernel(per="market")
def use_modules(
    module_use, context_use, profile_use, operational, analytical, collaborative, crm_training, basic_use, use_rate,
    modules_owned, module_use_sum,
):  # fmt: skip
    """Let staff come to use the modules that a firm has: `use_after`, firm by firm, before anything else of the period.

    What channels share is used as far as the lesser of operational and collaborative use, what is known of each
    customer as far as the lesser of operational and analytical use. Modules are counted, with their use in whole 2^-20,
    rounded down.

    module_use (3, m), context_use, profile_use (m,)  0-1  [written]
    modules_owned, module_use_sum  tallies [written]
    """
    for j in range(operational.shape[0]):
        for k in range(module_use.shape[0]):
            has = operational[j] if k == _OPERATIONAL else (analytical[j] if k == _ANALYTICAL else collaborative[j])
            module_use[k, j] = use_after(module_use[k, j], has, crm_training[j], basic_use, use_rate)
            modules_owned[j] += 1 if has > 0 else 0
            module_use_sum[j] += in_steps(module_use[k, j])
        context_use[j] = min(module_use[_OPERATIONAL, j], module_use[_COLLABORATIVE, j])
        profile_use[j] = min(module_use[_OPERATIONAL, j], module_use[_ANALYTICAL, j])


@kernel
def take_off_saved(visit_cost, visit_count, visit_firm, visit_pair, known_at, module_use, service_cost, staff_saved):
    """Take off what records save with known visitors: `saved` by operational use.  visit_cost (visits,)  [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if known_at[visit_pair[v]] > 0:
            visit_cost[v] -= saved(service_cost[j], staff_saved, module_use[_OPERATIONAL, j])


@kernel
def book_saved(visit_count, visit_firm, visit_pair, known_at, module_use, service_cost, staff_saved, records_saved):
    """Book the same, below 0.  records_saved  tally [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if known_at[visit_pair[v]] > 0:
            records_saved[j] -= saved(service_cost[j], staff_saved, module_use[_OPERATIONAL, j])


@kernel(per="share")
def book_crm(crm_spend, crm_expense, lo, hi):
    """Book what modules and training cost, per customer of the market.  crm_spend  tally, in 1/1000 cent  [written]"""
    for j in range(crm_expense.shape[0]):
        crm_spend[j] += crm_expense[j] * (np.int64(hi) - np.int64(lo))


@kpi(unit="0-1", better="more", nan="the firm has no module")
def crm_use(c: Tallied) -> FloatArray:
    """How far staff use the modules that the firm has, mean over modules and periods."""
    return c.module_use_sum / c.modules_owned


class CrmPolicy(Policy):
    """Which modules of customer relationship management a firm has, and how well its staff are trained to use them."""

    name = "crm"
    held: ClassVar = {"module_costs": None}
    given: ClassVar = {
        "module_costs": "what systems cost is given to a firm",
        "crm_training_cost": "what an hour of staff costs is given to a firm",
    }
    operational: bool = param(
        False, unit="yes or no", evidence="assumed", doc="records of sales and service, needed to identify customers"
    )
    analytical: bool = param(
        False, unit="yes or no", evidence="assumed", doc="analysis, needed for scores and for offers of one's own"
    )
    collaborative: bool = param(
        False, unit="yes or no", evidence="assumed", doc="exchange, needed to share records between channels"
    )
    crm_training: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="part of the staff who would not use modules that training wins over",
    )  # fmt: skip
    module_costs: tuple[float, ...] = param(
        (5.0, 5.0, 3.0), unit="cu/1,000 customers/period", bounds=(0, 1e6), evidence="assumed",
        doc=f"fixed cost of a module, by size of the market: {', '.join(MODULES)}",
    )  # fmt: skip
    crm_training_cost: float = param(
        1.5, unit="cu/1,000 customers/period", bounds=(0, 1e6), evidence="assumed",
        doc="scale of -ln(1 - crm_training), its cost for each module",
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        if len(self.module_costs) != len(MODULES):
            raise Refusal(f"module_costs has {len(self.module_costs)} entries; give 3: {', '.join(MODULES)}")
        return self

    @property
    def has(self) -> tuple[bool, ...]:
        """Whether it has each module."""
        return self.operational, self.analytical, self.collaborative

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what modules and training cost a period, by 1,000 customers of the market."""
        training = -self.crm_training_cost * math.log1p(-self.crm_training)
        cost = sum(price + training for price, there in zip(self.module_costs, self.has, strict=True) if there)
        return {"crm_expense": (CENTS, cost)}


class Crm(Mechanism):
    """Modules of customer relationship management: what a firm cannot do without them, and how they come into use."""

    name = "crm"
    serves = ("E18",)
    needs = ("information", "channels", "personalisation")
    policy = CrmPolicy
    owns = (Column("module_use", ("module", "firm"), 0, "0-1", f"how far staff use each module: {', '.join(MODULES)}"),)
    writes = ("context_use", "profile_use")
    counts = (
        Tally("modules_owned", "modules", "modules that the firm has"),
        Tally("module_use_sum", "0-1", "sum over modules of how far they are used", 1 / FIXED_POINT),
        Tally("records_saved", "cu", "cost of service that records save, below 0", CENT, account="lever"),
        Tally("crm_spend", "cu", "cost of modules and training", CENT / 1000, account="lever"),
    )
    kpis = (crm_use,)
    basic_use: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="how far staff come to use a module without training"
    )
    use_rate: float = param(
        0.05, unit="1/period", bounds=(0, 1), evidence="assumed", doc="part of the way to that in a period"
    )
    staff_saved: float = param(
        0.02, unit="share", bounds=(0, 0.5), evidence="assumed",
        doc="cost of serving a known customer that records save if all staff use them",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where no firm has a module; else how they come into use, what they save and cost."""
        if not any(any(policy.has) for policy in policies):
            return ()
        served = any(policy.operational for policy in policies) and self.staff_saved > 0
        less = ((Phase.RELATION, take_off_saved), (Phase.RELATION, book_saved)) if served else ()
        return ((Phase.OPENING, use_modules), *less, (Phase.BOOKS, book_crm))

    def axes(self) -> Mapping[str, int]:
        """Return how many modules there are."""
        return {"module": len(MODULES)}

    def fits(self, market: Any) -> None:
        """Refuse what a firm sets without the module that it takes."""
        for firm in market.firms:
            policy = firm.policy(CrmPolicy)
            for module, there, lever in zip(MODULES, policy.has, _needing(firm), strict=True):
                if lever and not there:
                    raise Refusal(
                        f"firm {firm.name!r} sets {lever}, which takes the {module} module where the market has crm; "
                        f"give it crm.{module} = true, or leave out the section [scenario.crm]"
                    )


def _needing(firm: Any) -> tuple[str, str, str]:
    """Return a lever that a firm has set for which it needs each module; "" = none."""
    steps = {name: getattr(firm.personalisation, name) for name in ("differentiation", "customisation")}
    analysed = [f"personalisation.{name}" for name, value in steps.items() if value > 0]
    if firm.save.save_rate > 0 and firm.save.targeting in _BY_SCORE:
        analysed.append(f"save.targeting = {firm.save.targeting!r}")
    shares = firm.channels.shared_records > 0
    return (
        "information.data_coverage" if firm.information.data_coverage > 0 else "",
        analysed[0] if analysed else "",
        "channels.shared_records" if shares else "",
    )
