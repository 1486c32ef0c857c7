"""Engines that are kept for the next replications of their markets."""

from __future__ import annotations

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

ROOM = 64 << 20  # bytes of the worlds that are kept beside one another


class Kept:
    """The engines of the markets that were run last: of as many as are small together, and of one that is larger.

    To build an engine takes several times as long as a short run, and the arms of a study take turns.
    """

    def __init__(self) -> None:
        # By the scenario object, which the engine keeps: the engine, and the bytes of its world; the latest comes last
        self._engines: dict[int, tuple[Engine, int]] = {}

    def take(self, scenario: Scenario) -> Engine | None:
        """Take out the engine of a scenario object, if it is there.

        If not, one that is too large to be kept beside others goes: the next may be as large as the memory allows.
        """
        if id(scenario) in self._engines:
            return self._engines.pop(id(scenario))[0]
        if self._bytes() > ROOM:
            self._engines.clear()
        return None

    def put(self, engine: Engine) -> None:
        """Keep an engine, and let go of the oldest that there is no room for."""
        self._engines[id(engine.scenario)] = engine, engine.world.bytes()
        while len(self._engines) > 1 and self._bytes() > ROOM:
            del self._engines[next(iter(self._engines))]

    def _bytes(self) -> int:
        return sum(size for _, size in self._engines.values())
