"""Indices of the automobile trade: owners of durables asked at the ages that the trade asks at.   Changes nothing.

    SSI    sales satisfaction            asked after the sale                            0-100, more is better
    IQS    initial quality               problems of the first 90 days                   per 100 units, less is better
    APEAL  liking of the unit            asked at 2 to 6 months                          0-100, more is better
    CSI    satisfaction with service     asked after services, months 12 to 36           0-100, more is better
    VDS    dependability                 problems of the third year, at 3 years          per 100 units, less is better

and whether they would recommend the firm, come back to it for service, and buy there again.
Claim: one index does not stand for another: a good sale says little of the unit, and few problems of the first weeks
little of those at three years. Who is asked remembers some of her problems, and answers with a bias of her own.
Source: what each index is of, after the studies of the trade as they are taught (from memory). The studies' own scales,
weights and samples are proprietary: these indices are of the same definition, and not comparable with their numbers.
A study is made of the whole market by nobody in it: firms pay nothing and do not read it, and customers never do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.measurement.trade_questions import ask_liking, ask_problems, ask_visitors, foresee_repurchase
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally

_NO_BUYER, _NO_OWNER = "no buyer of the firm answered", "no owner of a unit of the firm answered"
_NO_SERVICE = "nobody answered about a service by the firm"


@kpi(unit="0-100", better="more", nan=_NO_BUYER)
def sales_satisfaction_index(c: Tallied) -> FloatArray:
    """SSI: satisfaction with the sale as answered, 100 x (mean answer - 1) / (scale - 1)."""
    return 100.0 * c.ssi_marks / c.ssi_most


@kpi(unit="1/100 units", better="less", nan=_NO_OWNER)
def initial_quality(c: Tallied) -> FloatArray:
    """IQS: problems told of the first 90 days / units, times 100."""
    return 100.0 * c.iqs_problems / c.iqs_units


@kpi(unit="0-100", better="more", nan=_NO_OWNER)
def unit_appeal(c: Tallied) -> FloatArray:
    """APEAL: liking of the unit as answered, 100 x (mean answer - 1) / (scale - 1)."""
    return 100.0 * c.appeal_marks / c.appeal_most


@kpi(unit="0-100", better="more", nan=_NO_SERVICE)
def service_satisfaction_index(c: Tallied) -> FloatArray:
    """CSI of the trade: satisfaction with a service by the firm as answered, 100 x (mean answer - 1) / (scale - 1)."""
    return 100.0 * c.csi_marks / c.csi_most


@kpi(unit="1/100 units", better="less", nan=_NO_OWNER)
def dependability(c: Tallied) -> FloatArray:
    """VDS: problems told of the third year / units, times 100."""
    return 100.0 * c.vds_problems / c.vds_units


@kpi(unit="0-1", better="more", nan="nobody answered about a sale or a service by the firm")
def trade_recommend(c: Tallied) -> FloatArray:
    """Whether buyers and serviced owners would recommend the firm, (mean answer - 1) / (scale - 1)."""
    return c.recommend_marks / (c.ssi_most + c.csi_most)


@kpi(unit="0-1", better="more", nan=_NO_SERVICE)
def trade_revisit(c: Tallied) -> FloatArray:
    """Whether owners would come to the firm again for service, (mean answer - 1) / (scale - 1)."""
    return c.revisit_marks / c.csi_most


@kpi(unit="0-1", better="more", nan="no serviced owner of a unit of the firm answered")
def trade_repurchase(c: Tallied) -> FloatArray:
    """Whether owners of the firm's units would buy one there again, (mean answer - 1) / (scale - 1)."""
    return c.rebuy_marks / c.rebuy_most


def _counted(name: str, of: str, most: str) -> tuple[Tally, Tally]:
    return Tally(f"{name}_marks", "marks", of), Tally(f"{name}_most", "marks", most)


