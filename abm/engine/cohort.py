"""A cohort: customers who live as those of a purchase log do, beside the log they were fitted to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.visit_log import room, taken, visit_log
from abm.logs.tracking import Tracking, tracking
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.world.fitted import DAYS_PER_WEEK, DAYS_PER_YEAR
from abm.world.population import Population

_STRETCH = 4  # periods between two times at which visits are taken out of the list


def against_log(
    population: Population, seed: int = 0, copies: int = 10, replication: int = 0, folder: Path | None = None
) -> Tracking:
    """Simulate the customers of a population that is fitted to a log, and return them beside the log.

    copies : simulated customers for each of the log's; more leave less to chance

    There is one firm, and nobody buys elsewhere or not at all, so that every occasion is a purchase: what is compared
    is the model of the customers, from each one's first purchase on, as long as the log lasts. `population.customers`
    does not matter.

    Raises Refusal for a population without a log.
    """
    if population.log is None:
        raise Refusal('= none: the population is fitted to no log; give it one, such as "cdnow"', place="log")
    log = population.log_file(folder).read()
    days = (log["date"].max() - log["date"].min()).days
    people = population.replace({"customers": copies * log["customer"].nunique()})
    scenario = Scenario(preset="closed_market", population=people, firms=(Firm(name="all"),))
    week = DAYS_PER_WEEK * scenario.periods_per_year / DAYS_PER_YEAR  # periods
    periods = int(days / DAYS_PER_WEEK * week) + 1
    scenario = scenario.replace({"periods": periods})
    scenario = scenario.adding(visit_log((), room(people.customers, _STRETCH)))
    engine = Engine(scenario, seed, replication, folder=folder)
    parts = []
    while engine.t < periods:
        engine.run(min(_STRETCH, periods - engine.t))
        parts.append(taken(engine.world, ()))
    customer, age = (np.concatenate([part[name] for part in parts]) for name in ("customer", "period"))
    repeats = {"customer": customer, "age": age / week}
    return tracking(log, repeats, people.customers, population.log_until)
