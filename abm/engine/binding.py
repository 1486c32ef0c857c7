"""Binding: a scenario's stages as programs on a world's arrays, for every worker and every cell of customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from math import gcd
from typing import Any

import numpy as np

from abm.core.effects import written_by
from abm.core.kernels import Kernel, kernel
from abm.core.programs import Call, Program
from abm.engine.levers import keeping
from abm.engine.stages import Stage, before_closing, every_of, staged
from abm.engine.team import Pace
from abm.mechanisms.mechanism import AtDates
from abm.scenario.steps import Step
from abm.world.world import World

Named = Callable[[int, int], Mapping[str, Any]]  # worker, part -> what a kernel may name


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
    """Stages that run without Python in between, as programs; or one stage of plain functions.

    programs : by worker
    """

    stages: list[Stage]
    programs: list[Program]
    _placed: Any = None  # what the bounds were worked out for, and they
    _bounds: Any = None

    @property
    def plain(self) -> bool:
        """Whether the block is run in Python."""
        return self.stages[0].kind == "plain"

    def next_date(self, t: int) -> int:
        """Return the first period from t on in which the block has something to do."""
        return min(stage.next_date(t) for stage in self.stages)

    def bounds(self, world: World) -> np.ndarray:
        """Return the rows of each worker in each stage, and last those of all (W + 1, S, 2).

        A stage that goes by rows is there once for each cell. Rows of a worker lie behind those of the one before.
        """
        place = world.cells, world.tile
        if place != self._placed:
            workers = range(len(self.programs))
            each = [[rows for stage in self.stages for rows in _rows(stage, world, w, workers)] for w in workers]
            whole = [(rows[0][0], max(last for _, last in rows)) for rows in zip(*each, strict=True)]
            self._placed, self._bounds = place, np.array([*each, whole], np.int64)
        return self._bounds


def _rows(stage: Stage, world: World, w: int, workers: range) -> Iterator[tuple[int, int]]:
    """Yield the rows, or firms, that worker w has in a stage: of each cell, if it goes by rows."""
    if stage.by_rows:
        for first, last in world.cells:
            tiles = -(-(last - first) // world.tile)
            edges = [min(last, first + world.tile * (tiles * k // len(workers))) for k in (w, w + 1)]
            yield edges[0], edges[1]
    elif stage.kind == "firm":
        yield world.m * w // len(workers), world.m * (w + 1) // len(workers)
    else:
        yield (0, world.n) if w == 0 else (0, 0)


@dataclass
class Binding:
    """A period's stages, bound.

    stages : in order
    blocks : that run them          parted : the same in two parts, if readings come between them
    pace   : whether threads go together
    """

    stages: list[Stage]
    blocks: list[Block]
    parted: list[list[Block]]
    pace: Pace = field(default_factory=Pace)

    @property
    def programs(self) -> list[Program]:
        """The programs of a period, in order, as the first worker runs them."""
        return [block.programs[0] for block in self.blocks if not block.plain]

    def rebind(self, values: Mapping[str, Any]) -> None:
        """Give all programs other values of some arguments, of the same types."""
        for blocks in (self.blocks, *self.parted):
            for program in (program for block in blocks for program in block.programs):
                program.rebind(values)


class Binder:
    """Binds scenarios to one world.

    parts  : whether readings are taken, for which a period has to stop right before the books close
    follow : works out anew what follows from levers that have moved
    """

    def __init__(
        self, world: World, seed: int, threads: int, parts: bool, follow: Callable[[World, int], None]
    ) -> None:
        self.world, self.seed, self.threads, self._parts, self._follow = world, seed, threads, parts, follow

    def bind(self, steps: Sequence[Step]) -> Binding:
        """Return the stages of a period, bound.  steps : what is done in it"""
        own = self._staged(steps)
        stages = [*own, Stage("market")]  # the last, without steps, ends the period
        # Readings see the finished period with its year's books still open, so they come right before the books close;
        # only in periods in which they do, as the others need no stop.
        cut = before_closing(own)
        named = cache(self.world.named)  # hundreds of names, the same for all stages that see the same counts
        parted = [self._bound(stages[:cut], named), self._bound(stages[cut:], named)] if self._parts else []
        return Binding(own, self._bound(stages, named), parted)

    def _staged(self, steps: Sequence[Step]) -> list[Stage]:
        """Return the stages of a period; where levers move, what follows from them moves after it."""
        found = []
        for stage in staged(steps):
            found.append(stage)
            moving = [step for step in stage.steps if self._moves_levers(step)]
            if moving:
                act, every = self._follow, gcd(*map(every_of, moving))
                last = Step(moving[-1].phase, moving[-1].mechanism, AtDates(act, every) if every > 1 else act)
                found.append(Stage("plain", [last]))
        return found

    def _moves_levers(self, step: Step) -> bool:
        """Return whether a step may move a lever: a plain function any that its mechanism declares."""
        declared = self.world.firms.keys() & set(step.mechanism.writes)
        if not declared or not isinstance(step.act, Kernel):
            return bool(declared)
        renamed = dict(step.renamed)
        return not declared.isdisjoint(renamed.get(name, name) for name in written_by(step.act.function))

    def _bound(self, stages: Sequence[Stage], named: Named) -> list[Block]:
        groups = [list(group) for _, group in groupby(stages, lambda stage: stage.kind == "plain")]
        workers = range(self.threads)
        return [
            Block(group, [] if group[0].kind == "plain" else [self._program(group, w, named) for w in workers])
            for group in groups
        ]

    def _program(self, stages: Sequence[Stage], worker: int, named: Named) -> Program:
        """Return what a worker does of some stages: one that goes by rows once for each cell of customers."""
        bound, meets = list[tuple[bool, list[Call]]](), list[bool]()
        for stage in stages:
            parts = range(len(self.world.cells)) if stage.by_rows else [self.world.nobodys]
            for part in parts:
                has = stage.shared or worker == 0
                calls = self.calls(stage, named(worker, part)) if has else []
                bound.append((stage.kind == "tile", calls))
                meets.append(part == parts[-1])
        return Program(bound, meets)

    def calls(self, stage: Stage, named: Mapping[str, Any]) -> list[Call]:
        """Return the calls of a stage, bound to what a worker sees."""
        calls = [step.bind(self.world, self.seed, named) for step in stage.steps]
        return calls or [*keeping(self.world), self._record()]

    def _record(self) -> Call:
        world = self.world
        stocks = np.tile(np.repeat(world.layout.stocks, world.m + 1), world.nobodys + 1)
        history, counted = world.history_by_part, world.counted_by_part
        flat = history.reshape(world.periods, stocks.size), counted.reshape(world.workers, stocks.size)
        return Call(record_period, (*flat, stocks))
