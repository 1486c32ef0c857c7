"""Recovery: what a firm does about a complaint, and what that restores.   Reads only its own customer.

Claim: amends restore satisfaction by what is given back, by how one is treated and by how soon, and the more of each
the less is missing; they rarely restore all of it. What is given back makes good what was paid for nothing, respect
makes good a lack of respect. A recovered visit may be praised above one on which nothing went wrong: that is said of
the visit, after a first and mild failure, and moves neither trust nor loyalty. A complaint that comes to nothing
disappoints a second time.
Source: ORSINGHER_2010 (order of the three justices in satisfaction with the handling), GELBRICH_ROSCHK_2011 (order in
satisfaction with the firm), DE_MATOS_2007 (the paradox is one of satisfaction alone), SMITH_BOLTON_WAGNER_1999 (amends
that match the failure), KNOX_VAN_OEST_2014 (incomplete offset); sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from abm.core.citations import cite
from abm.core.sources import DE_MATOS_2007, GELBRICH_ROSCHK_2011, ORSINGHER_2010, SMITH_BOLTON_WAGNER_1999
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.mechanisms.sums import Sum
from abm.mechanisms.voice.amends import add_amends_cost, add_said_more, count_amends, handle_complaints, make_amends
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

_NO_COMPLAINTS = "nobody complained"


@kpi(unit="share", better="more", nan=_NO_COMPLAINTS)
def recovery_rate(c: Tallied) -> FloatArray:
    """Complaints whose handling was found good / complaints."""
    return c.recoveries / c.handled


@kpi(unit="share", better="less", nan=_NO_COMPLAINTS)
def double_deviation_share(c: Tallied) -> FloatArray:
    """Complaints whose handling failed, a second disappointment / complaints."""
    return c.failed_recoveries / c.handled


@kpi(unit="share", better="more", nan=_NO_COMPLAINTS)
def answered_in_time_share(c: Tallied) -> FloatArray:
    """Complaints answered within `answer_due` days / complaints."""
    return c.answered_in_time / c.handled


@kpi(unit="share", better="more", nan=_NO_COMPLAINTS)
def solved_in_time_share(c: Tallied) -> FloatArray:
    """Complaints solved within `solution_due` days / complaints."""
    return c.solved_in_time / c.handled


@kpi(unit="0-1", nan="no complaint was recovered, or no visit went well")
def recovered_gap(c: Tallied) -> FloatArray:
    """Mean satisfaction stated of recovered visits, less that of visits on which nothing went wrong."""
    return c.said_recovered / c.recoveries - c.said_undisturbed / c.undisturbed


@kpi(unit="0-1", nan="nobody was recovered very well after a first and mild failure", source="DE_MATOS_2007 (paradox)")
def paradox_gap(c: Tallied) -> FloatArray:
    """Mean satisfaction stated after a very good recovery of a first and mild failure, less that of visits on which
    nothing went wrong."""
    return c.said_delighted / c.delighted_recoveries - c.said_undisturbed / c.undisturbed


class RecoveryPolicy(Policy):
    """What a firm does about a complaint, and what that costs."""

    name = "recovery"
    given: ClassVar = {
        "empathy_scale": "what an hour of staff costs is given to a firm",
        "speed_scale": "what an hour of staff costs is given to a firm",
    }
    compensation: float = param(
        0.0, unit="share of basket", bounds=(0, 2), evidence="assumed", doc="given back to who complains"
    )
    empathy: float = param(0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="how well complaints are heard")
    answer_speed: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="how soon a complaint is answered: part of `slowest_answer` that is saved",
    )  # fmt: skip
    solution_speed: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="how soon it is solved: part of `slowest_solution` that is saved",
    )  # fmt: skip
    slowest_answer: float = param(
        7.0, unit="days", bounds=(0.01, 1e4), evidence="assumed", doc="mean time to an answer without any effort"
    )
    slowest_solution: float = param(
        21.0, unit="days", bounds=(0.01, 1e4), evidence="assumed", doc="mean time to a solution without any effort"
    )
    empathy_scale: float = param(
        1.0, unit="cu/complaint", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - empathy), its cost"
    )
    speed_scale: float = param(
        1.0, unit="cu/complaint", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - speed), for either speed"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return mean days, and what handling costs: each further step costs more than the one before."""
        quick = math.log1p(-self.answer_speed) + math.log1p(-self.solution_speed)
        return {
            "answer_mean": (NUMBER, self.slowest_answer * (1.0 - self.answer_speed)),
            "solution_mean": (NUMBER, self.slowest_solution * (1.0 - self.solution_speed)),
            "amends_effort": (CENTS, -self.empathy_scale * math.log1p(-self.empathy) - self.speed_scale * quick),
        }


