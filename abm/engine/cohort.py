"""A cohort: customers who live as those of a purchase log do, beside the log they were fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.logs.tracking import Tracking, tracking
from abm.mechanisms.books.accounts import Accounts
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.world.columns import CENT
from abm.world.fitted import DAYS_PER_WEEK, DAYS_PER_YEAR
from abm.world.population import Population

_STRETCH = 4  # periods between two times at which visits are taken out of the list
_MOST_ENTRIES = 4_000_000  # of the list of visits, before it is emptied after every period
_SPEND = next(column for column in Accounts.owns if column.name == "visit_spend")
_WANTED = ("customer", "period", _SPEND.name)


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
    repeats = next(repeat_purchases(people, days, [replication], seed, folder))
    return tracking(log, repeats, people.customers, population.log_until)


def repeat_purchases(
    population: Population,
    days: int,
    replications: Sequence[int],
    seed: int = 0,
    folder: Path | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the purchases of a population's customers in a market of one firm, for each replication.

    days    : how long they are watched, from the purchase with which each begins, which is not among these

    customer (k,) from 0; age (k,) weeks from her first purchase to the beginning of the period; amount (k,) cu.
    """
    scenario = Scenario(preset="closed_market", population=population, firms=(Firm(name="all"),))
    week = DAYS_PER_WEEK * scenario.periods_per_year / DAYS_PER_YEAR  # periods
    scenario = scenario.replace({"periods": int(days / DAYS_PER_WEEK * week) + 1})
    stretch = _STRETCH if room(population.customers, _STRETCH) <= _MOST_ENTRIES else 1
    scenario = scenario.adding(visit_log((_SPEND,), room(population.customers, stretch)))
    engine: Engine | None = None
    for replication in replications:
        if engine is None:
            engine = Engine(scenario, seed, replication, folder=folder)
        else:
            engine.restart(replication)
        found = logged_to_the_end(engine, (_SPEND.name,), stretch)
        who, period, spend = (found[name] for name in _WANTED)
        yield {"customer": who, "age": period / week, "amount": spend * CENT}
