"""Threads of a run: who does which rows decides nothing, and what is slower is not gone on with."""

import numpy as np
import pytest

from abm.bench.reference import relationship
from abm.core.kernels import COMPILED
from abm.engine import team
from abm.engine.engine import Engine
from abm.engine.team import Pace, Team
from abm.scenario.scenario import Scenario
from tests.baselines.digests import digests

MARKET = {
    "population": {"customers": 700}, "periods": 40, "burn_in": 4, "waiting_line": {}, "complaint": {}, "recovery": {},
    "firms": [{"name": "north", "program": {"preset": "points"}}, {"name": "south"}],
}  # fmt: skip


def lived(threads, decide=None, monkeypatch=None, tile=None):
    """Return all that was counted in a market, and every column of its customers at the end."""
    if decide is not None:
        monkeypatch.setattr(Pace, "decide", decide)
    engine = Engine(Scenario.parse(MARKET), 5, 1, threads)
    if tile:
        engine.set_tile(tile)
    engine.run(40)
    return engine.world.history.copy(), {name: column.copy() for name, column in engine.world.customers.items()}


def same(first, second):
    """Return whether two markets are the same to the last bit."""
    columns = all(np.array_equal(first[1][name], second[1][name], equal_nan=True) for name in first[1])
    return np.array_equal(first[0], second[0]) and columns


@pytest.fixture(scope="module")
def alone():
    """The market of one thread."""
    return lived(1)


class TestWhoDoesWhat:
    @pytest.mark.parametrize("threads", [2, 3])
    def test_together_or_alone_is_the_same(self, threads, alone, monkeypatch):
        """In slices of three periods: always together, always alone, and in turn."""
        turns = iter([True, False] * 1000)
        for decide in (lambda _: (True, 3), lambda _: (False, 3), lambda _: (next(turns), 3)):
            assert same(lived(threads, decide, monkeypatch), alone)

    def test_tiles_that_some_threads_have_none_of(self, alone, monkeypatch):
        for tile in (700, 64, 7):
            assert same(lived(3, lambda _: (True, 40), monkeypatch, tile), alone)

    def test_a_tile_has_to_fit(self):
        engine = Engine(Scenario.parse({**MARKET, "population": {"customers": 9000}}), 5)
        with pytest.raises(ValueError, match="a tile of 9000 does not fit"):
            engine.set_tile(9000)


@pytest.mark.parametrize("decided", [True, False])
def test_a_period_is_gone_through_together_or_alone_as_a_whole(decided, monkeypatch):
    """Costs of integration are booked of visits that each thread has counted, behind Python's part of the period.

    Or behind readings, in a period in which the books close.
    """
    market = relationship(900, 12).replace({"firms.north.integration": 0.3})
    one = Engine(market, 5)
    one.run(12)
    assert sum(not block.plain for block in one._binding.blocks) > 1
    asked = iter([decided, not decided] * 1000)
    monkeypatch.setattr(Pace, "decide", lambda _: (next(asked), 1))
    three = Engine(market, 5, threads=3)
    three.set_tile(100)
    three.run(12)
    assert np.array_equal(one.world.history, three.world.history)
    assert digests("many_visits", threads=3) == digests("many_visits")


class TestPace:
    def decided(self, together, alone, times=3000):
        """Return how often of `times` it goes on together, if periods take so many seconds."""
        pace, count = Pace(), 0
        for _ in range(times):
            one, periods = pace.decide()
            assert periods >= 1
            pace.learn(one, together if one else alone)
            count += one
        return count

    def test_it_goes_on_with_what_is_quicker(self):
        assert self.decided(1e-4, 2e-4) > 2900
        assert self.decided(2e-4, 1e-4) < 100

    def test_what_is_slower_is_tried_more_and_more_rarely(self):
        early = self.decided(2e-4, 1e-4, 400)
        assert self.decided(2e-4, 1e-4, 800) - early <= early
        assert self.decided(2e-4, 1e-4, 10_000) - self.decided(2e-4, 1e-4, 8_000) in (1, 2)

    def test_it_turns_when_the_other_processors_are_free_again(self):
        pace = Pace()
        for k in range(4000):
            one, _ = pace.decide()
            pace.learn(one, (3e-4 if k < 1000 else 5e-5) if one else 1e-4)
        assert [pace.decide()[0] for _ in range(3)] == [True] * 3

    def test_a_slice_takes_as_long_as_it_should(self):
        pace = Pace()
        for _ in range(10):
            one, _ = pace.decide()
            pace.learn(one, 1e-4 if one else 3e-4)
        assert pace.decide() == (True, int(team._SLICE / 1e-4))


@pytest.mark.skipif(not COMPILED, reason="threads are not used where nothing is compiled")
def test_who_waits_is_let_go_when_a_thread_stops(monkeypatch):
    """The first thread fails before it begins; the others end, and the error is told."""
    engine = Engine(Scenario.parse(MARKET), 5, 1, 2)
    monkeypatch.setattr(Pace, "decide", lambda _: (True, 3))
    engine.run(3)
    block = engine._binding.blocks[0]

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(block.programs[0], "run", stop)
    with pytest.raises(KeyboardInterrupt):
        engine.run(3)


def test_a_team_that_cannot_be_started_says_so(monkeypatch):
    def refuse(*arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(team.ThreadPoolExecutor, "submit", refuse)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Team(3)
