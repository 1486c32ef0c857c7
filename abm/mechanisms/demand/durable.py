"""Durables: a unit is bought, serviced when it is due, wears out and is replaced.   Uses no neighbours.

A car, a boiler, a machine: a customer owns one or none. She has an occasion when she wants a unit, and when hers is due
for service. Either is decided like any visit: by what firms are worth to her, or not at all.
Claim: who sells a unit has its owner's services to win, and loses some to forgetting and some to others; good services
and few problems keep her satisfied with the firm, and by that alone she buys there again. A reminder at the right time
brings back who has forgotten. Problems are many in the first weeks and become more with age and without service.
Source: the Weibull law of life times, the bath-tub curve of failures, showroom to repurchase as it is taught (from
memory); sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.mechanisms.demand.durable_books import (
    add_unit_net,
    count_units,
    hand_over,
    note_calendar,
    note_services,
    put_basket_back,
    settle_units,
    skip_overdue,
)
from abm.mechanisms.demand.durable_kernels import (
    discount_services,
    draw_owners,
    fall_due,
    list_due,
    use_units,
    weigh_units,
)
from abm.mechanisms.demand.durable_measures import (
    every_time_share,
    installed_base,
    missed_few_share,
    missed_many_share,
    missed_one_share,
    missed_two_share,
    replacement_rate,
    repurchase_rate,
    return_rate_12_months,
    service_retention,
    skipped_service_share,
    unit_problem_rate,
)
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.calendar import NEVER
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World


class DurablePolicy(Policy):
    """What a firm sells, how well it is built, and what it does for its units afterwards."""

    name = "durable"
    given: ClassVar = {
        "sale_unit_cost": "what goods cost is given to a firm",
        "warranty_repair_cost": "what its inputs cost is given to a firm",
        "build_cost": "what its inputs cost is given to a firm",
    }
    free: ClassVar = {
        "sells": "what is not sold brings nothing and costs nothing",
        "warranty": "it is paid by what it covers: services that are not charged, and repairs",
        "service_interval": "a date is a number; a longer one saves visits and costs problems",
        "service_discount": "a price is a number; what it costs is custom or margin",
    }
    sells: bool = param(True, unit="yes or no", evidence="assumed", doc="whether it sells units, or only services them")
    sale_unit_cost: float = param(
        0.9, unit="cu/cu", bounds=(0, 10), evidence="assumed", doc="cost of a unit per cu of its price at index 1"
    )
    build_quality: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of problems that better building prevents"
    )
    build_cost: float = param(
        40.0, unit="cu/unit", bounds=(0, 1e6), evidence="assumed", doc="scale of its cost, -ln(1 - build_quality)"
    )
    warranty: float = param(
        0.0, unit="years", bounds=(0, 20), evidence="assumed",
        doc="time from the sale for which it services without charge, and repairs, what it sold",
    )  # fmt: skip
    warranty_repair_cost: float = param(
        10.0, unit="cu/problem", bounds=(0, 1e6), evidence="assumed", doc="cost of a repair under warranty"
    )
    service_interval: float = param(
        1.0, unit="years", bounds=(0.1, 10), evidence="assumed", doc="time after which its units are due for service"
    )
    service_discount: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="by how much services are below its price index"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what building a unit well and a repair cost, in cents."""
        built = -self.build_cost * math.log1p(-self.build_quality)
        return {
            "build_expense": (CENTS, built if self.sells else 0.0),
            "warranty_repair_expense": (CENTS, self.warranty_repair_cost),
        }


def _kept(name: str, default: float, unit: str, meaning: str, dtype: str = "int32") -> Column:
    return Column(name, ("customer",), default, unit, meaning, dtype)