class Recovery(Mechanism):
    """Amends for complaints."""

    name = "recovery"
    serves = ("C1", "C2", "C4", "C9")
    policy = RecoveryPolicy
    needs = ("complaint",)
    owns = (
        Column("delighted_amends", ("visit",), 0, "bool", "very good handling of a first and mild failure", "uint8"),
        Column("amends_part", ("visit",), 0, "0-1", "justice done: part of what is missing that amends restore"),
        Column("amends_shift", ("visit",), 0, "shift of 0-1", "what is said of the visit and not felt about the firm"),
        Column("visit_amends", ("visit",), 0, "cents", "what amends cost on the visit", "int64"),
        Column("answer_days", ("visit",), 0, "days", "until a complaint is answered"),
        Column("solution_days", ("visit",), 0, "days", "until a complaint is solved"),
        Column("grievances_before", ("firm", "customer"), 0, "number", "grievances with the firm, to 255", "uint8"),
    )
    sums = (Sum("handling_time", ("visit",), 1.0, "ratio", "factor on the days that handling takes", Phase.VOICE),)
    writes = ("transaction", "handling", "handling_justice")
    counts = (
        Tally("handled", "complaints", "complaints that were handled"),
        Tally("recoveries", "complaints", "of these, whose handling was found good"),
        Tally("failed_recoveries", "complaints", "of those handled, whose handling failed"),
        Tally("answered_in_time", "complaints", "of those handled, answered when it was due"),
        Tally("solved_in_time", "complaints", "of those handled, solved when it was due"),
        Tally("amends_cost", "cu", "given back, and spent on handling complaints", CENT, account="lever"),
        Tally("said_recovered", "0-1", "satisfaction stated of recovered visits", 1 / FIXED_POINT),
        Tally("delighted_recoveries", "complaints", "of those handled, very well after a first and mild failure"),
        Tally("said_delighted", "0-1", "satisfaction stated of those visits", 1 / FIXED_POINT),
        Tally("said_undisturbed", "0-1", "satisfaction stated of visits on which nothing was wrong", 1 / FIXED_POINT),
        Tally("undisturbed", "visits", "visits on which nothing was wrong"),
    )
    kpis = (
        recovery_rate,
        double_deviation_share,
        answered_in_time_share,
        solved_in_time_share,
        recovered_gap,
        paradox_gap,
    )
    distributive: float = param(
        0.38, unit="share", bounds=(0, 1), evidence="assumed", source=cite(GELBRICH_ROSCHK_2011, "abstract: order"),
        doc="part of what is missing that giving back restores",
    )  # fmt: skip
    interactional: float = param(
        0.42, unit="share", bounds=(0, 1), evidence="assumed", source=cite(GELBRICH_ROSCHK_2011, "abstract: order"),
        doc="part that full empathy restores",
    )  # fmt: skip
    procedural: float = param(
        0.20, unit="share", bounds=(0, 1), evidence="assumed", source=cite(GELBRICH_ROSCHK_2011, "abstract: order"),
        doc="part that a solution without delay restores",
    )  # fmt: skip
    answer_distributive: float = param(
        0.45, unit="share", bounds=(0, 1), evidence="assumed", source=cite(ORSINGHER_2010, "abstract: order"),
        doc="weight of giving back in what is said of the handling",
    )  # fmt: skip
    answer_interactional: float = param(
        0.40, unit="share", bounds=(0, 1), evidence="assumed", source=cite(ORSINGHER_2010, "abstract: order"),
        doc="weight of empathy in what is said of the handling",
    )  # fmt: skip
    answer_procedural: float = param(
        0.15, unit="share", bounds=(0, 1), evidence="assumed", source=cite(ORSINGHER_2010, "abstract: order"),
        doc="weight of time in what is said of the handling",
    )  # fmt: skip
    matching: float = param(
        0.25, unit="share", bounds=(0, 1), evidence="assumed",
        source=cite(SMITH_BOLTON_WAGNER_1999, "matching"),
        doc="part of the lesser weight that goes over to the justice that fits the cause",
    )  # fmt: skip
    full_compensation: float = param(
        2.0, unit="share of basket", bounds=(0.01, 100), evidence="assumed",
        doc="what makes good a visit that lacked everything; less is due where less is missing",
    )  # fmt: skip
    days_scale: float = param(
        7.0, unit="days", bounds=(0.01, 1e4), evidence="assumed", doc="time in which a delay costs most of its justice"
    )
    answer_due: float = param(
        3.0,
        unit="days",
        bounds=(0, 1e4),
        evidence="assumed",
        doc="time within which an answer is due",
    )
    late_part: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="what is left of justice in time after a late answer"
    )
    solution_due: float = param(
        7.0, unit="days", bounds=(0, 1e4), evidence="assumed", doc="time for a solution, for counting"
    )
    recovered_from: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="justice said of a handling that is found good"
    )
    failed_below: float = param(
        0.2, unit="0-1", bounds=(0.001, 1), evidence="assumed", doc="justice said of a handling that has failed"
    )
    second_disappointment: float = param(
        0.25,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="satisfaction that the worst handling takes",
    )
    paradox: float = param(
        0.10, unit="0-1", bounds=(0, 1), evidence="assumed", source=cite(DE_MATOS_2007, "abstract: satisfaction only"),
        doc="added to what is said of a visit after a very good recovery of a first, mild failure",
    )  # fmt: skip
    delighted_from: float = param(
        0.8, unit="0-1", bounds=(0, 1), evidence="assumed", doc="justice said of a very good recovery"
    )
    mild_below: float = param(
        0.4, unit="0-1", bounds=(0, 1), evidence="assumed", doc="severity below which a failure is mild"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the amends, what is said of them, and their cost; nothing if no firm acts and none disappoints."""
        acts = any(p.compensation + p.empathy + p.answer_speed + p.solution_speed > 0 for p in policies)
        if not acts and self.second_disappointment == 0.0:
            return ()
        kernels = (handle_complaints, make_amends, add_said_more, count_amends)
        made = tuple((Phase.RECOVERY, kernel) for kernel in kernels)
        return (*made, (Phase.RELATION, add_amends_cost))
