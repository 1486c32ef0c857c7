"""What firms have set, as the scenario says it for a period: what theories go back to that move levers for a time."""

from __future__ import annotations

from typing import Any

from abm.world.world import World


def standing(world: World, t: int) -> Any:
    """Return the scenario without dates that holds in period t; what is set by hand during a run is not in it."""
    return [still for first, still in _stretches(world) if first <= t][-1]


def _stretches(world: World) -> Any:
    lives: Any = world.lives  # of a world that an engine runs, which knows the scenario as it was given
    return lives.scenario.stretches()
