"""One run: bind the plan to a world, and run its periods.

Tiles, shares and firms of a stage may be shared out over threads: nothing that is done for one depends on another of
the same stage, and sums are whole numbers, so the bits do not depend on the number of threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.programs import Call, Program
from abm.engine.building import build_world, extend_world, restart_world
from abm.engine.levers import Levers
from abm.engine.stages import Stage, before_closing, staged
from abm.kpis.reading import Reading
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.scenario.steps import Step
from abm.world.calendar import year_closes
from abm.world.columns import World

CHUNK = 2_000_000  # customer-periods between two looks at the outside world (an interrupt, a progress bar)


@kernel(per="market")
def record_period(history, counted, stocks, t):
    """Add up the workers' counts of the period; flows start again at 0.

    history (T, K (m + 1)), counted (W, K (m + 1))  [written]      stocks (K (m + 1),)  1 = stock, 0 = flow
    """
    for k in range(stocks.shape[0]):
        history[t, k] = 0
    for w in range(counted.shape[0]):
        for k in range(stocks.shape[0]):
            history[t, k] += counted[w, k]
            counted[w, k] *= stocks[k]


@dataclass
class Block:
    """Stages that run without Python in between, as a program for each worker; or one stage of plain functions."""

    stages: list[Stage]
    programs: list[Program]

    @property
    def plain(self) -> bool:
        """Whether the block is run in Python."""
        return not self.programs


class Engine:
    """A scenario's plan bound to a world; steps it period by period.

    world   : the state, which may be read and written between periods
    t       : periods done
    stages  : of a period, in order
    threads : that share the rows
    taken   : of each reading that was asked for, (periods, m) float64, NaN where no books close
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        replication: int = 0,
        threads: int = 1,
        folder: Path | None = None,
        readings: Sequence[Reading] = (),
    ) -> None:
        self.scenario, self.seed, self.t, self._folder = scenario, seed, 0, folder
        self.world: World = build_world(scenario, seed, replication, threads, folder)
        self.threads = threads
        self.levers = Levers(self.world, scenario.firms, scenario.policies())
        self.taken = {reading: np.full((scenario.periods, self.world.m), np.nan) for reading in readings}
        year = scenario.periods_per_year, scenario.burn_in, scenario.periods
        self._closings = [t for t in range(scenario.periods) if readings and year_closes(t + 1, *year)]
        self._bind_stages()
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def _bind_stages(self) -> None:
        """Bind the stages of a period; once more in two parts, if readings come between them."""
        self.stages = self._staged()
        stages = [*self.stages, Stage("market")]  # the last, without steps, records the period
        self._blocks = self._bound(stages)
        # Readings see the finished period with its year's books still open, so they come right before the books close;
        # only in periods in which they do, as the others need no stop.
        cut = before_closing(self.stages)
        self._parted = [self._bound(stages[:cut]), self._bound(stages[cut:])] if self._closings else []

    def _staged(self) -> list[Stage]:
        """Return the stages of a period; where levers move, what follows from them moves after it."""
        found = []
        for stage in staged(self.scenario.steps()):
            found.append(stage)
            if any(self.world.firms.keys() & set(step.mechanism.writes) for step in stage.steps):
                last = stage.steps[-1]
                found.append(Stage("plain", [Step(last.phase, last.mechanism, self._follow)]))
        return found

    def _follow(self, world: World, t: int) -> None:
        """Work out anew what follows from levers that have moved."""
        self.levers.follow()

    def set_firm(self, j: int, firm: Firm) -> None:
        """Let a firm set other levers from the next period on; a mechanism that this switches on begins."""
        self.levers.set(j, firm)
        again = self.scenario.replace({"firms": tuple(self.levers.firms)})
        if [step.name for step in again.steps()] != [step.name for step in self.scenario.steps()]:
            extend_world(self.world, again, self.seed)
            self.scenario = again
            self._bind_stages()

    def _bound(self, stages: Sequence[Stage]) -> list[Block]:
        """Bind stages for every worker: one program for stages that nothing has to come between."""
        named = [self.world.named(worker) for worker in range(self.threads)]
        groups = [list(group) for _, group in groupby(stages, lambda stage: stage.kind == "plain")]
        if self.threads > 1:
            groups = [[stage] for stage in stages]
        return [
            Block(group, [] if group[0].kind == "plain" else [self._program(group, worker) for worker in named])
            for group in groups
        ]

    def _program(self, stages: Sequence[Stage], named: Mapping[str, Any]) -> Program:
        alone = self.threads == 1  # else the firms, like the rows, are given to each run
        extents = [self.world.m if stage.kind == "firm" and alone else None for stage in stages]
        return Program([(stage.kind == "tile", self._calls(stage, named)) for stage in stages], extents)

    def _calls(self, stage: Stage, named: Mapping[str, Any]) -> list[Call]:
        return [step.bind(self.world, self.seed, named) for step in stage.steps] or [self._record()]

    def _record(self) -> Call:
        world = self.world
        stocks = np.repeat(world.layout.stocks, world.m + 1)
        flat = world.history.reshape(world.periods, stocks.size), world.counted.reshape(world.workers, stocks.size)
        return Call(record_period, (*flat, stocks))

    @property
    def programs(self) -> list[Program]:
        """The programs of a period, in order, as the first worker runs them."""
        return [block.programs[0] for block in self._blocks if block.programs]

    def does(self, seed: int, threads: int, readings: Sequence[Reading]) -> bool:
        """Return whether a restart makes it the engine of this seed, with these threads and readings."""
        return (self.seed, self.threads, tuple(self.taken)) == (seed, threads, tuple(dict.fromkeys(readings)))

    def restart(self, replication: int) -> None:
        """Go back to period 0 with the luck of another replication: as a new engine, for a fraction of the work."""
        restart_world(self.world, self.scenario, self.seed, replication, self._folder)
        self.levers.restart()
        self.t = 0
        for taken in self.taken.values():
            taken.fill(np.nan)
        changed = self.world.varying()
        for block in chain(self._blocks, *self._parted):
            for program in block.programs:
                program.rebind(changed)

    def run(self, periods: int) -> None:
        """Go on for a number of periods.  Raises Refusal beyond the scenario's length."""
        if self.t + periods > self.scenario.periods:
            raise Refusal(
                f"period {self.t + periods} lies beyond the run (periods = {self.scenario.periods}); "
                "give the scenario more periods"
            )
        end = self.t + periods
        step = max(1, CHUNK // max(1, self.world.n)) if len(self._blocks) == 1 else 1
        while self.t < end:
            k = bisect_left(self._closings, self.t)
            coming = self._closings[k : k + 1]
            if coming == [self.t]:
                self._close()
            else:
                upto = min(end, self.t + step, *coming)
                for block in self._blocks:
                    self._advance(block, upto)
                self.t = upto

    def _close(self) -> None:
        """Run a period in which the books close, and take the readings right before they do."""
        before, after = self._parted
        for block in before:
            self._advance(block, self.t + 1)
        for reading, taken in self.taken.items():
            taken[self.t] = reading(self.world)
        for block in after:
            self._advance(block, self.t + 1)
        self.t += 1

    def _advance(self, block: Block, upto: int) -> None:
        if block.plain:
            for step in (step for stage in block.stages for step in stage.steps):
                step.act(self.world, self.t)
        elif self._pool is None or not block.stages[0].shared:
            block.programs[0].run(0, self.world.n, self.world.tile, self.t, upto)
        else:
            self._share_out(block)

    def _share_out(self, block: Block) -> None:
        assert self._pool is not None
        tile = 1 if block.stages[0].kind == "firm" else self.world.tile
        rows = self.world.m if block.stages[0].kind == "firm" else self.world.n
        tiles = -(-rows // tile)
        edges = [min(rows, tile * (tiles * w // self.threads)) for w in range(self.threads + 1)]
        jobs = [
            self._pool.submit(program.run, edges[w], edges[w + 1], tile, self.t, self.t + 1)
            for w, program in enumerate(block.programs)
        ]
        for job in jobs:
            job.result()
