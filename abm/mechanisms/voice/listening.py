"""Listening: a firm repairs what it hears of, and each way of listening hears something else.   Acts at dates.

Claim: complaints are information, and silence hides causes: what nobody tells is not repaired. Ways of listening to
customers differ in which failures they hear of, how soon, and at what cost; what was repaired comes loose again.
Source: FORNELL_WERNERFELT_1987 (complaints are worth having); what each way hears is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.kernels import kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.visits import CORE, PREVENTABLE
from abm.world.world import World

WAYS = (
    "focus_groups", "manager_visits", "staff_visits", "questionnaires", "after_sale_calls", "front_line",
    "complaint_records", "customer_meetings",
)  # fmt: skip
_RECORDS = WAYS.index("complaint_records")
_OF_CAUSES = slice(int(CORE), int(CORE) + len(PREVENTABLE))  # places of these causes among codes of failures


def heard_part(
    intensities: np.ndarray, ears: np.ndarray, delays: np.ndarray, voiced: np.ndarray, since: np.ndarray
) -> np.ndarray:
    """Return the part of each cause's failures of which a firm hears in one way or another: (causes,) float64.

    intensities : (ways,)  0-1      ears : (ways, causes)  part of failures heard of at full intensity
    delays      : (ways,)  periods until it is known      voiced : (causes,)  part of grievances complained about
    since       : (ways,)  periods for which each way has been in use; it hears nothing before these reach its delay

    1 - prod over ways (1 - intensity * ear); complaint records hear what is voiced.
    """
    heard = np.array(ears, np.float64)
    heard[_RECORDS] *= voiced
    awake = np.where(since >= delays, intensities, 0.0)
    return 1.0 - np.prod(1.0 - awake[:, None] * heard, axis=0)


def repaired_after(repaired: np.ndarray, heard: np.ndarray, effort: float, rate: float, relapse: float) -> np.ndarray:
    """Return the repaired part of each cause after a review: some comes loose, and what is heard of is worked on.

    kept = (1 - relapse) repaired; then kept + rate effort heard (1 - kept).
    """
    kept = (1.0 - relapse) * repaired
    return kept + rate * effort * heard * (1.0 - kept)


@kernel(per="share")
def book_listening(visits, listening_expense, listened):
    """Book what listening and repairing cost, in 1/100 cent.  listened  tally [written]"""
    for j in range(listening_expense.shape[0]):
        listened[j] += visits[j] * listening_expense[j]


@kpi(unit="share", better="more", nan="nothing was reviewed, or nothing failed")
def heard_share(c: Tallied) -> FloatArray:
    """Failures of which the firm has heard / failures, both as at its reviews."""
    return c.heard_failures / c.reviewed_failures


@kpi(unit="share", better="more", nan="nothing was reviewed, or nothing failed")
def repaired_share(c: Tallied) -> FloatArray:
    """Part of causes that is repaired, by the failures there were of each, as at its reviews."""
    return c.repaired_failures / c.reviewed_failures


_PRICES = (0.30, 0.20, 0.15, 0.12, 0.20, 0.08, 0.05, 0.15)


class ListeningPolicy(Policy):
    """How a firm listens to customers, and what it does about what it hears."""

    name = "listening"
    held: ClassVar = {"way_costs": None}
    given: ClassVar = {
        "way_costs": "what people's time costs is given to a firm",
        "repair_cost": "what people's time costs is given to a firm",
    }
    focus_groups: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="intensity of focus groups and recordings of them"
    )
    manager_visits: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="intensity of visits by managers themselves"
    )
    staff_visits: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="intensity of visits by staff"
    )
    questionnaires: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="intensity of questionnaires"
    )
    after_sale_calls: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="intensity of calls after the sale"
    )
    front_line: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="intensity of asking those who serve"
    )
    complaint_records: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of complaints that is recorded and read"
    )
    customer_meetings: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="intensity of meetings of customers"
    )
    repair_effort: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="effort to repair causes that are heard of"
    )
    way_costs: tuple[float, ...] = param(
        _PRICES, unit="cu/visit", bounds=(0, 1e4), evidence="assumed",
        doc="scale of -ln(1 - intensity) of each way of listening, in the order in which they stand here",
    )  # fmt: skip
    repair_cost: float = param(
        0.5, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - repair_effort)"
    )

    @property
    def intensities(self) -> tuple[float, ...]:
        """Intensity of each way of listening, in the order of WAYS."""
        return tuple(getattr(self, way) for way in WAYS)

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what listening and repairing cost a visit, in 1/100 cent: each further step costs more."""
        cost = sum(-price * math.log1p(-x) for price, x in zip(self.way_costs, self.intensities, strict=True))
        return {"listening_expense": (CENTS, 100.0 * (cost - self.repair_cost * math.log1p(-self.repair_effort)))}