class TradeIndices(Mechanism):
    """Five indices of a study of owners, and three intentions; it changes nothing."""

    name = "trade_indices"
    serves = ("F5",)
    needs = ("durable", "information", "survey")
    owns = (
        Column(
            "problems_noted", ("customer",), -2, "problems",
            "of her unit, a year before VDS is asked; -1 = not yet, -2 = nor seen since it was new, -3 - k = k, not "
            "seen since it was new", "int32",
        ),
    )  # fmt: skip
    scratch = (Column("would_rebuy", ("row",), 0, "0-1", "chance of her make, if she bought a unit now"),)
    counts = (
        *_counted("ssi", "of sales, above the lowest answer", "most that these could have added up to"),
        *_counted("appeal", "of liking, above the lowest answer", "most that these could have added up to"),
        *_counted("csi", "of services, above the lowest answer", "most that these could have added up to"),
        *_counted("rebuy", "of buying the firm's again, above the lowest", "most that these could have added up to"),
        Tally("recommend_marks", "marks", "of recommending the firm, above the lowest answer"),
        Tally("revisit_marks", "marks", "of coming again for service, above the lowest answer"),
        Tally("iqs_units", "units", "whose owners answered at the end of the first 90 days"),
        Tally("iqs_problems", "problems", "that they told of"),
        Tally("vds_units", "units", "whose owners answered at 3 years"),
        Tally("vds_problems", "problems", "that they told of the third year"),
    )
    kpis = (
        sales_satisfaction_index, initial_quality, unit_appeal, service_satisfaction_index, dependability,
        trade_recommend, trade_revisit, trade_repurchase,
    )  # fmt: skip
    asking: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed", doc="chance of being asked, each time; 0 = no study"
    )
    response: float = param(
        0.4, unit="1/person asked", bounds=(0, 1), evidence="assumed", doc="chance of an answer from the middle"
    )
    extremity: float = param(
        0.4, unit="ratio", bounds=(0, 10), evidence="assumed",
        doc="chance added per distance of satisfaction or liking from the middle",
    )  # fmt: skip
    middle: float = param(0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="what gives least reason to answer")
    scale: int = param(10, unit="answers", bounds=(2, 100), evidence="assumed", doc="highest answer; the lowest is 1")
    noise: float = param(0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="sd of a single answer")
    recall: float = param(
        0.9, unit="share", bounds=(0, 1), evidence="assumed", doc="problems that are remembered and told"
    )
    satisfied_part: float = param(
        0.7, unit="share", bounds=(0, 1), evidence="assumed",
        doc="weight of satisfaction, against affective commitment, in whether she would recommend",
    )  # fmt: skip
    early_age: float = param(
        0.25, unit="years", bounds=(0.01, 5), evidence="assumed", doc="end of the first 90 days, when IQS is asked"
    )
    appeal_from: float = param(
        0.167, unit="years", bounds=(0, 5), evidence="assumed", doc="age from which APEAL is asked: 2 months"
    )
    appeal_until: float = param(
        0.5, unit="years", bounds=(0, 5), evidence="assumed", doc="age until which it is asked: 6 months"
    )
    service_from: float = param(
        1.0, unit="years", bounds=(0, 20), evidence="assumed", doc="age of the unit from which CSI is asked"
    )
    service_until: float = param(
        3.0, unit="years", bounds=(0, 20), evidence="assumed", doc="age of the unit until which it is asked"
    )
    late_age: float = param(
        3.0, unit="years", bounds=(1, 20), evidence="assumed", doc="age at which VDS is asked, of the year before it"
    )

    @property
    def most_marks(self) -> int:
        """Steps of the scale."""
        return self.scale - 1

    def fits(self, market: Any) -> None:
        """Refuse ages that end before they begin."""
        for name in ("appeal", "service"):
            first, last = getattr(self, f"{name}_from"), getattr(self, f"{name}_until")
            if last < first:
                step = f"owners are asked up to that age; set it to {name}_from = {first:g} or more"
                raise Refusal(f"= {last:g}, but {step}", place=f"trade_indices.{name}_until")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what visitors are asked, and what owners are asked at the ages of their units."""
        if self.asking == 0.0:
            return ()
        visited = ((Phase.CHOICE, foresee_repurchase), (Phase.TELLING, ask_visitors))
        return (*visited, (Phase.WINDOWS, ask_problems), (Phase.WINDOWS, ask_liking))
