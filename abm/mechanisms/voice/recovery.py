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

import numpy as np

from abm.core.citations import cite
from abm.core.distributions import exponential_quantile
from abm.core.functions import exp32, in_steps, unit
from abm.core.kernels import equation, kernel
from abm.core.sources import DE_MATOS_2007, GELBRICH_ROSCHK_2011, ORSINGHER_2010, SMITH_BOLTON_WAGNER_1999
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.mechanisms.sums import Sum
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.complaints import FAILED, GOOD, MIDDLING, NO_COMPLAINT
from abm.world.visits import ATTITUDE, NO_FAILURE, PRICE

_NOTHING = np.float32(1e-3)  # of satisfaction: below it nothing is missing that could be given back


@equation
def distributive_justice(compensation, gap, full_compensation):
    """Return how much of what is missing was given back: all of it from `full_compensation * gap` of the basket on."""
    return min(np.float32(1.0), compensation / (full_compensation * max(gap, _NOTHING)))


@equation
def procedural_justice(answer_days, solution_days, answer_due, days_scale):
    """Return how well the complaint was dealt with in time: e^(-days / scale), half of it after a late answer."""
    late = np.float32(0.5) if answer_days > answer_due else np.float32(1.0)
    return late * exp32(-solution_days / days_scale)


@equation
def justice(distributive, interactional, procedural, d_weight, i_weight, p_weight, matching, cause):
    """Return the part of what is missing that amends restore, 0-1.

    A part `matching` of the lesser of the weights of giving back and treatment goes over to the one that fits the
    cause: to treatment after a failure of attitude, to giving back after one of price.
    """
    moved = matching * min(d_weight, i_weight)
    shifted = -moved if cause == ATTITUDE else (moved if cause == PRICE else np.float32(0.0))
    return unit((d_weight + shifted) * distributive + (i_weight - shifted) * interactional + p_weight * procedural)


@equation
def said_more(part, answer, gap, paradox_size, delighted):
    """Return by how much satisfaction with the visit, when asked for, differs from what amends restored.

    part, answer : justice as it restores satisfaction with the firm, and as it is said of the handling
    delighted    : whether the handling was very good, after a first and mild failure
    """
    return (answer - part) * gap + (paradox_size if delighted else np.float32(0.0))


@kernel
def handle_complaints(
    handling, handling_justice, amends_part, answer_days, solution_days, grievance, visit_count, visit_customer,
    visit_nth, visit_firm, visit_pair, transaction, expectation_at, handling_time, customer_id, compensation, empathy,
    answer_mean, solution_mean, distributive, interactional, procedural, answer_distributive, answer_interactional,
    answer_procedural, matching, full_compensation, answer_due, days_scale, recovered_from, failed_below, key,
    replication, t,
):  # fmt: skip
    """Handle each complaint: how long it takes, and which justice is done.

    The days to the first answer and to the solution are exponential, -mean ln(1 - u), with means `handling_time` times
    `answer_mean` and `solution_mean` (draw 0, block nth, words 0 and 1), the solution not before the answer; 0 without
    a complaint. What is missing is `gap = max(expectation - transaction, 0)`. Justice has the weights `distributive`,
    `interactional`, `procedural` for what it restores, and the weights `answer_…` for what is said of the handling: it
    is good from `recovered_from` on, and has failed below `failed_below`.

    handling (visits,)  code, handling_justice, amends_part (visits,)  0-1; said, restored  [written]
    answer_days, solution_days (visits,)  [written]
    """
    for v in range(visit_count[0]):
        answer_days[v] = 0.0
        solution_days[v] = 0.0
        amends_part[v] = 0.0
        if handling[v] != NO_COMPLAINT:
            j, cause = visit_firm[v], grievance[v]
            a, b, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
            answer_days[v] = exponential_quantile(a, handling_time[v] * answer_mean[j])
            solution_days[v] = max(answer_days[v], exponential_quantile(b, handling_time[v] * solution_mean[j]))
            gap = max(expectation_at[visit_pair[v]] - transaction[v], np.float32(0.0))
            given = distributive_justice(compensation[j], gap, full_compensation)
            in_time = procedural_justice(answer_days[v], solution_days[v], answer_due, days_scale)
            said = justice(
                given, empathy[j], in_time, answer_distributive, answer_interactional, answer_procedural, matching,
                cause,
            )  # fmt: skip
            amends_part[v] = justice(
                given, empathy[j], in_time, distributive, interactional, procedural, matching, cause
            )  # fmt: skip
            handling_justice[v] = said
            handling[v] = GOOD if said >= recovered_from else (FAILED if said < failed_below else MIDDLING)


