"""Groups of customers counted apart: not a bit of a run changes, and counts of groups add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.standard import READINGS, STANDARD
from abm.scenario.scenario import Scenario
from abm.world.partition import Partition
from tests.baselines.markets import MARKETS

OF_FIRMS = {  # what no customer causes, or what is reviewed of all together
    "fixed", "membership", "staffing", "reviewed_failures", "heard_failures", "repaired_failures",
    "mystery_bill", "mystery_count", "mystery_sum", "promised", "promise_periods",
    "busy_time", "paid_time",  # of servers, who serve one visitor after the other
}  # fmt: skip


def partition(customers: int, cells: int = 3, salt: int = 7) -> Partition:
    """Return cells of very different sizes, one of them empty, each a group and the first two together another."""
    mixed = (np.arange(customers, dtype=np.uint64) * np.uint64(2654435761) >> np.uint64(salt)) % np.uint64(10)
    cell = np.where(mixed < 7, 0, np.where(mixed < 9, 2, 1 if cells > 3 else 2))
    return Partition(cell, cells + 1, (*((k,) for k in range(cells + 1)), (0, 2)))


def after(scenario, threads=1, parted=None, replication=3, periods=None):
    engine = Engine(scenario, 20, replication, threads, readings=READINGS, partition=parted)
    engine.run(periods or scenario.periods)
    return engine


def by_identity(engine, column):
    return column if engine.world.partition is None else column[..., engine.world.partition.row]


def assert_same(plain, parted):
    np.testing.assert_array_equal(plain.world.history, parted.world.history)
    for name, column in plain.world.customers.items():
        other = parted.world.customers[name]
        if column.shape[-1] == plain.world.n:
            other = by_identity(parted, other)
        np.testing.assert_array_equal(column, other, err_msg=name)
    for reading, taken in plain.taken.items():
        np.testing.assert_allclose(taken[:, 0], parted.taken[reading][:, 0], rtol=1e-12, err_msg=reading.name)


@pytest.mark.parametrize("market", MARKETS)
def test_who_is_counted_apart_changes_nothing(market):
    scenario = Scenario.parse(MARKETS[market]).replace({"periods": 30})
    assert_same(after(scenario), after(scenario, parted=partition(scenario.population.customers)))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_bits_on_any_threads(threads):
    scenario = Scenario.parse(MARKETS["all_at_work"]).replace({"periods": 30})
    one, other = (after(scenario, n, partition(5000)) for n in (1, threads))
    np.testing.assert_array_equal(one.world.history_by_part, other.world.history_by_part)
    for name, column in one.world.customers.items():
        np.testing.assert_array_equal(column, other.world.customers[name], err_msg=name)


@pytest.mark.parametrize("market", ["all_at_work", "lines_and_amends", "voice"])
def test_counts_of_groups_add_up_to_the_whole_in_integers(market):
    scenario = Scenario.parse(MARKETS[market])
    world = after(scenario, parted=partition(scenario.population.customers)).world
    parts = world.history_by_part
    np.testing.assert_array_equal(parts.sum(axis=1), world.history)
    firms = {name for name, row in world.rows.items() if parts[:, -1, row].any()}
    assert firms <= OF_FIRMS, "counted of firms as a whole, though customers cause it"
    assert (parts[:, :-1].sum(axis=(0, 2, 3)) > 0).tolist() == [True, False, True, False]


def test_groups_that_are_made_of_cells_are_counted_as_such():
    scenario = Scenario.parse(MARKETS["default"])
    kpis = STANDARD
    found = record(scenario, 20, 3, kpis=kpis, partition=partition(3000))
    first, empty, second, _, both = found.groups
    for name in found.tallies:
        np.testing.assert_allclose(both.tallies[name], first.tallies[name] + second.tallies[name])
    assert np.isnan(empty.summary(kpis)).any()
    alone = record(scenario, 20, 3, kpis=kpis)
    np.testing.assert_array_equal(found.summary(kpis), alone.summary(kpis))
    np.testing.assert_array_equal(found.by_period(kpis), alone.by_period(kpis))


def test_a_part_holds_what_its_own_customers_did():
    """Every other customer is in the second group; her visits and spend are in her own account too."""
    scenario = Scenario.parse({**MARKETS["default"], "periods": 20, "customer_accounts": {}})
    half = Partition((np.arange(3000) % 2).astype(np.int64), 2, ((0,), (1,)))
    world = after(scenario, parted=half).world
    for tally, account in (("visits", "visits_so_far"), ("revenue", "spend_so_far")):
        counted = world.history_by_part[:, :2, world.rows[tally], :-1].sum(axis=0)
        of_odd = world.customers.customer_id % 2 == 1
        own = world.customers[account]
        np.testing.assert_array_equal(counted, [own[:, ~of_odd].sum(axis=1), own[:, of_odd].sum(axis=1)])


def test_a_restart_takes_other_groups_and_the_luck_of_another_replication():
    scenario = Scenario.parse(MARKETS["lines_and_amends"]).replace({"periods": 25})
    n = scenario.population.customers
    engine = after(scenario, parted=partition(n))
    engine.restart(5, partition(n, salt=9))
    engine.run(25)
    fresh = after(scenario, parted=partition(n, salt=9), replication=5)
    np.testing.assert_array_equal(engine.world.history_by_part, fresh.world.history_by_part)


def test_a_cell_that_does_not_exist_is_refused():
    with pytest.raises(Refusal, match="holds 0 to 5, but there are 4 cells"):
        Partition(np.arange(6), 4, ((0,),))
