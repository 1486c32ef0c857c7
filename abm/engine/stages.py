"""Stages: what is done together in a period, from the steps in their order.

Consecutive tile phases are one stage, worked through tile by tile. A stage ends where a market phase has something to
do, before a kernel that reads neighbours if a market phase lies before it, so that it never sees a neighbour half
done, and before the yearly books close, so that readings can be taken there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from abm.core.kernels import Kernel
from abm.mechanisms.mechanism import AtDates
from abm.mechanisms.phases import Phase, markets_between
from abm.scenario.steps import Step

Kind = Literal["tile", "share", "market", "firm", "plain"]
_TIES = "tie_target"  # a kernel that takes it reads other customers


@dataclass
class Stage:
    """Steps that are done together.

    kind : "tile", tile by tile; "share", once for the rows of each thread; "market", once; "firm", firm by firm;
           "plain", in Python
    """

    kind: Kind
    steps: list[Step] = field(default_factory=list)

    @property
    def by_rows(self) -> bool:
        """Whether the stage goes through the customers, row by row."""
        return self.kind in ("tile", "share")

    @property
    def shared(self) -> bool:
        """Whether threads share the stage."""
        return self.kind in ("tile", "share", "firm")

    def next_date(self, t: int) -> int:
        """Return the first period from t on in which it has something to do."""
        return min((-(-t // every) * every for every in self._every), default=t)

    @cached_property
    def _every(self) -> set[int]:
        return {every_of(step) for step in self.steps}


def every_of(step: Step) -> int:
    """Return of which number the periods are multiples in which a step has something to do."""
    return step.act.every if isinstance(step.act, AtDates) else 1


def staged(steps: Sequence[Step]) -> list[Stage]:
    """Return the stages of a period."""
    stages: list[Stage] = []
    for step in steps:
        kind: Kind = step.act.per if isinstance(step.act, Kernel) else "plain"
        if not stages or stages[-1].kind != kind or _must_wait(stages[-1].steps[-1], step):
            stages.append(Stage(kind))
        stages[-1].steps.append(step)
    return stages


def before_closing(stages: Sequence[Stage]) -> int:
    """Return how many stages come before the yearly books close."""
    return sum(stage.steps[0].phase < Phase.CLOSING for stage in stages)


def _must_wait(before: Step, step: Step) -> bool:
    if before.phase < Phase.CLOSING <= step.phase:
        return True
    reads_others = isinstance(step.act, Kernel) and _TIES in step.act.arguments
    return reads_others and markets_between(before.phase, step.phase)