@kernel
def make_amends(
    transaction, delighted_amends, amends_shift, visit_amends, grievances_before_at, handling, handling_justice,
    amends_part, grievance, failure_cause, failure_severity, visit_count, visit_customer, visit_firm, visit_pair,
    expectation_at, basket, compensation, amends_effort, failed_below, second_disappointment, paradox, delighted_from,
    mild_below,
):  # fmt: skip
    """Restore the satisfaction of visitors who complained, or disappoint them a second time.

    Justice restores its part of what is missing; a handling that has failed takes `second_disappointment * (1 - justice
    said / failed_below)` of her satisfaction with the visit before amends. What she says of the visit differs by
    `said_more`; a first and mild failure, which a grievance without any is not, is milder than `mild_below`, and her
    first grievance with the firm.

    transaction, amends_shift (visits,)  0-1, delighted_amends (visits,)  bool, visit_amends (visits,)  cents  [written]
    grievances_before_at (pairs,)  at most 255  [written]
    """
    for v in range(visit_count[0]):
        j, pair, before, said = visit_firm[v], visit_pair[v], transaction[v], handling_justice[v]
        delighted_amends[v] = 0
        amends_shift[v] = 0.0
        visit_amends[v] = 0
        if handling[v] != NO_COMPLAINT:
            gap = max(expectation_at[pair] - before, np.float32(0.0))
            lost = max(np.float32(0.0), second_disappointment * (1.0 - said / failed_below)) * before
            mild = failure_cause[v] != NO_FAILURE and failure_severity[v] < mild_below
            delighted = mild and grievances_before_at[pair] == 0 and said >= delighted_from
            delighted_amends[v] = 1 if delighted else 0
            amends_shift[v] = said_more(amends_part[v], said, gap, paradox, delighted)
            transaction[v] = before + amends_part[v] * gap - lost
            paid = np.float64(compensation[j]) * np.float64(basket[visit_customer[v]])
            visit_amends[v] = np.int64(np.float64(100.0) * paid + np.float64(0.5)) + amends_effort[j]
        if grievance[v] != NO_FAILURE:
            grievances_before_at[pair] = min(np.int32(grievances_before_at[pair]) + 1, 255)


@kernel
def add_said_more(answer_shift, amends_shift, visit_count):
    """Add what is said of the visit and not felt about the firm.  answer_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        answer_shift[v] += amends_shift[v]


@kernel
def count_amends(
    visit_count, visit_firm, handling, delighted_amends, failure_cause, grievance, transaction, amends_shift,
    visit_amends, answer_days, solution_days, answer_due, solution_due, handled, recoveries, failed_recoveries,
    delighted_recoveries, answered_in_time, solved_in_time, amends_cost, said_recovered, said_delighted,
    said_undisturbed, undisturbed,
):  # fmt: skip
    """Count what came of complaints, and what is said of recovered visits and of those on which nothing was wrong.

    handled …  tallies [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if handling[v] != NO_COMPLAINT:
            good = handling[v] == GOOD
            handled[j] += 1
            recoveries[j] += 1 if good else 0
            failed_recoveries[j] += 1 if handling[v] == FAILED else 0
            answered_in_time[j] += 1 if answer_days[v] <= answer_due else 0
            solved_in_time[j] += 1 if solution_days[v] <= solution_due else 0
            said = in_steps(unit(transaction[v] + amends_shift[v]))
            said_recovered[j] += said if good else 0
            delighted_recoveries[j] += delighted_amends[v]
            said_delighted[j] += said if delighted_amends[v] > 0 else 0
            amends_cost[j] += visit_amends[v]
        elif failure_cause[v] == NO_FAILURE and grievance[v] == NO_FAILURE:
            said_undisturbed[j] += in_steps(transaction[v])
            undisturbed[j] += 1


@kernel
def add_amends_cost(visit_cost, visit_amends, visit_count):
    """Add what amends cost.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += visit_amends[v]


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
        doc="time for an answer; a late one counts half",
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
