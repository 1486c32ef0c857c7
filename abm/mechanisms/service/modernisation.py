"""Modernisation of a line: step by step or all at once, of the whole service or of its flagship.   Uses no neighbours.

Claim: a line that is renewed radically is better at once, but customers have to learn it anew, which is a reason less
to stay, and at first more goes wrong; one that is renewed gradually keeps what they have learnt and is better later.
Who values the attribute on which it is renewed gains most; who has been a customer for long has most to learn anew.
Source: Kotler & Keller, Marketing Management (modernisation of a line, piecemeal or all at once; featuring), from
memory; BURNHAM_FRELS_MAHAJAN_2003 (learning as a cost of leaving); sizes are assumed.

What is learnt counts in the cost of leaving (`switching_cost`), whose numbers it takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import NUMBER, Held, Policy
from abm.mechanisms.service.modernisation_kernels import (
    add_modern_cost,
    book_modernisation,
    deliver_flagship,
    deliver_modern,
    go_on,
    go_wrong_at_first,
    hold_less,
    learn_anew,
    note_modern,
    note_what_is_learnt,
)
from abm.world.attributes import ATTRIBUTES
from abm.world.columns import CENT, FIXED_POINT, Column, Tally

_SHARED = ("learning_visits", "procedural", "switching_weight")  # numbers of the cost of leaving


@kpi(unit="points of 100", better="more", nan="no firm of the market modernises its line")
def mean_modernisation(c: Tallied) -> FloatArray:
    """How much better the line is for having been modernised, on its flagship, mean over periods."""
    return 100.0 * c.modern_sum / c.modern_periods


@kpi(unit="share", nan="no customer of the firm had an occasion")
def relearning_share(c: Tallied) -> FloatArray:
    """Occasions of customers of the firm who had used it before it was modernised radically / occasions of its
    customers."""
    return c.asked_anew / c.asked


@kpi(unit="0-1", better="less", nan="nobody has to learn anew")
def learning_lost(c: Tallied) -> FloatArray:
    """What of learning, as a facet of the cost of leaving, customers who had used the firm before have lost by the
    modernisation and not learnt again; mean over their occasions."""
    return c.learning_lost_sum / c.asked_anew


class ModernisationPolicy(Policy):
    """How, when and on what a firm modernises its line."""

    name: ClassVar = "modernisation"
    held: ClassVar = {"project_scale": None}
    given: ClassVar = {"project_scale": "what new rooms and tools cost is given to a firm"}
    free: ClassVar = {
        "modernisation_kind": "both cost the same; what goes wrong and what is learnt anew is the price of the radical"
    }
    modernisation_gain: float = param(
        0.0, unit="shift of 0-1", bounds=(0, 0.24), evidence="assumed",
        doc="by how much the flagship is better in the end; 0 = the line stays as it is",
    )  # fmt: skip
    modernise_at: int = param(
        52, unit="period", bounds=(0, 100_000), evidence="assumed",
        doc="first period of the modernised line; if it has a gain only later, from then on",
    )  # fmt: skip
    modernisation_kind: Literal["gradual", "radical"] = param(
        "gradual", unit="name", evidence="assumed", doc="step by step, or all at once"
    )
    flagship: Literal["whole_service", "core", "convenience", "people", "speed", "tangibles"] = param(
        "whole_service", unit="name", evidence="assumed", doc="what is modernised: the service, or an attribute of it"
    )
    project_scale: float = param(
        2.0, unit="cu/visit", bounds=(0, 1e4), evidence="assumed",
        doc="scale of -ln(1 - modernisation_gain / 0.25), what the project costs while it lasts",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return the scale of what a better flagship costs, and what the project costs a visit, in cu.

        An attribute costs its part of what quality costs, and so does its project.
        """
        part = {"whole_service": 1.0, **dict(zip(ATTRIBUTES, firm.attributes.cost_parts, strict=True))}[self.flagship]
        project = -self.project_scale * part * math.log1p(-self.modernisation_gain / 0.25)
        return {
            "modern_scale": (NUMBER, part * firm.service.quality_cost),
            "project_expense": (NUMBER, project),
        }


