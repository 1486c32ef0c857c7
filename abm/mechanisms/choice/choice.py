"""Choice: a logit among the considered firms and buying nowhere.   Synchronous; uses no neighbours.

Claim: the utility of a firm is a sum to which each theory adds its own term; the outside option is finite, so that a
market-wide change does not cancel.
Source: MCFADDEN_1974 (logit); JACKSON_1985 (always a share, lost for good); weights tuned with the prototype
(PROTOTYPE).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from abm.core.citations import cite
from abm.core.sources import JACKSON_1985, PROTOTYPE
from abm.core.spec import param
from abm.mechanisms.choice.contracts import honour_contracts
from abm.mechanisms.choice.memory import keep_visits_to_firms, remember_choices
from abm.mechanisms.choice.rules import (
    choose_best,
    draw_choices,
    eliminate_by_aspects,
    follow_habit,
    keep_stayers,
    mark_stayers,
    settle_for_enough,
)
from abm.mechanisms.choice.valuation import add_attraction, add_outside, leave_out_lost, leave_out_unknown
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.sums import Sum
from abm.world.calendar import NEVER
from abm.world.columns import FIXED_POINT, Column, Tally


def _aspect(weight: float, what: str) -> Any:
    doc = f"chance in proportion to which {what} is the next aspect that firms are compared on, under rule eba"
    return param(weight, unit="weight", bounds=(0, 1000), evidence="assumed", doc=doc)


class Choice(Mechanism):
    """Which firm, or none, is chosen on each occasion."""

    name = "choice"
    serves = ("B14",)
    standard = True
    owns = (
        Column("provider", ("customer",), -1, "firm", "firm chosen at the latest occasion, -1 = none", "int32"),
        Column("signed", ("customer",), -1, "period", "start of the current contract, -1 = none", "int32"),
        Column("preference", ("firm", "customer"), 0, "0-1", "probability of each firm at the latest decision"),
    )
    sums = (
        Sum("utility", ("firm", "row"), 0.0, "logit units", "utility of each firm to the customer", Phase.VALUATION),
        Sum("outside_utility", ("row",), 0.0, "logit units", "utility of buying nowhere, to be read", Phase.VALUATION),
    )
    scratch = (
        Column("chance", ("firm", "visit"), 0, "0-1", "probability of each firm on the visit"),
        Column("visit_luck", ("luck", "visit"), 0, "0-1", "uniforms of the decision"),
        Column("best_utility", ("visit",), 0, "logit units", "largest utility of the visit, outside option included"),
        Column("reached", ("visit",), 0, "weight", "logit weights cumulated so far"),
        Column("total", ("visit",), 0, "weight", "sum of the logit weights"),
        Column("held", ("row",), -1, "firm", "firm kept without evaluation, -1 = none", "int32"),
    )
    writes = (
        "relation", "current", "fell_lost", "visit_firm", "visit_pair", "visit_count", "visit_customer", "visit_nth",
        "visit_provider",
    )  # fmt: skip
    counts = (
        Tally("visits", "visits", "occasions spent at the firm; nobody's entry: at no firm"),
        Tally("repeats", "visits", "occasions on which the firm was chosen again by those whose provider it was"),
        Tally("repeat_base", "visits", "occasions spent at some firm by those whose provider it was"),
        Tally("asked", "visits", "occasions of those whose provider it was, spent anywhere or nowhere"),
        Tally("intention_sum", "0-1", "sum over these of the probability of choosing it again", 1 / FIXED_POINT),
    )
    rule: Literal["mnl", "deterministic", "habit", "threshold", "satisfice", "eba"] = param(
        "mnl", unit="name", evidence="assumed", doc="how a firm is picked from the utilities"
    )
    market: Literal["always_a_share", "lost_for_good"] = param(
        "always_a_share", unit="name", evidence="assumed",
        source=cite(JACKSON_1985, "two kinds of industrial customer"),
        doc="free choice on each occasion, or contracts that end for good",
    )  # fmt: skip
    attraction: float = param(
        7.8,
        unit="logit/0-1",
        bounds=(-50, 50),
        evidence="calibrated",
        source=cite(PROTOTYPE, "papers/default_market"),
        doc="weight of satisfaction, or of expectation before first use",
    )
    outside: float = param(
        -0.3,
        unit="logit units",
        bounds=(-80, 80),
        evidence="calibrated",
        source=cite(PROTOTYPE, "papers/default_market"),
        doc="utility of buying nowhere; low values close the market",
    )
    habit_strength: float = param(
        0.5, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="chance of skipping evaluation under rule habit"
    )
    term: int = param(
        52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="length of a contract under lost_for_good"
    )
    reconsider_after: int | None = param(
        None, unit="periods", bounds=(1, 10_000), evidence="assumed",
        doc="time since her last purchase after which who has left a firm under lost_for_good considers it again; left "
        "out = never",
    )  # fmt: skip

    aspiration: float = param(
        0.65, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="satisfaction above which a firm is good enough under rule satisfice",
    )  # fmt: skip
    quality_aspect: float = _aspect(0.35, "satisfaction, or expectation before first use")
    price_aspect: float = _aspect(0.25, "the price as posted")
    trust_aspect: float = _aspect(0.15, "trust and commitment")
    taste_aspect: float = _aspect(0.15, "taste")
    convenience_aspect: float = _aspect(0.10, "the way to the firm, where there is one")
    shortfall: float = param(
        0.3, unit="logit units", bounds=(0, 100), evidence="assumed",
        doc="how far below the best on an aspect a firm may lie and stay in the running under rule eba",
    )  # fmt: skip

    @property
    def closed_for(self) -> int:
        """The time after which she considers a lost firm again, as kernels take it."""
        return NEVER if self.reconsider_after is None else self.reconsider_after

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return attraction, who is considered, the rule, contracts if there are any, memory, and visits to firms."""
        rules = {
            "mnl": (draw_choices,),
            "deterministic": (draw_choices, choose_best),
            "habit": (draw_choices, follow_habit),
            "threshold": (mark_stayers, draw_choices, keep_stayers),
            "satisfice": (draw_choices, settle_for_enough),
            "eba": (draw_choices, eliminate_by_aspects),
        }
        bound = self.market == "lost_for_good"
        considered = (leave_out_unknown, leave_out_lost) if bound else (leave_out_unknown,)
        contracts = (honour_contracts,) if bound else ()
        chosen = (*considered, *rules[self.rule], *contracts, remember_choices, keep_visits_to_firms)
        chosen_now = tuple((Phase.CHOICE, kernel) for kernel in chosen)
        return ((Phase.VALUATION, add_attraction), (Phase.VALUATION, add_outside), *chosen_now)

    def begin(self, world: object, seed: int) -> None:
        """Start with equal preference for all firms."""
        world.customers.preference.fill(1.0 / world.m)  # type: ignore[attr-defined]
