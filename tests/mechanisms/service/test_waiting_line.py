"""Waiting line: against the twin, Erlang A in print, whole runs, and nothing where there is no line."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.value import lever_cost
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.waiting_line import abandonment_rate, mean_wait, resented_wait
from abm.scenario.scenario import Scenario
from tests.reference import waiting_line as twin

PATIENT = {"service_minutes": 1.0, "patience_minutes": 2.0, "annoyance": 0.0, "resentment": 0.0}
# Erlang A: 48 arrivals a minute, one minute of service, two of patience; from the closed form of the birth-death chain
ERLANG_A = {45: 0.0836, 48: 0.0476, 50: 0.0309, 55: 0.0086}


def busy(customers, servers, periods=20, **line):
    """Return a market with one firm to which about every customer comes once a period, 48 a minute."""
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "purchase_rate": 1.0, "rate_shape": 1e6},
            "choice": {"outside": -80.0},
            "network": {"kind": "ring"},
            "off": ["word_of_mouth", "lifecycle", "defection"],
            "firms": [{"name": "north", "waiting_line": {"servers": servers}}],
            "waiting_line": {"minutes_open": customers / 48.0, **PATIENT, **line},
        }
    )


def two_lines(**line):
    """Return a market with two lines and a firm without."""
    firms = [{"name": name, "waiting_line": {"servers": s}} for name, s in (("north", 3), ("east", 2), ("south", 0))]
    settings = {"minutes_open": 300.0, "service_minutes": 9.0, "patience_minutes": 15.0, **line}
    population = {"customers": 700, "purchase_rate": 0.5}
    return Scenario.parse({"periods": 12, "population": population, "firms": firms, "waiting_line": settings})


def test_the_line_is_that_of_the_twin_visitor_by_visitor():
    """Over periods, as servers may be busy at the closing: who gives up, all waits, when servers are free."""
    engine = Engine(busy(60, 2, 6), seed=5)
    p, key, free = {**twin.EXAMPLE, **PATIENT, "minutes_open": 60 / 48.0}, stream_key(5, "waiting_line"), [0.0, 0.0]
    gave_up = 0
    for t in range(6):
        engine.run(1)
        book = engine.world.book
        places = book["book_visit"][: book["book_start"][1]]
        who, nth = book["book.visit_customer"][places], book["book.visit_nth"][places]
        words = [uniform4(key, i, t, k, 0)[:3] for i, k in zip(who, nth, strict=True)]
        drawn = [twin.draws([float(u) for u in three], p) for three in words]
        outcomes, waits, free = twin.serve(*map(list, zip(*drawn, strict=True)), 2, free, p["minutes_open"])
        np.testing.assert_allclose(book["book.wait"][places], waits, atol=1e-4)
        assert [bool(o) for o in book["book.visit_outcome"][places]] == [o == twin.ABANDONED for o in outcomes]
        np.testing.assert_allclose(sorted(engine.world.customers.server_free[0, :2]), free, atol=1e-4)
        gave_up += outcomes.count(twin.ABANDONED)
    assert gave_up == engine.world.tallied("gave_up")[:, 0].sum() > 50


@pytest.mark.parametrize("servers", ERLANG_A)
@pytest.mark.parametrize(("customers", "periods"), [(1_000, 400), (100_000, 5)])
def test_who_gives_up_is_erlang_a(customers, periods, servers):
    """Within three standard errors, by batches of consecutive arrivals."""
    engine = Engine(busy(customers, servers, periods), seed=1)
    engine.run(periods)
    warm = periods // 20
    lost, came = (engine.world.tallied(name)[warm:, 0] for name in ("gave_up", "came"))
    batches = 20 if periods > 20 else len(lost)
    parted = zip(np.array_split(lost, batches), np.array_split(came, batches), strict=True)
    shares = [some.sum() / of.sum() for some, of in parted]
    error = np.std(shares, ddof=1) / np.sqrt(batches)
    assert abs(lost.sum() / came.sum() - ERLANG_A[servers]) < 3 * error
    assert error < 0.003


@pytest.mark.parametrize("threads", [2, 3])
def test_the_bits_depend_neither_on_threads_nor_on_tiles(threads):
    one, several = Engine(two_lines(), 1), Engine(two_lines(), 1, threads=threads)
    small = Engine(two_lines(), 1)
    small.set_tile(50)
    for engine in (one, several, small):
        engine.run(12)
    assert one.world.tallied("gave_up").sum() > 20
    for other in (several, small):
        np.testing.assert_array_equal(one.world.history, other.world.history)
        for name, column in one.world.customers.items():
            np.testing.assert_array_equal(column, other.world.customers[name], err_msg=name)


def test_only_who_is_served_buys():
    """Visits, money, encounters and points are those of the served; what each firm loses is what gave up."""
    scenario = two_lines().replace({"firms.north.program": {"preset": "points", "hassle": 0.0}})
    engine = Engine(scenario, seed=2)
    engine.run(12)
    counted = {name: engine.world.tallied(name).sum(axis=0)[:-1] for name in ("visits", "came", "gave_up")}
    np.testing.assert_array_equal(counted["visits"][:2], (counted["came"] - counted["gave_up"])[:2])
    np.testing.assert_array_equal(counted["visits"], engine.world.customers.encounters.sum(axis=1))
    assert counted["gave_up"][:2].min() > 0
    assert counted["gave_up"][2] == 0
    assert not engine.world.customers.year_purchases.any(), "the books of the run are closed"
    assert engine.world.tallied("year_visits").sum() == counted["visits"].sum()


def test_waiting_and_giving_up_are_resented():
    settings = ({"annoyance": 0.0, "resentment": 0.0}, {"annoyance": 0.05, "resentment": 0.3})
    calm, annoyed = (record(two_lines(**one), 3).summary((csi,))[:, 0] for one in settings)
    assert np.all(annoyed[:2] < calm[:2] - 1.0)
    assert resented_wait(np.float32(200.0), np.float32(0.01)) == 1.0
    assert twin.resented_wait(200.0, twin.EXAMPLE) == 1.0


def test_servers_cost_money_and_shorten_waits():
    few, many = (two_lines().replace({"firms.north.waiting_line.servers": s}) for s in (2, 6))
    found = [record(one, 4).summary((mean_wait, abandonment_rate, lever_cost))[0] for one in (few, many)]
    assert found[1][0] < found[0][0]
    assert found[1][1] < found[0][1]
    servers = (record(many, 4).tallies["staffing"][:, 0]).tolist()
    assert servers == [60.0] * 12
    assert twin.staffing_cents(6, 10.0) == 6000


def test_where_everybody_is_served_at_once_nothing_is_done_for_lines():
    """A market with the theory but without lines has the steps and the bits of one without the theory."""
    plain = Scenario.parse({"periods": 10, "population": {"customers": 300}})
    with_theory = plain.replace({"waiting_line": {}})
    assert [step.name for step in with_theory.steps()] == [step.name for step in plain.steps()]
    first, second = Engine(plain, 1), Engine(with_theory, 1)
    for engine in (first, second):
        engine.run(10)
    assert not second.world.book
    for name, column in first.world.customers.items():
        np.testing.assert_array_equal(column, second.world.customers[name], err_msg=name)


def test_a_lever_without_the_theory_is_refused():
    with pytest.raises(Refusal, match=r"firm 'north' sets waiting_line, but the market has no waiting_line"):
        Scenario().replace({"firms.north.waiting_line.servers": 2})


def test_the_stages_part_where_visitors_meet():
    phases = [step.phase for step in two_lines().steps()]
    assert phases == sorted(phases)
    assert Phase.OPERATIONS in phases


def test_nobody_is_pressed_where_no_theory_presses():
    """The sum is read in the book, where it has to be written first: a visitor of pressure 0 would wait for ever."""
    engine = Engine(two_lines(), 1)
    engine.run(12)
    book = engine.world.book
    for j in range(3):
        places = book["book_visit"][book["book_start"][j] : book["book_start"][j + 1]]
        assert places.size > 20
        assert (book["book.time_pressure"][places] == 1.0).all()
