"""Facts of services: lines, appointments, places that perish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.kpis.value import profit
from abm.mechanisms.service.bookings import revenue_per_place
from abm.mechanisms.service.centre_kpis import mean_answer
from abm.mechanisms.service.waiting_line import mean_wait

_LOADS = (0.9, 1.0, 1.1)  # of the usual visitors
_BOOKED = {"none": 0.0, "some": 0.05, "many": 0.4}  # beyond the places


def _need(lab: Laboratory, section: str, lever: str) -> None:
    """Raise Refusal without a mechanism, or if a firm does not limit what it serves."""
    lab.need(section)
    if not all(getattr(getattr(firm, section), lever) for firm in lab.scenario.firms):
        raise Refusal(f"a firm has no {lever}")


def _wait(lab: Laboratory, changes: Mapping[str, Any] = {}) -> np.ndarray:
    """Return the mean wait over firms, minutes: (replications,)."""
    return lab.kpis([mean_wait], changes).mean(axis=(1, 2))


def load(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how waits rise with visitors."""
    _need(lab, "waiting_line", "servers")
    usual = lab.scenario.waiting_line.branch_visits
    few, some, many = (_wait(lab, {"waiting_line.branch_visits": usual * load}) for load in _LOADS)
    return {
        "elasticity of waits to visitors": np.log(many / few) / np.log(_LOADS[2] / _LOADS[0]),
        "second rise less first": (many - some) - (some - few),
    }


def one_line(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether one line for all servers keeps people waiting less than a line for each."""
    _need(lab, "waiting_line", "servers")
    single, parallel = (_wait(lab, lab.of_all_firms("waiting_line.lines", lines)) for lines in ("single", "parallel"))
    return {"mean wait, one line less many": single - parallel}


def appointments(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether people wait less where most come by appointment."""
    _need(lab, "waiting_line", "servers")
    most, none = (_wait(lab, lab.of_all_firms("waiting_line.appointments", share)) for share in (0.9, 0.0))
    return {"mean wait, with appointments less without": most - none}


def peak_hours(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether people wait less where the same servers are on duty when most people come."""
    _need(lab, "waiting_line", "servers")
    if len(set(lab.scenario.waiting_line.profile)) == 1:
        raise Refusal("visitors come as often at all hours")
    following, level = (_wait(lab, lab.of_all_firms("waiting_line.follows_profile", part)) for part in (0.8, 0.0))
    return {"mean wait, following less level": following - level}


def pooling(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether callers wait less at a centre twice as large for twice as many."""
    _need(lab, "contact_centre", "agents")
    twice: dict[str, Any] = {"contact_centre.centre_visits": 2.0 * lab.scenario.contact_centre.centre_visits}
    for firm in lab.scenario.firms:
        for lever in ("agents", "specialists"):
            twice[f"firms.{firm.name}.contact_centre.{lever}"] = 2 * getattr(firm.contact_centre, lever)
    large, usual = (lab.kpis([mean_answer], changes).mean(axis=(1, 2)) for changes in (twice, {}))
    return {"minutes until an answer, large less usual": large - usual}


def protection(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether places that are kept for the full fare earn more than all sold as they are asked for."""
    _need(lab, "bookings", "places")
    own = f"firms.{lab.focal.name}.bookings"
    kept, sold = (
        lab.kpis([revenue_per_place], {f"{own}.protection_rule": rule, f"{own}.protected": 0.0})[:, 0, 0]
        for rule in ("littlewood", "number")
    )
    return {"revenue per place, kept less sold": kept - sold}


def overbooking(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether a little overbooking earns more than none, and much less."""
    _need(lab, "bookings", "places")
    found = {
        name: lab.kpis([profit], {f"firms.{lab.focal.name}.bookings.overbooking": beyond})[:, 0, 0]
        for name, beyond in _BOOKED.items()
    }
    return {
        "profit, some less none": found["some"] - found["none"],
        "profit, many less some": found["many"] - found["some"],
    }


FACTS = (
    Fact(
        46,
        "waits_and_load",
        "waits rise more than in proportion to visitors, and ever faster",
        "computed: formulas of waiting lines",
        "held out",
        "as many servers with 10 % fewer and 10 % more visitors, some of whom turn away or give up: mean wait",
        (
            Part("elasticity of waits to visitors", "ratio", 1.0),
            Part("second rise less first", "minutes", 0.0),
        ),
        load,
        "clinic",
    ),
    Fact(
        47,
        "one_line_for_all",
        "one line for all servers keeps people waiting less than a line for each",
        "computed: formulas of waiting lines",
        "held out",
        "all firms with one line and with a line for each server: mean wait",
        (Part("mean wait, one line less many", "minutes", high=0.0),),
        one_line,
        "clinic",
    ),
    Fact(
        48,
        "appointments",
        "people wait less where they come by appointment",
        "computed: the less arrivals vary, the shorter a line",
        "held out",
        "all firms with nine of ten by appointment and with none: mean wait",
        (Part("mean wait, with appointments less without", "minutes", high=0.0),),
        appointments,
        "clinic",
    ),
    Fact(
        49,
        "large_centres",
        "a centre twice as large for twice as many callers answers sooner",
        "computed: Erlang's formulas",
        "held out",
        "all centres with twice the agents for twice the customers: mean time until an answer",
        (Part("minutes until an answer, large less usual", "minutes", high=0.0),),
        pooling,
        "telecom",
    ),
    Fact(
        50,
        "protected_places",
        "places that are kept for the full fare earn more than all sold as they are asked for",
        "computed: Littlewood's rule",
        "held out",
        "the first firm keeps as many as Littlewood's rule says, and none: revenue per place",
        (Part("revenue per place, kept less sold", "cu/place/period", 0.0),),
        protection,
        "airline",
    ),
    Fact(
        51,
        "overbooking",
        "a little overbooking earns more than none, and much of it less",
        "computed: newsvendor's rule, with a tenth who stay away",
        "held out",
        "the first firm accepts 5 % and 40 % more bookings than it has places: profit",
        (
            Part("profit, some less none", "cu/customer/year", 0.0),
            Part("profit, many less some", "cu/customer/year", high=0.0),
        ),
        overbooking,
        "hotel",
    ),
    Fact(
        52,
        "peak_hours",
        "people wait less where the same hours of work are done when most people come",
        "computed: waits rise ever faster with load, so that peaks cost more than lulls save",
        "held out",
        "servers on duty as many all day, and to four fifths in proportion to arrivals: mean wait",
        (Part("mean wait, following less level", "minutes", high=0.0),),
        peak_hours,
        "clinic",
    ),
)
