"""Binding: a scenario's stages as programs on a world's arrays, for every worker and every cell of customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import gcd
from typing import Any

import numpy as np

from abm.core.effects import written_by
from abm.core.kernels import Kernel, kernel
from abm.core.programs import Call, Program
from abm.engine.levers import keeping
from abm.engine.stages import Stage, before_closing, every_of, staged
from abm.mechanisms.mechanism import AtDates
from abm.scenario.steps import Step
from abm.world.world import World


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

    programs : by worker, and of a stage that goes by rows by cell of customers
    """

    stages: list[Stage]
    programs: list[list[Program]]

    @property
    def plain(self) -> bool:
        """Whether the block is run in Python."""
        return self.stages[0].kind == "plain"

    def next_date(self, t: int) -> int:
        """Return the first period from t on in which the block has something to do."""
        return min(stage.next_date(t) for stage in self.stages)


@dataclass
class Binding:
    """A period's stages, bound.

    stages : in order
    blocks : that run them          parted : the same in two parts, if readings come between them
    """

    stages: list[Stage]
    blocks: list[Block]
    parted: list[list[Block]]

    @property
    def programs(self) -> list[Program]:
        """The programs of a period, in order, as the first worker runs them."""
        return [block.programs[0][0] for block in self.blocks if not block.plain]

    def rebind(self, values: Mapping[str, Any]) -> None:
        """Give all programs other values of some arguments, of the same types."""
        for blocks in (self.blocks, *self.parted):
            for program in (program for block in blocks for own in block.programs for program in own):
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
        parted = [self._bound(stages[:cut]), self._bound(stages[cut:])] if self._parts else []
        return Binding(own, self._bound(stages), parted)

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

    @property
    def alone(self) -> bool:
        """Whether one worker does all rows in one go, so that stages may follow each other in compiled code."""
        return self.threads == 1 and self.world.partition is None

    def _bound(self, stages: Sequence[Stage]) -> list[Block]:
        groups = [list(group) for _, group in groupby(stages, lambda stage: stage.kind == "plain")]
        if not self.alone:
            groups = [[stage] for stage in stages]
        return [Block(group, [] if group[0].kind == "plain" else self._programs(group)) for group in groups]

    def _programs(self, stages: Sequence[Stage]) -> list[list[Program]]:
        world = self.world
        parts = range(len(world.cells)) if stages[0].by_rows else [world.nobodys]
        return [[self._program(stages, world.named(worker, part)) for part in parts] for worker in range(self.threads)]

    def _program(self, stages: Sequence[Stage], named: Mapping[str, Any]) -> Program:
        # Else the firms, like the rows, are given to each run.
        extents = [self.world.m if stage.kind == "firm" and self.alone else None for stage in stages]
        return Program([(stage.kind == "tile", self.calls(stage, named)) for stage in stages], extents)

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
