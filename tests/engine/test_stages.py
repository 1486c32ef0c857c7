"""Stages: tile phases fuse, market phases part them, and who reads neighbours waits for everybody."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.kernels import kernel
from abm.core.spec import param
from abm.engine.engine import Engine
from abm.engine.stages import staged
from abm.mechanisms.mechanism import AtDates, Mechanism
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.scenario.steps import Step
from abm.world.columns import Tally


@kernel
def own_rows(trust, lo, hi):
    for i in range(lo, hi):
        trust[0, i] += 0.0


@kernel
def of_neighbours(tie_target, lo, hi):
    pass


@kernel(per="firm")
def count_firms(servings, lo, hi):
    """Count every firm once.  servings  tally [written]"""
    for j in range(lo, hi):
        servings[j] += 1 + j


class Serving(Mechanism):
    """Works firm by firm."""

    name = "serving"
    counts = (Tally("servings", "servings", "how often a firm was served"),)

    def schedule(self, policies):
        """Return the count."""
        return ((Phase.OPERATIONS, count_firms),)


def kinds(*steps):
    """Return the stages of steps as kinds with names."""
    found = staged([Step(phase, Serving(), act) for phase, act in steps])
    return [(stage.kind, [step.name for step in stage.steps]) for stage in found]


def test_tile_phases_fuse_over_a_market_phase_in_which_nothing_happens():
    assert kinds((Phase.LEARNING, own_rows), (Phase.WINDOWS, own_rows), (Phase.PROGRESS, own_rows)) == [
        ("tile", ["own_rows"] * 3)
    ]


def test_a_kernel_of_neighbours_waits_where_a_market_phase_lies_before_it():
    assert kinds((Phase.LEARNING, own_rows), (Phase.RELATION, of_neighbours)) == [
        ("tile", ["own_rows", "of_neighbours"])
    ]
    assert kinds((Phase.TELLING, own_rows), (Phase.AWARENESS, of_neighbours)) == [
        ("tile", ["own_rows"]), ("tile", ["of_neighbours"]),
    ]  # fmt: skip


def test_a_market_phase_parts_the_tiles():
    assert [kind for kind, _ in kinds(
        (Phase.CHOICE, own_rows), (Phase.OPERATIONS, count_firms), (Phase.ENCOUNTER, own_rows)
    )] == ["tile", "firm", "tile"]  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_firms_are_shared_out_and_each_is_met_once(threads):
    firms = [{"name": f"firm_{j}"} for j in range(5)]
    scenario = Scenario.parse({"periods": 3, "population": {"customers": 20}, "firms": firms}).adding(Serving())
    engine = Engine(scenario, seed=1, threads=threads)
    engine.run(3)
    assert np.all(engine.world.tallied("servings") == [1, 2, 3, 4, 5, 0])


def test_a_plain_function_at_dates_acts_at_them_and_the_bits_are_those_of_one_that_waits():
    acted: list[int] = []

    def note(world, t):
        acted.append(t)
        world.customers.trust[:] *= 0.5

    def wait(world, t):
        if t % 4 == 0:
            note(world, t)

    class Dated(Mechanism):
        """Acts at some dates."""

        name = "dated"
        every: int = param(4, unit="periods", bounds=(0, 9), evidence="assumed", doc="0 = looks at each period")

        def schedule(self, policies):
            return ((Phase.HEARING, AtDates(note, self.every) if self.every else wait),)

    def run(every, threads):
        engine = Engine(Scenario(periods=13, burn_in=6).adding(Dated(every=every)), 1, threads=threads)
        engine.run(5)
        engine.run(8)
        return engine.world

    waiting = run(0, 1)
    assert acted == [0, 4, 8, 12]
    for threads in (1, 2):
        acted.clear()
        dated = run(4, threads)
        assert acted == [0, 4, 8, 12]
        np.testing.assert_array_equal(waiting.history, dated.history)
        np.testing.assert_array_equal(waiting.customers.trust, dated.customers.trust)
