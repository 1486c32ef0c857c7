"""Staff: knowledge, skill, emotional competence and morale of those who serve, and what a firm does for them.

A firm trains its staff, pays them, chooses whom it hires, and says how much of their time is for customers and how much
for reports and control. What it has put into them it loses with those who leave.
Claim: training has diminishing returns, and is forgotten and carried away by turnover; strain from difficult customers
and from too much work burns staff out, the less the better they handle emotions; pay above the market's and morale keep
them. Morale reaches customers through the quality that is delivered, and in no other way.
Source: Brown & Lam 2008, Journal of Retailing (quality carries all of the effect of satisfied staff on customers);
forms and sizes are assumed. Uses no neighbours; one state a firm, at the start of each period.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.mechanisms.service.staff_kernels import (
    USUAL,
    USUAL_CUSTOMER_TIME,
    book_staff,
    count_staff,
    develop_staff,
    look_back,
    serve_as_able,
    serve_at_pace,
    weigh_staff,
)
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

_REASONS = 3  # of leaving that are told apart: any, pay, morale
_NO_STAFF, _NOBODY_LEFT = "the market has no staff", "nobody left, or the market has no staff"


@kpi(unit="1/year", better="less", nan=_NO_STAFF)
def staff_turnover(c: Tallied) -> FloatArray:
    """Part of staff who leave in a period, mean over periods, times the periods of a year."""
    return c.leavers / c.staff_periods * c.year


@kpi(unit="share", better="less", nan=_NOBODY_LEFT)
def pay_exit_share(c: Tallied) -> FloatArray:
    """Staff who would not have left at the market's pay / staff who left: what they say when they leave."""
    return c.left_over_pay / c.leavers


@kpi(unit="share", better="less", nan=_NOBODY_LEFT)
def morale_exit_share(c: Tallied) -> FloatArray:
    """Staff who would not have left at the usual morale / staff who left: what they say when they leave."""
    return c.left_over_morale / c.leavers


@kpi(unit="0-1", better="more", nan=_NO_STAFF)
def staff_knowledge(c: Tallied) -> FloatArray:
    """Knowledge of staff, mean over periods; 0.5 = of those whom nobody trains."""
    return c.knowledge_sum / c.staff_periods


@kpi(unit="0-1", better="more", nan=_NO_STAFF)
def staff_skill(c: Tallied) -> FloatArray:
    """Skill of staff, mean over periods; 0.5 = of those whom nobody trains."""
    return c.skill_sum / c.staff_periods


@kpi(unit="0-1", better="more", nan=_NO_STAFF)
def staff_emotion(c: Tallied) -> FloatArray:
    """Emotional competence of staff, mean over periods; 0.5 = of those whom nobody trains."""
    return c.emotion_sum / c.staff_periods


@kpi(unit="0-1", better="more", nan=_NO_STAFF)
def staff_morale(c: Tallied) -> FloatArray:
    """Morale of staff, mean over periods; 0.5 = usual."""
    return c.morale_sum / c.staff_periods


@kpi(unit="cu/visit", better="less", nan="nobody visited the firm, or the market has no staff")
def training_cost(c: Tallied) -> FloatArray:
    """Cost of training / visits."""
    return c.staff_training / c.visits