class Modernisation(Mechanism):
    """Lines that are modernised, step by step or all at once."""

    name = "modernisation"
    serves = ("F2",)
    policy = ModernisationPolicy
    writes = (
        "switching_facet", "switching_cost", "calculative_commitment",
        *(f"met_{attribute}" for attribute in ATTRIBUTES),
    )  # fmt: skip
    owns = (
        Column("modern_level", ("firm",), 0, "0-1", "how much better the line's flagship is"),
        Column("modern_expense", ("firm",), 0, "cents", "what that costs a visit", "int64"),
        Column("modern_since", ("firm",), -1, "period", "from which its line is another, -1 = not begun", "int32"),
        Column("learnt_before", ("firm", "customer"), 0, "visits", "to the line before it was modernised radically"),
        Column("learning_lost", ("customer",), 0, "0-1", "learning that she has lost at her provider, at her occasion"),
    )
    counts = (
        Tally("modernisation_spend", "cu", "cost of modernised lines and their projects", CENT, account="lever"),
        Tally("asked_anew", "occasions", "of customers who have to learn their provider anew"),
        Tally("learning_lost_sum", "0-1", "learning lost, sum over these", 1 / FIXED_POINT),
        Tally("modern_sum", "0-1", "how much better lines are, sum over periods", 1 / FIXED_POINT),
        Tally("modern_periods", "periods", "periods in this sum"),
    )
    kpis = (mean_modernisation, relearning_share, learning_lost)
    ramp_periods: int = param(
        52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time that a gradual modernisation takes"
    )
    project_periods: int = param(
        52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time in which a project is paid"
    )
    relearning: float = param(
        1.0,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="visits before a radical modernisation that count no more",
    )
    trouble_periods: int = param(
        8,
        unit="periods",
        bounds=(0, 10_000),
        evidence="assumed",
        doc="time in which more goes wrong after a radical one",
    )
    trouble_factor: float = param(
        2.0, unit="ratio", bounds=(0, 20), evidence="assumed", doc="factor on the failure rate in this time"
    )
    learning_visits: float = param(
        30.0, unit="visits", bounds=(0.01, 1e4), evidence="assumed",
        doc="visits over which using the provider is learnt, as of switching_cost",
    )  # fmt: skip
    procedural: float = param(
        0.4, unit="share", bounds=(0, 1), evidence="assumed", doc="weight of procedural costs, as of switching_cost"
    )
    switching_weight: float = param(
        1.2, unit="logit/0-1", bounds=(0, 50), evidence="assumed",
        doc="weight of the cost of leaving in utility, as of switching_cost",
    )  # fmt: skip

    def fits(self, market: Any) -> None:
        """Refuse flagships that are not told apart, and learning that the cost of leaving does not have."""
        begun = [firm for firm in market.firms if firm.modernisation.modernisation_gain > 0]
        attributes = market.attributes is not None and "attributes" not in market.off
        for firm in begun:
            if firm.modernisation.flagship != "whole_service" and not attributes:
                step = 'give it a section [scenario.attributes], or take "whole_service"'
                place = f"firms.{firm.name}.modernisation.flagship"
                raise Refusal(
                    f"= {firm.modernisation.flagship!r}, but the market has no attributes; {step}", place=place
                )
        if any(firm.modernisation.modernisation_kind == "radical" for firm in begun):
            if "switching_cost" in market.off or market.switching_cost.basis != "facets":
                step = 'take switching_cost.basis = "facets" and do not switch it off, or modernise gradually'
                raise Refusal(f"a radical modernisation makes customers learn anew; {step}")
            for name in _SHARED:
                own, of_leaving = getattr(self, name), getattr(market.switching_cost, name)
                if own != of_leaving:
                    step = "learning is a part of the cost of leaving, so give both the same"
                    raise Refusal(f"= {own:g} is not switching_cost.{name} = {of_leaving:g}; {step}",
                                  place=f"{self.name}.{name}")  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the course and its costs, if a line is modernised; of a radical one learning and failures too."""
        begun = [policy for policy in policies if policy.modernisation_gain > 0]
        if not begun:
            return ()
        found: list[Any] = [(Phase.OPENING, go_on)]
        if any(policy.modernisation_kind == "radical" for policy in begun):
            found += [(Phase.CONTACT, note_what_is_learnt), (Phase.VALUATION, learn_anew), (Phase.VALUATION, hold_less)]
            found.append((Phase.DELIVERY, go_wrong_at_first))
        if any(policy.flagship == "whole_service" for policy in begun):
            found.append((Phase.DELIVERY, deliver_modern))
        if any(policy.flagship != "whole_service" for policy in begun):
            found.append((Phase.DELIVERY, deliver_flagship))
        found += [(Phase.RELATION, add_modern_cost), (Phase.BOOKS, book_modernisation), (Phase.BOOKS, note_modern)]
        return tuple(found)
