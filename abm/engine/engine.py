"""One run: bind the plan to a world, and run its periods.

Tiles, shares and firms of a stage may be shared out over threads: nothing that is done for one depends on another of
the same stage, and sums are whole numbers, so the bits do not depend on the number of threads. What a market is as a
whole is worked out by the first of them while the others wait.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from abm.core.errors import Refusal
from abm.core.programs import Program
from abm.engine.binding import Binder, Binding, Block
from abm.engine.building import Lives, build_world, extend_world, restart_world
from abm.engine.levers import Levers
from abm.engine.stages import Stage
from abm.engine.team import Team
from abm.kpis.reading import Reading
from abm.scenario.changes import differences, stood
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.world.calendar import year_closes
from abm.world.partition import Partition
from abm.world.world import World

CHUNK = 2_000_000  # customer-periods between two looks at the outside world (an interrupt, a progress bar)


class Engine:
    """A scenario's plan bound to a world; steps it period by period.

    scenario : as it was given
    now      : as it stands, without dates and with what has been set on the way
    world    : the state, which may be read and written between periods
    t        : periods done
    threads  : that share the rows
    taken    : of each reading that was asked for, (periods, 1 + groups, m) float64, NaN where no books close: of all
               customers, then of each group of the partition
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        replication: int = 0,
        threads: int = 1,
        folder: Path | None = None,
        readings: Sequence[Reading] = (),
        partition: Partition | None = None,
    ) -> None:
        self.scenario, self.seed, self.t, self._folder = scenario, seed, 0, folder
        self.world: World = build_world(scenario, seed, replication, threads, folder, partition)
        self.threads = threads
        self._stretches = dict(scenario.stretches())
        self._turns = list(self._stretches)  # the first period of each stretch
        self._stand(self._stretches[0])
        self._beginning = Lives(scenario, self.now, seed, folder)  # what it knows of the theories serves all restarts
        self.levers = Levers(self.world, self.now.firms, scenario.policies())
        groups = len(partition.groups) if partition else 0
        size = scenario.periods, 1 + groups, self.world.m
        self.taken = {reading: np.full(size, np.nan) for reading in readings}
        year = scenario.periods_per_year, scenario.burn_in, scenario.periods
        self._closings = [t for t in range(scenario.periods) if readings and year_closes(t + 1, *year)]
        self._binder = self.binder()
        self._bindings: dict[int, Binding] = {}  # of the stretches met so far, by their first period
        self._bind_stretch(0)
        self._team = Team(threads)

    def binder(self) -> Binder:
        """Return what binds the stages of a period to the world."""
        return Binder(self.world, self.seed, self.threads, bool(self._closings), self._follow)

    def _follow(self, world: World, t: int) -> None:
        """Work out anew what follows from levers that have moved."""
        self.levers.follow()

    @property
    def stages(self) -> list[Stage]:
        """The stages of the coming period, in order."""
        return self._binding.stages

    @property
    def programs(self) -> list[Program]:
        """The programs of the coming period, in order, as the first worker runs them."""
        return self._binding.programs

    def set_tile(self, tile: int) -> None:
        """Work on another number of customers at a time."""
        self.world.set_tile(tile)
        self._bindings = {}
        self._bind_stretch(self.t)

    def set_firm(self, j: int, firm: Firm) -> None:
        """Let a firm set other levers from the next period on; a mechanism that this switches on begins."""
        self.levers.set(j, firm)
        again = self.now.replace({"firms": tuple(self.levers.firms)})
        earlier = stood(self._earlier, self.now.firms)
        steps = again.steps(earlier)
        if [step.name for step in steps] != [step.name for step in self._steps]:
            extend_world(self.world, again, steps, self.seed)
            self._stand(again, earlier)
            self._bindings = {}
            self.world.clear_passing()
            self._bind_stretch(self.t)

    def _stand(self, now: Scenario, earlier: tuple[Firm, ...] = ()) -> None:
        """Let a scenario hold.  earlier : firms as they stood before, whose theories stay at work"""
        self.now, self._earlier, self._steps = now, earlier, now.steps(earlier)

    def _bind_stretch(self, t: int) -> None:
        """Bind the stages of the stretch that period t begins, or remember them."""
        if self._bindings:  # a sum that nobody adds to in this stretch is not opened, and stands as it began
            self.world.clear_passing()
        if t not in self._bindings:
            self._bindings[t] = self._binder.bind(self._steps)
        self._binding = self._bindings[t]
        self.world.lives = Lives(self.scenario, self.now, self.seed, self._folder)

    def _turn(self) -> None:
        """Let what is dated for this period change, and nothing that has been set on the way."""
        begins = bisect_left(self._turns, self.t)
        before, after = (self._stretches[t] for t in self._turns[begins - 1 : begins + 1])
        changes = dict(differences(before, after))
        for j, firm in enumerate(before.firms):
            own = f"firms.{firm.name}."
            levers = {path.removeprefix(own): value for path, value in changes.items() if path.startswith(own)}
            if levers:
                self.levers.set(j, self.levers.firms[j].replace(levers))
        self._stand(self.now.replace(changes), stood(self._earlier, self.now.firms))
        self._bind_stretch(self.t)

    def does(self, seed: int, threads: int, readings: Sequence[Reading], partition: Partition | None = None) -> bool:
        """Return whether a restart makes it the engine of this seed, with these threads, readings and groups."""
        own, wanted = (None if one is None else (one.cells, one.groups) for one in (self.world.partition, partition))
        same = (self.seed, self.threads, tuple(self.taken)) == (seed, threads, tuple(dict.fromkeys(readings)))
        return same and own == wanted

    def restart(self, replication: int, partition: Partition | None = None) -> None:
        """Go back to period 0 with the luck of another replication: as a new engine, for a fraction of the work.

        partition : of the same groups
        """
        restart_world(self.world, self._beginning, replication, partition)
        self.levers.restart()
        self.t = 0
        self._stand(self._stretches[0])
        for taken in self.taken.values():
            taken.fill(np.nan)
        changed = self.world.varying()
        for binding in self._bindings.values():
            binding.rebind(changed)
        if len(self._turns) > 1:
            self._bind_stretch(0)

    def run(self, periods: int) -> None:
        """Go on for a number of periods.  Raises Refusal beyond the scenario's length."""
        if self.t + periods > self.scenario.periods:
            raise Refusal(
                f"period {self.t + periods} lies beyond the run (periods = {self.scenario.periods}); "
                "give the scenario more periods"
            )
        end = self.t + periods
        while self.t < end:
            if self.t in self._turns[1:]:
                self._turn()
            dates = [block.next_date(self.t) for block in self._binding.blocks]
            blocks = [block for block, date in zip(self._binding.blocks, dates, strict=True) if date == self.t]
            step = max(1, CHUNK // max(1, self.world.n)) if len(blocks) == 1 else 1
            closing = self._closings[bisect_left(self._closings, self.t) :][:1]
            if closing == [self.t]:
                self._close()
            else:
                turn = self._turns[bisect_left(self._turns, self.t + 1) :][:1]
                upto = min(end, self.t + step, *closing, *turn, *(date for date in dates if date > self.t))
                self._advance(blocks, upto)
                self.t = upto

    def _close(self) -> None:
        """Run a period in which the books close, and take the readings right before they do."""
        before, after = self._binding.parted
        together = self.threads > 1  # in both parts, or in none
        self._run(before, together, self.t, self.t + 1)
        for reading, taken in self.taken.items():
            taken[self.t, 0] = reading(self.world)
            for group, part in enumerate(self._groups()):
                taken[self.t, 1 + group] = reading(part)
        self._run(after, together, self.t, self.t + 1)
        self.t += 1

    def _groups(self) -> Iterator[World]:
        """Yield the world with the customers of each group alone."""
        if self.world.partition is not None:
            for group in range(len(self.world.partition.groups)):
                yield self.world.only(self.world.partition.rows_of(group))

    def _advance(self, blocks: Sequence[Block], upto: int) -> None:
        self._team.go_on(lambda *slice_: self._run(blocks, *slice_), self.t, upto, self._binding.pace)

    def _run(self, blocks: Sequence[Block], together: bool, t: int, end: int) -> None:
        """Run periods t..end of blocks, or one period if there are several."""
        for block in blocks:
            if block.plain:
                for step in (step for stage in block.stages for step in stage.steps):
                    step.act(self.world, t)
            else:
                bounds, tile = block.bounds(self.world), self.world.tile
                self._team.run(block.programs, bounds, tile, t, end, together)
