"""`queue`: what it takes, from where, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.queues.queue import Queue
from abm.queues.serve import queue

MM1 = {"rate": 0.8, "minutes": 1.0}


def test_a_table_a_file_and_a_queue_are_the_same(tmp_path):
    path = tmp_path / "counter.toml"
    path.write_text("rate = 0.8\nminutes = 1.0\nservers = 2\n", encoding="utf-8")
    ways = [Queue(**MM1, servers=2), {**MM1, "servers": 2}, path, str(path)]
    waits = [queue(way, customers=500).summary["mean_wait"].iloc[0] for way in ways]
    assert len({*waits, queue(**MM1, servers=2, customers=500).summary["mean_wait"].iloc[0]}) == 1
    assert queue(path, servers=1, customers=500).queue == Queue(**MM1)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"customers": 0}, "customers = 0 is no whole number in [1, 50000000]; take one"),
        ({"customers": 2.5}, "customers = 2.5 is no whole number in [1, 50000000]; take one"),
        ({"customers": 10, "duration": 5.0}, "duration: comes with customers; give one of them"),
        ({"duration": -1.0}, "duration = -1.0 is no time in which people come; take minutes"),
        ({"replications": 0}, "replications = 0 is no whole number"),
        ({"seed": True}, "seed = true is no whole number"),
        ({"warm_up": -1}, "warm_up = -1 is less than nothing; take 0 or more"),
        ({"customers": 10, "warm_up": 10}, "warm_up = 10 leaves none of the 10 customers; take less"),
        ({"within": "soon"}, 'within = "soon" is no number of seconds; take 0 or more'),
        (
            {"rate": None},
            "queue: says not when people come; give rate, interarrival, appointments, population or arrival",
        ),
        ({"minutes": None}, "queue: says not how long service takes; give minutes, service or need"),
        ({"need": [1.0]}, "arrival: is missing; columns of needs or patience need one of arrivals"),
        ({"arrival": [1.0, -2.0]}, "arrival[1] = -2.0 minutes is not possible; take 0 or more"),
        ({"arrival": [1.0], "need": [1.0]}, "rate: comes with arrivals given; leave rate out"),
        ({"arrival": [1.0], "need": [1.0, 2.0]}, "need: has shape (2,), but 1 customers arrive; give one number each"),
        ({"arrival": ["x"]}, 'arrival = ["x"] is no column of minutes'),
        ({"servrs": 1}, "no Queue parameter 'servrs'; did you mean 'servers'?"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_in_one_line(values, line):
    with pytest.raises(Refusal) as caught:
        queue(**{**MM1, **values})
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_file_is_named_when_it_is_refused(tmp_path):
    path = tmp_path / "counter.toml"
    path.write_text("rate = 0.8\nminutes = 1.0\nroom = 0\n", encoding="utf-8")
    with pytest.raises(Refusal, match=r"^counter\.toml: room = 0 is outside \[1, 1e9\] \(customers\)$"):
        queue(path)
    path.write_text("minutes = 1.0\n", encoding="utf-8")
    with pytest.raises(Refusal, match=r"^counter\.toml: queue: says not when people come"):
        queue(path)


def test_columns_come_in_any_order():
    rng = np.random.Generator(np.random.Philox(1))
    arrival, need, patience = rng.random((3, 60)) * 20 + 0.01
    order = np.argsort(arrival)
    one = queue(arrival=arrival, need=need, patience=patience)
    other = queue(arrival=arrival[order], need=need[order], patience=patience[order])
    np.testing.assert_array_equal(one.traces[0].waited, other.traces[0].waited)


def test_too_many_lines_are_refused():
    kinds = [{"name": f"k{k}", "share": 1 / 17, "rank": k} for k in range(17)]
    with pytest.raises(Refusal, match=r"^kinds: make 17 lines; at most 16 are possible"):
        queue(**MM1, kinds=kinds, discipline="priority")
    with pytest.raises(Refusal, match=r"^lines: makes 17 pools of one server; at most 16 are possible"):
        queue(**MM1, servers=17, lines="parallel")


def test_a_kind_whom_nobody_serves_is_refused():
    kinds = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
    with pytest.raises(Refusal, match=r"^pools: serve no b at stage 1; add the kind to one of them$"):
        queue(**MM1, kinds=kinds, pools=[{"name": "p", "kinds": ["a"]}])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"rate": 1.0}, True),
        ({"rate": 0.99}, False),
        ({"rate": 5.0, "patience": 1.0}, False),
        ({"rate": 5.0, "room": 4}, False),
        ({"rate": 5.0, "balking": {"accepted": 1.0}}, False),
        ({"rate": 1.5, "servers": 2}, False),
        ({"rate": 1.5, "shifts": {"staff": [2, 0]}}, True),
        ({"rate": 1.2, "bot": {"contained": 0.3}}, False),
        ({"rate": 0.8, "repeats": {"share": 0.3}}, True),
    ],
    ids=str,
)
def test_a_load_that_servers_cannot_bear_is_said_and_not_refused(setting, said):
    found = queue(minutes=1.0, customers=200, **setting)
    assert not queue(arrival=[0, 1], need=[5, 5]).notes  # what is given is no long run
    assert bool(found.notes) is said
    assert ("the line grows as long as people come" in repr(found)) is said