class StaffPolicy(Policy):
    """What a firm does for those who serve."""

    name = "staff"
    given: ClassVar = dict.fromkeys(
        ("training_scale", "search_scale", "incentive_scale", "labour_cost", "replacement_cost"),
        "what it costs is given to a firm",
    )
    free: ClassVar = {"customer_time": "time for customers is taken from internal work, and the other way round"}
    knowledge_training: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="effort put into what staff knows"
    )
    skill_training: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="effort put into how well they do it"
    )
    emotion_training: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="effort put into handling emotions"
    )
    selectivity: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="how long is searched for whom to hire"
    )
    pay_premium: float = param(
        0.0, unit="share of pay", bounds=(0, 1), evidence="assumed",
        doc="paid above what is usual; what keeps staff is how far it is above the mean of the other firms",
    )  # fmt: skip
    incentives: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="praise, bonuses and careers for good service"
    )
    customer_time: float = param(
        float(str(USUAL_CUSTOMER_TIME)), unit="share", bounds=(0.01, 0.99), evidence="assumed",
        doc="of staff's time that is for customers; the rest is for reports, control and coordination",
    )  # fmt: skip
    training_scale: float = param(
        1.0, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - training) of each kind"
    )
    search_scale: float = param(
        200.0, unit="cu/hire", bounds=(0, 1e6), evidence="assumed", doc="scale of -ln(1 - selectivity)"
    )
    incentive_scale: float = param(
        0.5, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - incentives)"
    )
    labour_cost: float = param(
        3.0, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="pay of staff for a visit, without any premium"
    )
    replacement_cost: float = param(
        500.0, unit="cu/hire", bounds=(0, 1e6), evidence="assumed",
        doc="to replace who leaves; usual turnover is in the cost of service, what is above or below it is booked",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what training, and pay and incentives, cost a visit, in 1/100 cent, and what a hire costs, in cu."""
        efforts = (self.knowledge_training, self.skill_training, self.emotion_training)
        training = -self.training_scale * sum(math.log1p(-effort) for effort in efforts)
        paid = self.labour_cost * self.pay_premium - self.incentive_scale * math.log1p(-self.incentives)
        hire = self.replacement_cost - self.search_scale * math.log1p(-self.selectivity)
        return {
            "training_expense": (CENTS, 100.0 * training), "pay_expense": (CENTS, 100.0 * paid),
            "hire_cost": (NUMBER, hire),
        }  # fmt: skip


class Staff(Mechanism):
    """Those who serve: what they can do, how they feel, and who leaves."""

    name = "staff"
    serves = ("E6", "E7")
    policy = StaffPolicy
    owns = (
        Column("staff_knowledge", ("firm",), USUAL, "0-1", "knowledge of staff", "float64"),
        Column("staff_skill", ("firm",), USUAL, "0-1", "skill of staff", "float64"),
        Column("staff_emotion", ("firm",), USUAL, "0-1", "emotional competence of staff", "float64"),
        Column("staff_morale", ("firm",), USUAL, "0-1", "morale of staff", "float64"),
        Column("staff_leaving", ("exit_reason", "firm"), 0, "share", "who leave, over pay, over morale", "float64"),
        Column("staff_strain", ("firm",), 0, "0-1/visit", "strain of encounters in the period before", "float64"),
        Column("staff_load", ("firm",), 0, "ratio", "load of servers in the period before", "float64"),
        Column("staff_shift", ("firm",), 0, "shift of 0-1", "what staff adds to quality"),
        Column("staff_risk", ("firm",), 1, "ratio", "factor of staff on the risk of a failure"),
        Column("staff_pace", ("firm",), 1, "ratio", "factor of staff on minutes of service"),
    )
    counts = (
        Tally("leavers", "share", "part of staff who left", 1 / FIXED_POINT),
        Tally("left_over_pay", "share", "of these, who would not have at the market's pay", 1 / FIXED_POINT),
        Tally("left_over_morale", "share", "of these, who would not have at the usual morale", 1 / FIXED_POINT),
        Tally("knowledge_sum", "0-1", "sum over periods of knowledge", 1 / FIXED_POINT),
        Tally("skill_sum", "0-1", "sum over periods of skill", 1 / FIXED_POINT),
        Tally("emotion_sum", "0-1", "sum over periods of emotional competence", 1 / FIXED_POINT),
        Tally("morale_sum", "0-1", "sum over periods of morale", 1 / FIXED_POINT),
        Tally("staff_periods", "periods", "periods in these sums"),
        Tally("staff_training", "cu", "cost of training", CENT / 100, account="lever"),
        Tally("staff_pay", "cu", "cost of pay above the usual, and of incentives", CENT / 100, account="lever"),
        Tally("staff_hiring", "cu", "cost of replacing leavers, above that of usual turnover", CENT, account="lever"),
    )
    kpis = (
        staff_turnover, pay_exit_share, morale_exit_share, staff_knowledge, staff_skill, staff_emotion, staff_morale,
        training_cost,
    )  # fmt: skip
    learning: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed", doc="part of what is missing that effort 1 adds"
    )
    forgetting: float = param(
        0.01, unit="1/period", bounds=(0, 1), evidence="assumed", doc="part of an ability above the usual that is lost"
    )
    turnover: float = param(
        0.01, unit="1/period", bounds=(0, 1), evidence="assumed", doc="staff who leave at usual pay and morale"
    )
    pay_stay: float = param(
        3.0, unit="1/share", bounds=(0, 100), evidence="assumed", doc="how fast turnover falls with pay"
    )
    morale_stay: float = param(
        2.0, unit="1/0-1", bounds=(0, 100), evidence="assumed", doc="how fast turnover falls with morale"
    )
    better_hires: float = param(
        0.3, unit="0-1", bounds=(0, 0.5), evidence="assumed", doc="ability that full selectivity adds to newcomers"
    )
    morale_recovery: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed", doc="part of the way to its target that morale moves"
    )
    pay_morale: float = param(
        0.5, unit="0-1/share", bounds=(0, 10), evidence="assumed", doc="morale that pay above the market's adds"
    )
    incentive_morale: float = param(
        0.3, unit="0-1", bounds=(0, 0.5), evidence="assumed", doc="morale that full incentives add"
    )
    strained: float = param(
        1.0, unit="ratio", bounds=(0, 100), evidence="assumed", doc="how much of the strain of encounters is felt"
    )
    visits_per_head: float = param(
        50.0, unit="visits/period", bounds=(0.01, 1e6), evidence="assumed", doc="visitors whom one of staff serves"
    )
    overwork: float = param(
        0.1, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="morale that a load of 1 above the comfortable takes, in a market with waiting lines",
    )  # fmt: skip
    comfortable: float = param(
        0.8, unit="ratio", bounds=(0, 2), evidence="assumed", doc="load of servers above which work wears staff out"
    )
    knowledge_failures: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="failures that full knowledge prevents"
    )
    emotion_failures: float = param(
        0.6, unit="share", bounds=(0, 2), evidence="assumed", doc="failures of attitude that emotion prevents"
    )
    skill_quality: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="quality of full skill above that of none"
    )
    morale_quality: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="quality of full morale above that of none"
    )
    knowledge_pace: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="minutes of service that full knowledge saves"
    )
    attention: float = param(
        0.03, unit="0-1", bounds=(0, 1), evidence="assumed", doc="quality that 2.7 times the time for customers adds"
    )
    control: float = param(
        4.0, unit="1/share", bounds=(0, 50), evidence="assumed",
        doc="how fast failures of price and information grow as internal work is left undone",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return how staff develops and serves, and what is paid.

        At neutral levers it stays as it is, unless other theories strain it, so that it is looked at in every period.
        """
        spent = any(
            p.knowledge_training + p.skill_training + p.emotion_training + p.pay_premium + p.incentives > 0
            for p in policies
        )
        books = ((Phase.BOOKS, book_staff),) if spent else ()
        served = ((Phase.ARRIVAL, serve_at_pace), (Phase.DELIVERY, serve_as_able))
        developed = tuple((Phase.OPENING, k) for k in (look_back, develop_staff, weigh_staff, count_staff))
        return (*developed, *served, *books)

    def axes(self) -> Mapping[str, int]:
        """Return how many reasons for leaving are told apart."""
        return {"exit_reason": _REASONS}