class Durable(Mechanism):
    """Purchase, due service and replacement of a durable.

    What an occasion is worth stands in `basket` from when it arises until it is booked. A customer's usual basket is a
    year's service; `population.purchase_rate` has no part in it. She has one occasion a period at most.
    """

    name = "durable"
    serves = ("D17",)
    needs = ("information",)
    policy = DurablePolicy
    owns = (
        _kept("owned_from", -1, "firm", "that sold the unit she owns, -1 = she owns none"),
        _kept("unit_age", 0, "periods", "since it was bought"),
        _kept("unit_problems", 0, "problems", "that it has had since", "uint16"),
        _kept("unit_liking", 0, "0-1", "how she likes it: as the sale was, less what problems took", "float32"),
        _kept("since_service", 0, "periods", "since its last service by anybody, or its purchase"),
        _kept("since_own_service", NEVER, "periods", "since its last service by who sold it, 2^30 = none yet"),
        _kept("since_due", NEVER, "periods", "since it fell due for service last, 2^30 = not yet"),
        _kept("until_due", 0, "periods to go", "until it is due for service; 0 or less = it is due"),
        _kept("due_state", 0, "code", "0 not due, 1 due and remembered, 2 due and forgotten", "uint8"),
        _kept("missed_due", 0, "visits", "due ones missed at who sold it, since the last one there", "uint8"),
        _kept("wants_unit", 0, "bool", "whether she has set about buying one", "uint8"),
        _kept("warranty_left", 0, "periods", "that the unit is still under warranty, this one included"),
        _kept("occasion_kind", 0, "code", "of the period: 0 none, 1 purchase, 2 service", "uint8"),
        _kept("service_basket", 0, "cu", "a year's service at price index 1", "float32"),
        Column("visit_kind", ("visit",), 0, "code", "what the visit was for: 1 purchase, 2 service", "uint8"),
    )
    scratch = (Column("visit_net", ("visit",), 0, "cents", "more that a purchase costs the firm", "int64"),)
    writes = (
        "visit_count", "visit_customer", "visit_nth", "visit_provider", "occasions", "basket", "satisfaction",
        "visit_spend", "discounts", "seen_gap",
    )  # fmt: skip
    counts = (
        Tally("installed_units", "units", "of the firm in use at the end of the period"),
        Tally("unit_sales", "units", "sold"),
        Tally("first_units", "units", "of these, to who owned none"),
        Tally("replaced_units", "units", "of the firm replaced by another"),
        Tally("same_make", "units", "of these, by one of the same firm"),
        Tally("services_done", "visits", "services that the firm has done"),
        Tally("due_own", "services", "due ones of the firm's units that it has done"),
        Tally("due_elsewhere", "services", "due ones of the firm's units that another has done"),
        Tally("due_skipped", "services", "due ones of the firm's units that were skipped"),
        Tally("due_in_year", "owners", "of the firm's units that fell due within a year"),
        Tally("returned_in_year", "owners", "of these, who have had a service at the firm within it"),
        Tally("owners_every_time", "owners", "who have missed no due visit at the firm since the last one there"),
        Tally("owners_skipped_one", "owners", "who have missed one"),
        Tally("owners_skipped_two", "owners", "who have missed two"),
        Tally("owners_skipped_few", "owners", "who have missed three or four"),
        Tally("owners_skipped_many", "owners", "who have missed more"),
        Tally("unit_problems_met", "problems", "of the firm's units"),
        Tally("warranty_problems", "problems", "of these, under warranty"),
        Tally("warranty_repairs", "cu", "cost of repairs under warranty", CENT, account="lever"),
        Tally("services_waived", "cu", "not charged for services under warranty; a part of discounts", CENT),
        Tally("unit_goods", "cu", "cost of units beyond that of as much of services", CENT, account="goods"),
        Tally("build_spend", "cu", "cost of building units better", CENT, account="lever"),
    )
    kpis = (
        installed_base, service_retention, skipped_service_share, return_rate_12_months, every_time_share,
        missed_one_share, missed_two_share, missed_few_share, missed_many_share, repurchase_rate, replacement_rate,
        unit_problem_rate,
    )  # fmt: skip
    owning_at_start: float = param(
        0.8, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who own a unit at the start"
    )
    first_purchase_rate: float = param(
        0.15, unit="1/year", bounds=(0, 50), evidence="assumed", doc="rate at which who owns none sets about buying"
    )
    mean_life: float = param(
        8.0, unit="years", bounds=(0.1, 100), evidence="assumed", doc="mean age at which a well-liked unit is replaced"
    )
    life_shape: int = param(
        3, unit="shape", bounds=(1, 12), evidence="assumed", doc="of the Weibull law of that age; 1 = no ageing"
    )
    restlessness: float = param(
        1.0, unit="ratio", bounds=(0, 20), evidence="assumed", doc="added to the hazard of replacing what is disliked"
    )
    shopping_rate: float = param(
        12.0, unit="1/year", bounds=(0, 1000), evidence="assumed", doc="purchase occasions of who wants a unit"
    )
    purchase_multiple: float = param(
        40.0, unit="baskets", bounds=(0.01, 1e4), evidence="assumed", doc="price of a unit in years of service"
    )
    most_worn: float = param(
        2.0, unit="years", bounds=(0.01, 50), evidence="assumed", doc="longest time that one service makes up for"
    )
    remembering: float = param(
        0.8, unit="share", bounds=(0, 1), evidence="assumed", doc="chance that a due service is not forgotten"
    )
    promptness: float = param(
        12.0, unit="1/year", bounds=(0, 1000), evidence="assumed", doc="service occasions of who remembers one is due"
    )
    grace: float = param(
        0.3, unit="years", bounds=(0, 50), evidence="assumed", doc="time after which a due service is skipped"
    )
    seller_pull: float = param(
        1.5, unit="logit units", bounds=(-20, 20), evidence="assumed", doc="convenience of a service by who sold it"
    )
    warranty_pull: float = param(
        1.0, unit="logit units", bounds=(-20, 20), evidence="assumed", doc="more of it, under warranty"
    )
    foresight: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="part of later services' cost that buyers reckon with"
    )
    running_in: float = param(
        0.25, unit="years", bounds=(0, 10), evidence="assumed", doc="time for which a unit is new"
    )
    early_rate: float = param(
        2.0, unit="1/year", bounds=(0, 100), evidence="assumed", doc="problems of a new unit, serviced just now"
    )
    problem_rate: float = param(
        0.5, unit="1/year", bounds=(0, 100), evidence="assumed", doc="problems after that, before ageing"
    )
    wear: float = param(0.1, unit="1/year", bounds=(0, 10), evidence="assumed", doc="growth of that with age")
    neglect: float = param(
        0.3, unit="1/year", bounds=(0, 10), evidence="assumed", doc="growth of problems with time since a service"
    )
    annoyance: float = param(
        0.02, unit="share", bounds=(0, 1), evidence="assumed", doc="of liking and satisfaction that a problem takes"
    )
    warranty_relief: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="of that, what a repair under warranty saves"
    )

    @property
    def life_scale(self) -> float:
        """Scale of the Weibull law, years: mean life / Gamma(1 + 1 / shape)."""
        return self.mean_life / math.gamma(1.0 + 1.0 / self.life_shape)

    @property
    def owned(self) -> bool:
        """Whether anybody owns a unit, or ever will."""
        return self.owning_at_start > 0 or self.first_purchase_rate > 0

    def fits(self, market: Any) -> None:
        """Refuse other processes of need, contracts, and a market in which nobody sells."""
        if self.name in market.off or not self.owned:
            return
        if market.need.process != "due":
            step = 'durables are bought and serviced when due; set it to "due"'
            raise Refusal(f'= "{market.need.process}", but {step}', place="need.process")
        if market.choice.market == "lost_for_good":
            step = "which cannot say what an occasion for a durable is for; take always_a_share"
            raise Refusal(f'= "lost_for_good" signs contracts, {step}', place="choice.market")
        if not any(firm.policy(DurablePolicy).sells for firm in market.firms):
            raise Refusal("no firm sells units; give one durable = { sells = true }")
        late = [firm.name for firm in market.firms if market.entry is not None and firm.entry.opens > 0]
        if late and market.entry.name not in market.off:
            raise Refusal(f"firm {late[0]!r} opens later, but units are owned of all firms from the start; set it to 0")
        second = market.second_product
        if second is not None and second.name not in market.off and second.cannibalised > 0:
            step = "a part of a unit is not done without; set it to 0"
            raise Refusal(f"= {second.cannibalised:g}, but {step}", place="second_product.cannibalised")
        line = market.waiting_line
        if line is not None and line.name not in market.off and line.elsewhere > 0:
            step = "a unit under warranty would be serviced, and one bought, where she did not choose to; set it to 0"
            raise Refusal(f"= {line.elsewhere:g}, but {step}", place="waiting_line.elsewhere")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the life of units, occasions, their worth, what is paid and handed over, and counts, if anybody owns
        one or ever will."""
        if not self.owned:
            return ()
        cheaper = any(policy.service_discount > 0 for policy in policies)
        return (
            (Phase.NEED, use_units),
            (Phase.OCCASIONS, fall_due),
            (Phase.OCCASIONS, list_due),
            (Phase.VALUATION, weigh_units),
            *(((Phase.DELIVERY, discount_services),) if cheaper else ()),
            (Phase.JUDGEMENT, settle_units),
            (Phase.RELATION, add_unit_net),
            (Phase.RELATION, hand_over),
            (Phase.RELATION, note_services),
            *((Phase.WINDOWS, act) for act in (put_basket_back, note_calendar, skip_overdue, count_units)),
        )

    def begin(self, world: World, seed: int) -> None:
        """Keep the usual baskets, and draw who owns what."""
        c, levers = world.customers, world.firms
        if "service_basket" in c:
            c.service_basket[:] = c.basket
        if "until_due" in c:
            draw_owners(
                c.owned_from, c.unit_age, c.unit_liking, c.since_service, c.until_due, c.warranty_left, c.customer_id,
                levers.sells, levers.quality, levers.warranty, levers.service_interval, self.owning_at_start,
                self.mean_life, world.periods_per_year, stream_key(seed, self.name), world.replication,
            )  # fmt: skip
