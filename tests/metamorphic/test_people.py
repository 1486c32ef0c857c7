"""Where customers are, and who else is there, matters through ties and through what firms add up, and else not."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from abm.scenario.scenario import Scenario
from abm.world.partition import Partition
from tests.metamorphic.scenarios import (
    PER_PERSON,
    after,
    assert_same,
    assert_same_people,
    changed,
    holds_over,
    hundredths,
    markets,
    tied,
    with_firms,
)

AMONG_ALL = ("loyalty_type",)  # sorted into types by where an attitude stands among those of all customers
ALONE = {"base": 0.5, "contact_rate": 0.0, "weak_tie": 0.0, "strong_tie": 0.0}


@holds_over(markets(), st.integers(1, 4), st.integers(0, 99))
def test_rows_of_customers(market, cells, salt):
    """Luck and ties belong to identities: in which row a customer is kept decides nothing of anybody."""
    own = np.random.default_rng(salt).integers(0, cells + 1, market["population"]["customers"])
    parted = Partition(own, cells, tuple((k,) for k in range(cells)))
    assert_same(after(market), after(market, partition=parted))


@holds_over(markets(), st.integers(1, 4), st.integers(0, 99))
def test_parts_add_up(market, cells, salt):
    """Who is counted apart is counted once: whole numbers of all parts, of nobody's too, are those of the market."""
    own = np.random.default_rng(salt).integers(0, cells + 1, market["population"]["customers"])
    world = after(market, partition=Partition(own, cells, tuple((k,) for k in range(cells)))).world
    np.testing.assert_array_equal(world.history_by_part.sum(axis=1), after(market).world.history)


@holds_over(markets(("plain", "voice", "club", "books", "lines")), st.sampled_from(["ring", "complete"]))
def test_without_coupling_the_graph_is_nothing(market, kind):
    """Ties carry stories, and tell of firms by who uses them: where neither passes, any graph is none.

    Not where opinions, ratings and referral travel along ties as well (group talk).
    """
    quiet = changed(market, word_of_mouth=ALONE, defection={"contagion": 0.0})
    assert_same(after(quiet), after({**quiet, "network": {"kind": kind}}))


@holds_over(markets(PER_PERSON), st.integers(1, 60))
def test_newcomers_without_ties(market, newcomers):
    """A customer reaches others through ties alone, where no firm adds up over its customers what they feel."""
    drawn = {**market, "network": {"kind": "watts_strogatz"}}
    n = market["population"]["customers"]
    more = changed(drawn, population={"customers": n + newcomers}, network={"isolated": newcomers})
    assert_same_people(after(drawn).world, after(more).world, slice(0, n), AMONG_ALL)


@holds_over(markets(PER_PERSON), st.integers(1, 20), st.integers(0, 99))
def test_who_has_no_ties(market, alone, salt):
    """A customer without ties is the same whoever else talks to whom."""
    n = market["population"]["customers"]
    others = n - alone
    graphs = (tied(others, salt), tied(others, salt + 100))
    first, second = (after({**market, "network": graph}).world for graph in graphs)
    assert_same_people(first, second, slice(others, n), AMONG_ALL)


@holds_over(markets(PER_PERSON), st.integers(0, 99))
def test_two_markets_that_do_not_touch(market, salt):
    """Beside a copy of its graph with nobody tied to both, a market is bit for bit what it is alone."""
    n = market["population"]["customers"]
    once = tied(n, salt)
    ties = [*once["ties"], *((i + n, k + n) for i, k in once["ties"])]
    twice = {"kind": "ties", "ties": ties, "weights": [0.7] * len(ties)}
    one = after({**market, "network": once}).world
    two = after({**changed(market, population={"customers": 2 * n}), "network": twice}).world
    assert_same_people(one, two, slice(0, n), AMONG_ALL)


@holds_over(markets(("plain", "voice", "talk", "club", "books")), hundredths(0.3, 0.95), hundredths(0.5, 1.5))
def test_a_firm_that_nobody_knows(market, quality, price):
    """What nobody knows nobody uses, talks of or compares with: the others are the same, bit for bit.

    Nobody learns of it either, as nobody uses it and nobody discovers firms. Not where stories pass: with who has not
    bought yet a story has the room that a preference of 1 in m leaves, of all m firms, known or
    not. Nor in group lines: lines and shelves are planned for one part in m of all need.
    """
    closed = changed(market, word_of_mouth={"discovery": 0.0, "contact_rate": 0.0})
    m = len(market["firms"])
    unknown = {"name": "unknown", "initial_awareness": 0.0, "price": price, "service": {"quality": quality}}
    one, other = after(closed), after({**closed, "firms": [*closed["firms"], unknown]})
    for name in ("visits", "revenue", "goods", "service", "repeats", "positive_messages", "learned", "population"):
        first, second = one.world.tallied(name), other.world.tallied(name)
        np.testing.assert_array_equal(first, second[:, [*range(m), m + 1]], err_msg=name)
    assert not other.world.tallied("visits")[:, m].any()
    np.testing.assert_array_equal(one.world.customers.provider, other.world.customers.provider)
    np.testing.assert_array_equal(one.world.customers.satisfaction, other.world.customers.satisfaction[:m])


@holds_over(markets(), st.lists(st.integers(1, 9), min_size=2, max_size=4))
def test_kinds_of_customers_who_do_not_differ(market, weights):
    """A segment is traits of its own: segments without any are the population they are parts of."""
    shares = np.round(np.array(weights) / sum(weights), 3)
    shares[-1] = 1.0 - shares[:-1].sum()
    segments = [{"name": f"kind_{k}", "share": float(share)} for k, share in enumerate(shares)]
    assert_same(after(market), after(changed(market, population={"segments": segments})), but={"segment"})


@holds_over(markets(), st.data())
def test_more_who_know_it_from_the_start(market, data):
    """Who knows a firm is drawn against its awareness: with more of it nobody who knew it knows it no longer."""
    low, high = sorted(data.draw(st.tuples(hundredths(0, 1), hundredths(0, 1))))
    aware = []
    for share in (low, high):
        engine = after({**with_firms(market, {"initial_awareness": share}), "periods": 0, "burn_in": 0})
        aware.append(engine.world.customers.aware[0] > 0)
    assert not np.any(aware[0] & ~aware[1])
    assert np.array_equal(aware[0], aware[1]) or low < high


def test_the_graphs_of_the_relations_above_couple():
    """Where stories do pass, another graph is another market: the bits above could differ."""
    market = Scenario.parse({"periods": 20, "population": {"customers": 150, "purchase_rate": 1.0}})
    first, second = (after(market.replace({"network": tied(150, salt)})).world for salt in (1, 2))
    assert not np.array_equal(first.customers.word_of_mouth, second.customers.word_of_mouth)
