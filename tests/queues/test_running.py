"""A day of a queue: by hand, by recursion, the same customers under other rules, and at limits."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.queues.people import Luck, drawn
from abm.queues.queue import Queue
from abm.queues.running import served
from abm.queues.serve import queue
from tests.examples import examples


def day(customers=800, seed=5, **setting):
    spec = Queue(**{"rate": 0.9, "minutes": 1.0, **setting})
    size = spec.population.size if spec.population else 0
    return served(spec, drawn(spec, Luck(seed, 0, size), customers, None), seed, 0)


def by_hand(**setting):
    """Five customers at 0, 1, 2, 3 and 10 with needs of 4, 2, 3, 1 and 1 minutes."""
    return queue(arrival=[0, 1, 2, 3, 10], need=[4, 2, 3, 1, 1], warm_up=0, **setting).traces[0]


def test_one_server_by_hand():
    found = by_hand()
    np.testing.assert_array_equal(found.began, [0, 4, 6, 9, 10])
    np.testing.assert_array_equal(found.waited, [0, 3, 4, 6, 0])
    np.testing.assert_array_equal(found.left, [4, 6, 9, 10, 11])
    assert (found.longest, found.busy[0], found.ended) == (3, 11.0, 11.0)


def test_two_servers_by_hand():
    found = by_hand(servers=2)
    np.testing.assert_array_equal(found.began, [0, 1, 3, 4, 10])
    np.testing.assert_array_equal(found.left, [4, 3, 6, 5, 11])


def test_patience_by_hand():
    """The third gives up at 4.5, before 6; the fourth would wait till 6 and has the time."""
    found = by_hand(patience=[9, 9, 2.5, 9, 9])
    np.testing.assert_array_equal(found.outcome, [0, 0, 2, 0, 0])
    np.testing.assert_array_equal(found.waited, [0, 3, 2.5, 3, 0])
    assert found.left[2] == 4.5
    assert np.isnan(found.began[2])


def test_a_room_by_hand():
    """Two are inside at 2 and at 3: the third and the fourth are turned away."""
    np.testing.assert_array_equal(by_hand(room=2).outcome, [0, 0, 3, 3, 0])


def test_an_express_line_by_hand():
    """At 4 the first with a need of at most 2 goes first, then the other, and only then who needs 3."""
    found = by_hand(discipline="express", express_limit=2.0)
    np.testing.assert_array_equal(found.began, [0, 4, 7, 6, 10])
    np.testing.assert_array_equal(found.overtaken, [0, 0, 1, 0, 0])


def test_shifts_by_hand():
    """Nobody is on duty from 5 to 10: a service that has begun is finished, and the next begins at 10."""
    found = by_hand(shifts={"staff": [1, 0], "interval": 5.0})
    np.testing.assert_array_equal(found.began, [0, 4, 10, 13, 14])
    assert found.on_duty[0] == 10.0  # of 15 minutes, 5 of them without anybody


def test_parallel_lines_by_hand():
    """Each joins the shorter line: 1 and 3 the second, where the third waits behind the service of 2 minutes."""
    found = by_hand(lines="parallel", servers=2)
    np.testing.assert_array_equal(found.pool, [0, 1, 0, 1, 0])
    np.testing.assert_array_equal(found.began, [0, 1, 4, 3, 10])


def test_stages_by_hand():
    """The second is done with the first stage at 4, when the other server has had the first for 2 of 5 minutes."""
    pools = [{"name": "desk"}, {"name": "till", "stage": 2}]
    found = queue(arrival=[0, 1], need=[[2, 2], [5, 1]], warm_up=0, pools=pools).traces[0]
    np.testing.assert_array_equal(found.began, [2, 7])
    np.testing.assert_array_equal(found.left, [7, 8])
    np.testing.assert_array_equal(found.waited, [0, 1 + 3])
    np.testing.assert_array_equal(found.busy, [4, 6])


def test_tickets_of_who_left_still_count():
    """With numbers drawn, who gave up at 2 still seems to wait when the fourth comes; in a line she does not."""
    spec = {"arrival": [0, 1, 1, 3], "need": [10, 1, 1, 1], "patience": [99, 1, 99, 99], "warm_up": 0}
    balking = {"accepted": 7.0, "scale": 0.0}  # a service takes 3.25 minutes in the mean: 2 are too many ahead
    assert queue(**spec, balking=balking).traces[0].outcome.tolist() == [0, 2, 0, 0]
    assert queue(**spec, balking=balking, lines="tickets").traces[0].outcome.tolist() == [0, 2, 0, 1]


def test_a_call_back_is_taken_by_who_would_wait_long():
    """Who would wait more than 2 minutes is called back; she does not give up, nor is in the room."""
    spec = {"arrival": [0, 1, 1, 3], "need": [10, 1, 1, 1], "patience": [99, 2, 2, 2], "warm_up": 0}
    found = queue(**spec, call_back={"after": 2.0, "taken": 1.0}, room=1).traces[0]
    assert found.outcome.tolist() == [0, 3, 3, 3]  # as many as there is room for, they do not even ask
    found = queue(**spec, call_back={"after": 2.0, "taken": 1.0}).traces[0]
    np.testing.assert_array_equal(found.began, [0, 10, 11, 12])
    assert (found.outcome == 0).all()
    assert found.called_back == 3


IN_ORDER = [
    {},
    {"servers": 3, "rate": 2.5},
    {"pools": [{"name": "a", "servers": 4, "pace": 2.0}]},
    {"service": {"kind": "constant", "value": 1.0}, "minutes": None, "interarrival": 1.0, "rate": None},
    {"profile": {"rates": [0.5, 2.0], "interval": 30.0}, "lines": "tickets"},
    {"rate": 3.0, "servers": 2},
    {"kinds": [{"name": "a", "share": 0.5, "service": 0.5}, {"name": "b", "share": 0.5, "service": 1.5}]},
]


def by_recursion(arrival, need, servers, pace=1.0):
    """Return when service of each begins and ends, if all are served in the order in which they come."""
    free, began, left = [0.0] * servers, [], []
    for comes, minutes in zip(arrival, need, strict=True):
        began.append(max(comes, heapq.heappop(free)))
        left.append(began[-1] + minutes * pace)
        heapq.heappush(free, left[-1])
    return began, left


@pytest.mark.parametrize("setting", IN_ORDER, ids=str)
def test_a_line_in_order_has_the_numbers_of_a_recursion(setting):
    """Bit for bit: a customer begins when she has come and the first server is free."""
    found = day(**setting)
    pool = setting.get("pools", [{"servers": setting.get("servers", 1)}])[0]
    began, left = by_recursion(found.arrival, found.people.need[0], pool["servers"], pool.get("pace", 1.0))
    np.testing.assert_array_equal(found.began, began)
    np.testing.assert_array_equal(found.left, left)
    np.testing.assert_array_equal(found.waited, np.subtract(began, found.arrival))
    assert found.ended == max(left)


@given(
    arrival=st.lists(st.integers(0, 12), min_size=1, max_size=25),
    needs=st.lists(st.integers(0, 6), min_size=25, max_size=25),
    servers=st.integers(1, 4),
)
@settings(deadline=None, max_examples=examples(60))
def test_it_has_them_at_equal_times_too(arrival, needs, servers):
    people = drawn(Queue(rate=1.0, minutes=1.0), Luck(1, 0), len(arrival), None)
    people.arrival, people.need = np.sort(np.array(arrival, float)), np.array(needs[: len(arrival)], float)[None, :]
    found = served(Queue(servers=servers), people, 1, 0)
    began, left = by_recursion(people.arrival, people.need[0], servers)
    np.testing.assert_array_equal(found.began, began)
    np.testing.assert_array_equal(found.left, left)


LIMITS = [
    ({"patience": 1e9}, {}),
    ({"room": 10**8}, {}),
    ({"patience": 2.0, "retries": {"share": 0.0}}, {"patience": 2.0}),
    ({"patience": 2.0, "repeats": {"share": 0.0, "wrong_skill": 1.0}}, {"patience": 2.0}),
    ({"patience": 2.0, "call_back": {"taken": 0.0}}, {"patience": 2.0}),
    ({"bot": {"contained": 0.0, "minutes": 0.0}, "patience": 2.0}, {"patience": 2.0}),
    ({"balking": {"accepted": 1e9}, "patience": 2.0}, {"patience": 2.0}),
    ({"discipline": "express", "express_limit": 1e9}, {}),
    ({"announcement": {}, "patience": 2.0}, {"patience": 2.0}),
    ({"lines": "parallel"}, {}),
    ({"pools": [{"name": "a"}, {"name": "b"}], "patience": 2.0}, {"servers": 2, "patience": 2.0}),
    ({"shifts": {"staff": [2, 2]}, "patience": 2.0}, {"servers": 2, "patience": 2.0}),
]


@pytest.mark.parametrize(("setting", "limit"), LIMITS, ids=str)
def test_at_its_limit_a_rule_changes_nothing(setting, limit):
    one, other = day(**setting), day(**limit)
    for name in ("outcome", "waited", "began", "left", "tries"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_naors_customers_make_a_room_of_their_own():
    """Who joins only if value >= cost x (inside + 1) services joins if the room of value / cost is not full."""
    naor = day(balking={"rule": "naor", "value": 4.5, "cost": 1.0}, customers=3_000)
    room = day(room=4, customers=3_000)
    np.testing.assert_array_equal(naor.outcome == 1, room.outcome == 3)
    assert (naor.outcome == 1).any()
    np.testing.assert_array_equal(naor.left, room.left)


def test_naors_customers_reckon_with_the_pace_of_servers():
    """At a pace of 0.5 a service takes half a minute, so that 2.25 are worth 4 services at a cost of 1."""
    pools = [{"name": "quick", "pace": 0.5}]
    naor = day(balking={"rule": "naor", "value": 2.25, "cost": 1.0}, pools=pools, rate=2.0, customers=2_000)
    room = day(room=4, pools=pools, rate=2.0, customers=2_000)
    np.testing.assert_array_equal(naor.outcome == 1, room.outcome == 3)


def test_priority_moves_waits_and_no_work():
    """The work done by any time is the same whoever is served first: so is the end, and the time servers are busy."""
    kinds = [{"name": "a", "share": 0.5, "rank": 0}, {"name": "b", "share": 0.5, "rank": 1}]
    one, other = day(discipline="priority", kinds=kinds), day(kinds=kinds)
    assert one.busy[0] == pytest.approx(other.busy[0], rel=1e-12)
    assert one.ended == pytest.approx(other.ended, rel=1e-12)
    first = one.people.kind == 0
    assert one.waited[first].mean() < other.waited[first].mean() < one.waited[~first].mean()
    assert (one.overtaken[first] == 0).all()


def test_skills_send_people_to_who_has_them():
    """A specialist is taken before a generalist without the skill, who takes wrong_pace times as long."""
    kinds = [{"name": "a", "share": 1.0}]
    pools = [{"name": "lacks", "skills": ["b"]}, {"name": "has"}]
    kinds.append({"name": "b", "share": 0.0})
    spec = {"kinds": kinds, "pools": pools, "wrong_pace": 2.0}
    found = queue(arrival=[0, 1], need=[10, 10], warm_up=0, **spec).traces[0]
    np.testing.assert_array_equal(found.pool, [1, 0])
    np.testing.assert_array_equal(found.left, [10, 21])


def test_batches_leave_together():
    found = queue(arrival=[0, 1, 2, 3], need=[4, 1, 2, 3], warm_up=0, pools=[{"name": "lift", "batch": 2}]).traces[0]
    np.testing.assert_array_equal(found.began, [0, 4, 4, 6])
    np.testing.assert_array_equal(found.left, [4, 6, 6, 9])


def test_a_finite_population_is_never_more_than_its_members():
    found = day(rate=None, population={"size": 3, "between": 0.5}, customers=2_000)
    here = np.concatenate(
        (np.stack((found.arrival, np.ones(len(found.arrival)))).T, np.stack((found.left, -np.ones(len(found.left)))).T)
    )
    inside = np.cumsum(here[np.lexsort((here[:, 1], here[:, 0]))][:, 1])
    assert inside.max() == 3
    for member in range(3):
        own = np.flatnonzero(found.who == member)
        assert (found.arrival[own][1:] > found.left[own][:-1]).all()


def test_slots_before_times_of_coming():
    """Whoever comes on time is served in the order of the slots."""
    late = {"kind": "constant", "value": 0.0}
    found = queue(
        rate=None, appointments={"every": 1.0, "lateness": late}, minutes=1.0, discipline="appointment", customers=50
    )
    assert (np.diff(found.traces[0].began) >= 0).all()


def test_who_does_not_keep_a_slot_is_not_served():
    found = day(rate=None, appointments={"every": 2.0, "no_show": 0.3}, customers=500)
    absent = found.outcome == 5
    assert 100 < absent.sum() < 200
    assert np.isnan(found.left[absent]).all()
    assert np.isfinite(found.left[~absent]).all()
