"""A small world whose columns and visits are written by hand, to run single kernels on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import Kernel
from abm.core.programs import Call
from abm.engine.building import build_world
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.network.ties import Ties


class Small:
    """A world of a few customers and firms, with the kernels of its mechanisms.

    c, firms, passing : columns by customer, levers, and columns by visit
    """

    def __init__(self, customers: int = 4, firms: Sequence[dict[str, Any]] = ({}, {}), **sections: Any) -> None:
        named = [{"name": f"firm_{j}", **firm} for j, firm in enumerate(firms)]
        data = {
            "periods": 10,
            "population": {"customers": customers},
            "network": {"kind": "erdos_renyi", "neighbours": 0.0},
            "firms": named,
            **sections,
        }
        self.scenario = Scenario.parse(data)
        self.world = build_world(self.scenario, seed=1)
        self.c, self.firms, self.passing = self.world.customers, self.world.firms, self.world.passing[0]

    def visits(self, customers: Sequence[int], firms: Sequence[int], providers: Sequence[int] | None = None) -> None:
        """List visits by hand: by customer, each to a firm (-1 = nobody)."""
        v = len(customers)
        self.passing.visit_count[0] = v
        self.passing.visit_customer[:v] = customers
        self.passing.visit_firm[:v] = firms
        pairs = [max(j, 0) * self.world.n + i for i, j in zip(customers, firms, strict=True)]
        self.passing.visit_pair[:v] = pairs
        self.passing.visit_nth[:v] = [list(customers[:k]).count(i) for k, i in enumerate(customers)]
        self.passing.visit_provider[:v] = self.c.provider[list(customers)] if providers is None else providers

    def tie(self, ties: Sequence[tuple[int, int, float]]) -> Small:
        """Tie customers to each other: (i, k, weight) for each tie."""
        both = sorted([*ties, *((k, i, weight) for i, k, weight in ties)])
        start = np.searchsorted([i for i, _, _ in both], np.arange(self.world.n + 1)).astype(np.int64)
        target = np.array([k for _, k, _ in both], np.int32)
        self.world.ties = Ties(start, target, np.array([weight for _, _, weight in both], np.float32))
        return self

    def bound(self, mechanism: str, kernel: Kernel) -> Call:
        """Return a kernel of a mechanism with its arrays and numbers, to be run on rows lo..hi of period t."""
        found = next(m for m in self.scenario.mechanisms() if m.name == mechanism)
        return found.bind(kernel, self.world, seed=1)

    def run(self, mechanism: str, kernel: Kernel, t: int = 0) -> None:
        """Run a kernel of a mechanism on all customers: tile by tile, or once if it is not made for tiles."""
        call, n = self.bound(mechanism, kernel), self.world.n
        step = self.world.tile if kernel.per == "tile" else n
        for lo in range(0, n, step):
            call(lo, min(n, lo + step), t)

    def phases(self, *phases: Phase, t: int = 0) -> None:
        """Run all that the scenario does in some phases on all customers, sums opened and terms added as in a run."""
        named, n = self.world.named(), self.world.n
        for step in (step for step in self.scenario.steps() if step.phase in phases):
            if not isinstance(step.act, Kernel):
                step.act(self.world, t)
                continue
            call = step.bind(self.world, 1, named)
            length = self.world.tile if call.kernel.per == "tile" else n
            for lo in range(0, n, length):
                call(lo, min(n, lo + length), t)

    def scratch(self, mechanism: str, column: str) -> np.ndarray:
        """Return a column that only one mechanism sees."""
        return self.passing[f"{mechanism}.{column}"]

    def at(self, column: str) -> np.ndarray:
        """Return what visits hold in a passing column, also of one mechanism alone: (visits,) or (m, visits)."""
        name = next(name for name in self.passing if name == column or name.endswith(f".{column}"))
        return self.passing[name][..., : self.passing.visit_count[0]]

    def counted(self, tally: str) -> list[int]:
        """Return what has been counted: an entry a firm, and nobody's."""
        return self.world.lookup(tally, 0).tolist()
