"""The rules of a queue as arrays: which lines there are, who joins them, who serves them, in what order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.queues import rules as r
from abm.queues.layout import layout, shifts
from abm.queues.parts import Pool
from abm.queues.queue import Queue

KINDS = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "rank": 3}]


def made(**setting):
    spec = Queue(**{"rate": 1.0, "minutes": 1.0, **setting})
    return layout(spec, np.ones(spec.stages))


def test_all_share_a_line_unless_they_differ():
    assert len(made(kinds=KINDS).lines_named) == 1
    assert len(made(kinds=KINDS, discipline="priority").lines_named) == 2
    assert len(made(kinds=KINDS, pools=[{"name": "p", "kinds": ["a"]}, {"name": "q"}]).lines_named) == 2
    assert len(made(kinds=KINDS, lines="parallel", servers=3).lines_named) == 3
    assert len(made(kinds=KINDS, minutes=None, service=[1.0, 1.0]).lines_named) == 2


def test_ranks_by_hand():
    """Line 0 is of a, of rank 0; line 1 of b, who is served no earlier than a: both are before it."""
    found = made(kinds=KINDS, discipline="priority")
    assert found.lines[0, :, r.RANK].tolist() == [0, 3]
    assert found.lines[0, :, r.BEFORE].tolist() == [0b01, 0b11]
    assert found.joins[0, 0].tolist() == [0b01, 0b10]
    assert found.pools[0, 0, r.SERVES] == 0b11
    assert found.rules[0, r.FAIRNESS] == 1.0


def test_skills_by_hand():
    pools = [{"name": "general", "skills": ["b"], "pace": 2.0}, {"name": "only_a", "kinds": ["a"], "servers": 3}]
    found = made(kinds=KINDS, pools=pools)
    assert found.pools[0, :, r.SERVES].tolist() == [0b11, 0b01]
    assert found.pools[0, :, r.WITHOUT_SKILL].tolist() == [0b01, 0b00]
    assert found.pace.tolist() == [[2.0, 1.0]]
    assert found.staff.tolist() == [1, 3]


def test_an_express_line_has_servers_of_its_own_or_is_served_first():
    """Classes are kinds of short needs, then of long ones."""
    found = made(kinds=KINDS, discipline="express", express_limit=1.0, servers=3, express_servers=1)
    assert found.joins[0, 0].tolist() == [0b01, 0b01, 0b10, 0b10]
    assert found.pools[0, :, r.SERVES].tolist() == [0b01, 0b10]
    assert found.staff.tolist() == [1, 2]
    first = made(discipline="express", express_limit=1.0, servers=3)
    assert first.pools[0, :, r.SERVES].tolist() == [0b11]
    assert first.lines[0, :, r.RANK].tolist() == [0, 1]


def test_call_backs_have_the_last_line():
    found = made(kinds=KINDS, discipline="priority", call_back={"after": 1.5, "taken": 0.4})
    assert found.rules[0, r.CALL_BACK_LINE] == 2
    assert (found.rules[0, r.CALL_BACK_AFTER], found.rules[0, r.CALL_BACK_TAKEN]) == (1.5, 0.4)
    assert found.lines[0, 2, r.RANK] == 3  # with the last kind, so that a place in line is kept
    assert made(kinds=KINDS, call_back={"rank": 9}).lines[0, 1, r.RANK] == 9
    assert not any((found.joins & 0b100).flat)


def test_shifts_by_hand():
    pools = (Pool(name="a", shifts={"staff": [2, 0, 1], "interval": 10.0}), Pool(name="b", servers=4))
    times, places, staff = shifts(pools, 25.0)
    assert times.tolist() == [10, 20, 30, 40, 50]
    assert staff.tolist() == [0, 1, 2, 0, 1]
    assert set(places.tolist()) == {0}


@given(
    kinds=st.integers(1, 4), servers=st.integers(1, 4), lines=st.sampled_from(["single", "parallel"]),
    discipline=st.sampled_from(["fcfs", "priority"]),
)  # fmt: skip
def test_every_class_has_a_line_that_somebody_serves(kinds, servers, lines, discipline):
    named = [{"name": f"k{k}", "share": 1 / kinds, "rank": k} for k in range(kinds)]
    found = made(kinds=named, servers=servers, lines=lines, discipline=discipline)
    served = np.bitwise_or.reduce(found.pools[0, :, r.SERVES])
    assert all(bits and bits & served == bits for bits in found.joins[0, 0].tolist())
    assert served == (1 << len(found.lines_named)) - 1
    for k, line in enumerate(found.lines[0]):
        assert line[r.BEFORE] >> k & 1  # who came before in the own line is served no later
    assert found.rules[0, r.LINES] == pytest.approx(len(found.lines_named))
