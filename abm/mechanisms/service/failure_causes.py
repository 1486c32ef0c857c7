"""Failure causes: what goes wrong has a cause, and each cause is prevented at a cost of its own.   Uses no neighbours.

Claim: customers complain of the service itself, of how they are treated, of what they are charged and of what they are
told; care taken of one kind of failure does nothing about the others.
Source: KEAVENEY_1995 (classes of critical incidents: abstract); how failures are divided is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.world.columns import CENT, Column, Tally
from abm.world.visits import ATTITUDE, CORE, FAILURES, INFORMATION, NO_FAILURE, PREVENTABLE, PRICE


@equation
def still_failing(part, care, repair):
    """Return what is left of a cause's part of failures after care and repair."""
    return part * (1.0 - care) * (1.0 - repair)


@equation
def prevented_part(part, care, repair):
    """Return what care and repair prevent of a cause's part of failures: 0 exactly without either."""
    return part * (1.0 - (1.0 - care) * (1.0 - repair))


@kernel
def leave_out_prevented(
    failure_risk, visit_count, visit_firm, core_part, attitude_part, price_part, information_part, core_care,
    attitude_care, price_care, information_care, repaired,
):  # fmt: skip
    """Multiply the risk of a failure by 1 less what care and repair prevent.  failure_risk (visits,)  [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        prevented = prevented_part(core_part[j], core_care[j], repaired[0, j])
        prevented += prevented_part(attitude_part[j], attitude_care[j], repaired[1, j])
        prevented += prevented_part(price_part[j], price_care[j], repaired[2, j])
        prevented += prevented_part(information_part[j], information_care[j], repaired[3, j])
        failure_risk[v] *= max(np.float32(0.0), 1.0 - prevented)


@kernel
def name_causes(
    failure_cause, visit_count, visit_customer, visit_nth, visit_firm, customer_id, core_part, attitude_part,
    price_part, information_part, core_care, attitude_care, price_care, information_care, repaired, failures_by_cause,
    key, replication, t,
):  # fmt: skip
    """Give each failure its cause, in proportion to what is left of each (draw 0, block nth, word 0).

    The uniform falls into the parts cumulated in the order core, attitude, price, information.

    failure_cause (visits,)  code  [written]      failures_by_cause (cause, firms)  tally [written]
    """
    for v in range(visit_count[0]):
        if failure_cause[v] != NO_FAILURE:
            i, j = visit_customer[v], visit_firm[v]
            core = still_failing(core_part[j], core_care[j], repaired[0, j])
            attitude = core + still_failing(attitude_part[j], attitude_care[j], repaired[1, j])
            price = attitude + still_failing(price_part[j], price_care[j], repaired[2, j])
            every = price + still_failing(information_part[j], information_care[j], repaired[3, j])
            at = uniform4(key, customer_id[i], t, visit_nth[v], replication)[0] * every
            cause = PRICE if at < price else INFORMATION
            cause = ATTITUDE if at < attitude else cause
            failure_cause[v] = CORE if at < core else cause
            failures_by_cause[failure_cause[v], j] += 1


@kernel(per="share")
def book_care(visits, care_cost, care):
    """Book what care costs on the period's visits, in 1/100 cent.  care  tally [written]"""
    for j in range(care_cost.shape[0]):
        care[j] += visits[j] * care_cost[j]


class FailureCausesPolicy(Policy):
    """What goes wrong at a firm, and what it does to prevent it."""

    name = "failure_causes"
    held: ClassVar = {"care_scale": None}
    given: ClassVar = {
        "attitude_part": "what goes wrong is given to a kind of service",
        "price_part": "what goes wrong is given to a kind of service",
        "information_part": "what goes wrong is given to a kind of service",
        "care_scale": "what an hour of staff costs is given to a firm",
    }
    attitude_part: float = param(
        0.35, unit="share", bounds=(0, 1), evidence="assumed", doc="failures that are of how visitors are treated"
    )
    price_part: float = param(
        0.15, unit="share", bounds=(0, 1), evidence="assumed", doc="failures that are of what visitors are charged"
    )
    information_part: float = param(
        0.10, unit="share", bounds=(0, 1), evidence="assumed",
        doc="failures that are of what visitors are told; the rest of failures is of the core service",
    )  # fmt: skip
    core_care: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of failures of the core that is prevented"
    )
    attitude_care: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of failures of attitude that is prevented"
    )
    price_care: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of wrong charges that is prevented"
    )
    information_care: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of wrong information that is prevented"
    )
    care_scale: float = param(
        0.25, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - care) of each cause"
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        parts = self.attitude_part + self.price_part + self.information_part
        if parts > 1.0:
            raise Refusal(
                f"attitude_part, price_part and information_part add up to {parts:g}; together they are 1 or less"
            )
        return self

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return the part of the core, and what care costs a visit, in 1/100 cent."""
        cares = (self.core_care, self.attitude_care, self.price_care, self.information_care)
        cost = -self.care_scale * sum(math.log1p(-care) for care in cares)
        core = 1.0 - self.attitude_part - self.price_part - self.information_part
        return {"core_part": (NUMBER, max(0.0, core)), "care_cost": (CENTS, 100.0 * cost)}


class FailureCauses(Mechanism):
    """Why visits fail, and care that prevents it."""

    name = "failure_causes"
    policy = FailureCausesPolicy
    owns = (Column("repaired", ("cause_cared_for", "firm"), 0, "0-1", "part of a cause's failures that is repaired"),)
    writes = ("failure_cause",)
    counts = (
        Tally("failures_by_cause", "visits", "visits on which something went wrong, by cause", axes=("cause",)),
        Tally("care", "cu", "cost of preventing failures", CENT / 100, account="lever"),
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the risk that is left, the causes, and the cost of care if there is any."""
        cares = any(p.core_care + p.attitude_care + p.price_care + p.information_care > 0 for p in policies)
        books = ((Phase.BOOKS, book_care),) if cares else ()
        return ((Phase.DELIVERY, leave_out_prevented), (Phase.ENCOUNTER, name_causes), *books)

    def axes(self) -> dict[str, int]:
        """Return how many causes there are, and how many of them firms can do something about."""
        return {"cause": len(FAILURES), "cause_cared_for": len(PREVENTABLE)}
