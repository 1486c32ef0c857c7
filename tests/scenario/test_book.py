"""The book of visits: whole over a market phase, in either of the two, and visits are refused where there are none."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.columns import Column, Tally
from abm.world.visits import DENIED

CROWD = Scenario.parse({"periods": 4, "population": {"customers": 9000, "purchase_rate": 0.6}})


@kernel(per="firm")
def count_visitors(book_start, book_visit, visit_firm, seen, strayed, lo, hi):
    """Count the visitors of each firm.  seen, strayed  tallies [written]"""
    for j in range(lo, hi):
        for k in range(book_start[j], book_start[np.int64(j) + 1]):
            seen[j] += 1
            strayed[j] += 1 if visit_firm[book_visit[k]] != np.int64(j) else 0


@kernel(per="firm")
def turn_away_every_other(book_start, book_visit, visit_outcome, lo, hi):
    """Serve every other visitor.  visit_outcome (book,)  [written]"""
    for j in range(lo, hi):
        for k in range(book_start[j], book_start[np.int64(j) + 1], 2):
            visit_outcome[book_visit[k]] = DENIED


@kernel(per="market")
def by_the_list(visit_count, seen):
    seen[0] += visit_count[0]


@kernel
def mark(marked, visit_count):
    """Mark all visitors.  marked (visits,)  [written]"""
    for v in range(visit_count[0]):
        marked[v] = 1


@kernel(per="firm")
def look_for_marks(marked, book_start, book_visit, seen, lo, hi):
    """Count the marked visitors of each firm.  seen  tally [written]"""
    for j in range(lo, hi):
        for k in range(book_start[j], book_start[np.int64(j) + 1]):
            seen[j] += marked[book_visit[k]]


@kernel
def of_visitors(visit_firm, lo, hi):
    pass


class Counting(Mechanism):
    """Counts visitors where they meet."""

    name = "counting"
    counts: ClassVar = (Tally("seen", "visitors", "seen"), Tally("strayed", "visitors", "at another firm"))
    writes: ClassVar = ("visit_outcome",)


def doing(*acts, **more):
    """Return the market with a mechanism that does this."""
    made = type("Doing", (Counting,), {"schedule": lambda self, policies: acts, "__module__": __name__, **more})
    return CROWD.adding(made())


def after(scenario, threads=1):
    """Return the world after all periods."""
    engine = Engine(scenario, seed=1, threads=threads)
    engine.run(4)
    return engine.world


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("phase", [Phase.OPERATIONS, Phase.CENTRE])
def test_everybody_is_seen_and_nothing_changes(phase, threads):
    """9,000 customers are several tiles; each visit is seen once, and all else has the bits of the market without."""
    world, plain = after(doing((phase, count_visitors)), threads), after(CROWD)
    np.testing.assert_array_equal(world.tallied("seen")[:, :-1], plain.tallied("visits")[:, :-1])
    assert world.tallied("strayed").sum() == 0
    for name, column in plain.customers.items():
        np.testing.assert_array_equal(column, world.customers[name], err_msg=name)
    for name in plain.tallies:
        np.testing.assert_array_equal(plain.tallied(name), world.tallied(name), err_msg=name)


@pytest.mark.parametrize("threads", [1, 3])
def test_who_is_turned_away_is_not_there_when_visitors_meet_again(threads):
    came = after(CROWD).tallied("visits")[0, :-1]
    world = after(doing((Phase.OPERATIONS, turn_away_every_other), (Phase.CENTRE, count_visitors)), threads)
    np.testing.assert_array_equal(world.tallied("seen")[0, :-1], came // 2)
    np.testing.assert_array_equal(world.tallied("seen"), world.tallied("visits") * [1, 1, 1, 0])
    np.testing.assert_array_equal(world.customers.encounters.sum(axis=1), world.tallied("seen").sum(axis=0)[:-1])


def test_the_estimate_has_room_for_what_is_kept():
    """What the book holds of the busiest period, and not the room reserved for it."""
    scenario = doing((Phase.OPERATIONS, count_visitors))
    world = after(scenario)
    busiest = world.tallied("visits")[:, :-1].sum(axis=1).max()
    held = busiest * sum(a.itemsize for name, a in world.book.items() if name.startswith("book") and a.size > 4)
    extra = scenario.estimated_bytes() - CROWD.estimated_bytes()
    assert held < extra < 4 * held


def test_the_estimate_has_room_for_records_of_visits():
    """A record of a service day takes some two hundred bytes a visit, of which the estimate knew nothing."""
    day = CROWD.replace({"waiting_line": {}, "firms.north.waiting_line.servers": 3})
    world = after(day)
    records = sum(a[:1].nbytes for name, a in world.book.items() if name.startswith("book.") and a.ndim == 2)
    visits = world.tallied("came").sum(axis=1).max()
    assert records > 200
    assert day.estimated_bytes() - CROWD.estimated_bytes() > records * visits


def test_the_list_of_a_tile_is_refused_where_everybodys_visits_are():
    with pytest.raises(Refusal, match=r"by_the_list .* takes visit_count, but in OPERATIONS everybody's"):
        doing((Phase.OPERATIONS, by_the_list))


@pytest.mark.parametrize("phase", [Phase.NEED, Phase.AWARENESS, Phase.CLOSING])
def test_visits_are_refused_where_there_are_none(phase):
    with pytest.raises(Refusal, match=rf"takes 'visit_firm' in {phase.name}, where there are no visits"):
        doing((phase, of_visitors))


@kernel
def count_marks(marked, visit_count, visit_firm, strayed):
    """Count the marked visitors of a tile.  strayed  tally [written]"""
    for v in range(visit_count[0]):
        strayed[visit_firm[v]] += marked[v]


@pytest.mark.parametrize("where", ["owns", "scratch"])
def test_what_a_tile_writes_of_visits_is_there_when_they_meet_and_afterwards(where):
    """Also in scratch, of several tiles, and after those who are turned away have left the list."""
    marked = Column("marked", ("visit",), 0, "0-1", "whether she is marked", "uint8")
    acts = (
        (Phase.ARRIVAL, mark), (Phase.OPERATIONS, look_for_marks), (Phase.OPERATIONS, turn_away_every_other),
        (Phase.DELIVERY, count_marks),
    )  # fmt: skip
    world = after(doing(*acts, **{where: (marked,)}))
    np.testing.assert_array_equal(world.tallied("strayed")[:, :-1], world.tallied("visits")[:, :-1])
    assert (world.tallied("seen")[:, :-1] > world.tallied("visits")[:, :-1]).all()


@kernel
def mark_record(marks, visit_count):
    """Mark all visitors.  marks (visits, 2)  [written]"""
    for v in range(visit_count[0]):
        marks[v, 0] = 1


@kernel(per="firm")
def look_for_records(marks, book_start, book_visit, seen, lo, hi):
    """Count the marked visitors of each firm.  seen  tally [written]"""
    for j in range(lo, hi):
        for k in range(book_start[j], book_start[np.int64(j) + 1]):
            seen[j] += marks[book_visit[k], 0]


def test_records_are_not_kept_until_visitors_meet():
    marks = Column("marks", ("visit", "firm"), 0, "0-1", "whether she is marked", "uint8")
    with pytest.raises(Refusal, match=r"mark_record of counting takes records 'marks' in ARRIVAL, but records are not"):
        doing((Phase.ARRIVAL, mark_record), (Phase.OPERATIONS, look_for_records), scratch=(marks,))
