"""How a run is carried out decides nothing, and what is still to come does not reach back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario
from abm.world.calendar import year_closes
from tests.metamorphic.scenarios import (
    GROUPS,
    after,
    assert_same,
    holds_over,
    hundredths,
    markets,
)


def assert_same_counts(one: Engine, other: Engine) -> None:
    """The same was counted, bit for bit, in the periods that both have and in which the books of neither close."""
    runs = [
        (engine.scenario.periods_per_year, engine.scenario.burn_in, engine.scenario.periods) for engine in (one, other)
    ]
    both = min(periods for *_, periods in runs)
    quiet = [t for t in range(both) if not any(year_closes(t + 1, *run) for run in runs)]
    for name in one.world.tallies:
        first, second = (engine.world.tallied(name)[quiet] for engine in (one, other))
        np.testing.assert_array_equal(first, second, err_msg=name)


@holds_over(markets(), st.integers(2, 3))
def test_threads(market, threads):
    """Nothing that is done for one customer depends on another of the same stage, and sums are whole numbers."""
    assert_same(after(market), after(market, threads=threads))


@holds_over(markets(), st.sampled_from([1, 2, 7, 64]))
def test_customers_worked_on_at_a_time(market, tile):
    """A tile is how many customers are worked on at a time: luck is addressed by identity, so no tile is luckier."""
    engine = Engine(Scenario.parse(market), 1)
    engine.set_tile(tile)
    engine.run(market["periods"])
    assert_same(after(market), engine)


def test_tiles_of_one_customer_have_their_places_in_the_book():
    """The list of tiles was as long as tiles of 16 need: smaller ones were written past its end."""
    firms = [{"name": "north", "waiting_line": {"servers": 2}}, {"name": "east"}]
    market = {"periods": 3, "population": {"customers": 40}, "firms": firms, "waiting_line": {}}
    engine = Engine(Scenario.parse(market), 1)
    engine.set_tile(1)
    assert engine.world.book.tile_length.size >= 40
    assert engine.world.book.tile_first.size == engine.world.book.tile_length.size
    engine.run(3)
    assert_same(after(market), engine)


@holds_over(markets(), st.lists(st.integers(0, 29), max_size=4))
def test_a_run_in_pieces(market, stops):
    """What is known of a market is in its columns: T periods and then T' are T + T' in one."""
    engine = Engine(Scenario.parse(market), 1)
    for stop in sorted({stop for stop in stops if stop < market["periods"]}):
        engine.run(stop - engine.t)
    engine.run(market["periods"] - engine.t)
    assert_same(after(market), engine)


@holds_over(markets(), st.integers(0, 30), st.integers(1, 5))
def test_starting_again(market, upto, replication):
    """An engine that is started again has forgotten what it did, whatever that was and however far it came."""
    engine = Engine(Scenario.parse(market), 1)
    engine.run(min(upto, market["periods"]))
    engine.restart(replication)
    engine.run(market["periods"])
    assert_same(after(market, replication=replication), engine)


@holds_over(markets(), st.integers(1, 10))
def test_a_longer_run(market, longer):
    """Nobody foresees the end: with more periods to come the earlier ones are the same, but for books that close."""
    assert_same_counts(after(market), after({**market, "periods": market["periods"] + longer}))


@holds_over(markets(), st.integers(1, 9))
def test_what_is_left_over_behind_whole_years(market, left):
    """A few weeks had counted as another year, in which few bought and fewer were retained."""
    years = {**market, "periods_per_year": 10, "burn_in": 5, "periods": 25}
    one, other = after(years), after({**years, "periods": 25 + left})
    for name in ("buyers", "retained", "own_at_start", "year_visits", "customers_at_close", "wallet_all"):
        np.testing.assert_array_equal(one.world.tallied(name).sum(axis=0), other.world.tallied(name).sum(axis=0))


@holds_over(markets(), st.data())
def test_what_counts_from_when(market, data):
    """The burn-in says from when results count: of what customers do it moves nothing, but for books that close."""
    other = {**market, "burn_in": data.draw(st.integers(0, market["periods"]))}
    assert_same_counts(after(market), after(other))


@holds_over(markets(), st.integers(1, 29), hundredths(0.5, 2.0))
def test_a_change_at_a_date(market, date, price):
    """Before its date a change is not there, and a change to what holds anyway is none."""
    date = min(date, market["periods"] - 1)

    def at_the_date(price):
        return after({**market, "changes": [{"name": "new", "from": date, "set": {"firms.north.price": price}}]})

    plain, later = after(market), at_the_date(price)
    assert_same(plain, at_the_date(market["firms"][0]["price"]))
    for name in plain.world.tallies:
        np.testing.assert_array_equal(plain.world.tallied(name)[:date], later.world.tallied(name)[:date], err_msg=name)


@pytest.mark.parametrize("group", GROUPS)
def test_relations_compare_something(group):
    """In each group of theories customers buy, and the bits of a run move with its luck."""

    @holds_over(markets((group,)))
    def there_are_visits(market):
        seen.append(after(market).world.tallied("visits")[:, :-1].sum() > 0)

    seen: list[bool] = []
    there_are_visits()
    assert np.mean(seen) > 0.8