class Listening(Mechanism):
    """What firms hear of failures, and repair of their causes.

    `ears` are by way of listening and then by cause (core, attitude, price, information); the ways in their order:
    focus groups, visits by managers, visits by staff, questionnaires, calls after the sale, front line, records of
    complaints, meetings of customers. Of complaints the records hear what is voiced, whatever the cause.
    """

    name = "listening"
    serves = ("C10", "C12")
    policy = ListeningPolicy
    needs = ("complaint", "failure_causes")
    owns = (
        Column("listening_since", ("way", "firm"), -1, "period", "since when a way is in use, -1 = it is not", "int32"),
    )
    writes = ("repaired",)
    counts = (
        Tally("reviewed_failures", "visits", "failures that were reviewed", 1 / FIXED_POINT),
        Tally("heard_failures", "visits", "of these, of which the firm had heard", 1 / FIXED_POINT),
        Tally("repaired_failures", "visits", "the same, times the part of their cause repaired", 1 / FIXED_POINT),
        Tally("listened", "cu", "cost of listening to customers and of repairs", CENT / 100, account="lever"),
    )
    kpis = (heard_share, repaired_share)
    review_every: int = param(
        4, unit="periods", bounds=(1, 1000), evidence="assumed", doc="time between two reviews of what was heard"
    )
    repair_rate: float = param(
        0.25, unit="1/review", bounds=(0, 1), evidence="assumed", doc="part of a cause that is repaired at full effort"
    )
    relapse: float = param(
        0.06, unit="1/review", bounds=(0, 1), evidence="assumed", doc="part of what is repaired that comes loose again"
    )
    ears: tuple[float, ...] = param(
        (
            0.10, 0.10, 0.15, 0.20,
            0.15, 0.20, 0.05, 0.05,
            0.25, 0.15, 0.10, 0.10,
            0.30, 0.30, 0.20, 0.15,
            0.35, 0.25, 0.20, 0.25,
            0.40, 0.05, 0.15, 0.10,
            1.00, 1.00, 1.00, 1.00,
            0.15, 0.10, 0.20, 0.20,
        ),
        unit="share", bounds=(0, 1), evidence="assumed", doc="failures of a cause that a way hears of, by both",
    )  # fmt: skip
    delays: tuple[float, ...] = param(
        (8, 2, 2, 4, 1, 0, 1, 12), unit="periods", bounds=(0, 1000), evidence="assumed",
        doc="time until what a way hears is known, by way",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the reviews and the cost, if any firm listens or repairs."""
        if not any(policy.repair_effort > 0 or any(policy.intensities) for policy in policies):
            return ()
        return ((Phase.OPENING, AtDates(self.review, self.review_every)), (Phase.BOOKS, book_listening))

    def axes(self) -> dict[str, int]:
        """Return how many ways of listening there are."""
        return {"way": len(WAYS)}

    def review(self, world: World, t: int) -> None:
        """Hear of the failures since the review before, and repair their causes; first in period `review_every`.

        A way that is in use has been so since the review before the one that finds it.
        """
        if t < self.review_every:
            return
        window = world.history[t - self.review_every : t]
        failed, grieved, voiced = (
            world.layout.part(window, name).sum(axis=0)[_OF_CAUSES].astype(np.float64)
            for name in ("failures_by_cause", "grievances", "complaints")
        )
        share = np.divide(voiced, grieved, out=np.zeros_like(voiced), where=grieved > 0)
        ears = np.reshape(np.array(self.ears), (len(WAYS), len(PREVENTABLE)))
        repaired, heard = world.customers.repaired, np.zeros((len(PREVENTABLE), world.m))
        for j in range(world.m):
            intensities = np.array([world.firms[way][j] for way in WAYS], np.float64)
            begun = world.customers.listening_since[:, j]
            begun[intensities == 0.0] = -1
            begun[(intensities > 0.0) & (begun < 0)] = t - self.review_every
            since = np.where(begun >= 0, t - begun, -1)
            heard[:, j] = heard_part(intensities, ears, np.array(self.delays), share[:, j], since)
            effort = float(world.firms.repair_effort[j])
            before = repaired[:, j].astype(np.float64)
            repaired[:, j] = repaired_after(before, heard[:, j], effort, self.repair_rate, self.relapse)
        failures = failed[:, : world.m]
        for name, part in (("reviewed", 1.0), ("heard", heard), ("repaired", repaired)):
            counted = np.floor(FIXED_POINT * (failures * part).sum(axis=0) + 0.5)
            world.count_of_firms(f"{name}_failures", counted.astype(np.int64))
