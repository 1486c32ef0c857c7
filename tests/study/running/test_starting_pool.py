"""Pools that start in the background: late ones, some that cannot start, and some that nobody needs any more."""

from __future__ import annotations

import threading
import time

import pytest

from abm.core.errors import Refusal
from abm.study.running.starting_pool import StartingPool


class FakePool:
    """Notes whether it was closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def pool():
    return FakePool()


@pytest.fixture
def gate():
    """Keep pools from starting until it is set."""
    gate = threading.Event()
    yield gate
    gate.set()


def late(pool, gate):
    """Return a function that starts the pool once the gate is open."""

    def start():
        gate.wait()
        return pool

    return start


def test_work_goes_on_until_the_pool_has_started(pool, gate):
    starting = StartingPool(late(pool, gate))
    assert not starting.done
    gate.set()
    assert starting.pool() is pool
    assert starting.done
    assert not pool.closed.is_set()


def test_what_goes_wrong_is_raised_where_the_pool_is_asked_for():
    def start():
        raise Refusal("no worker process could be started")

    starting = StartingPool(start)
    with pytest.raises(Refusal, match="no worker process"):
        starting.pool()
    assert starting.done
    starting.close()  # there is nothing to end


@pytest.mark.parametrize("already_there", [True, False])
def test_a_pool_that_is_not_needed_is_closed(pool, gate, already_there):
    starting = StartingPool(late(pool, gate))
    if already_there:
        gate.set()
        starting.pool()
    began = time.monotonic()
    starting.close()
    assert time.monotonic() - began < 1.0  # nobody waits for workers that still load
    gate.set()
    assert pool.closed.wait(5.0)
