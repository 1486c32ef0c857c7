"""Hiring in the background: pools that come late, that cannot be had, and that nobody needs any more."""

from __future__ import annotations

import threading
import time

import pytest

from abm.core.errors import Refusal
from abm.study.running.hiring import Hiring


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
    """Keep whoever hires waiting until it is set."""
    gate = threading.Event()
    yield gate
    gate.set()


def late(pool, gate):
    """Return what hires the pool once the gate is open."""

    def hire():
        gate.wait()
        return pool

    return hire


def test_work_goes_on_until_the_pool_is_there(pool, gate):
    hiring = Hiring(late(pool, gate))
    assert not hiring.done
    gate.set()
    assert hiring.pool() is pool
    assert hiring.done
    assert not pool.closed.is_set()


def test_what_goes_wrong_is_raised_where_the_pool_is_asked_for():
    def hire():
        raise Refusal("no worker process could be started")

    hiring = Hiring(hire)
    with pytest.raises(Refusal, match="no worker process"):
        hiring.pool()
    assert hiring.done
    hiring.dismiss()  # nothing to end


@pytest.mark.parametrize("already_there", [True, False])
def test_a_pool_that_is_not_needed_is_closed(pool, gate, already_there):
    hiring = Hiring(late(pool, gate))
    if already_there:
        gate.set()
        hiring.pool()
    began = time.monotonic()
    hiring.dismiss()
    assert time.monotonic() - began < 1.0  # nobody waits for what loads
    gate.set()
    assert pool.closed.wait(5.0)
