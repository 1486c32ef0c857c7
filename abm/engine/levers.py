"""Levers that move during a run: what follows from a lever, such as its cost, moves with it; what they were before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import kernel
from abm.core.programs import Call
from abm.mechanisms.policy import Held, Policy
from abm.scenario.firm import Firm, Kinds, as_held, values
from abm.world.columns import Block
from abm.world.world import World


@kernel(per="market")
def keep_lever(before, lever):
    """Keep a lever as it is when the period ends.  before (m,) or (5 m,)  [written]"""
    for k in range(lever.shape[0]):
        before[k] = lever[k]


def keeping(world: World) -> list[Call]:
    """Return the calls that end a period for levers which kernels take as they were before."""
    levers = ((kept.reshape(-1), world.firms[name].reshape(-1)) for name, kept in world.before.items())
    return [Call(keep_lever, arrays) for arrays in levers]


class Levers:
    """Keeps what the firms have set in step with the levers of a world.

    firms : as they stand now, whoever moved their levers
    """

    def __init__(self, world: World, firms: Sequence[Firm], kinds: Kinds) -> None:
        self._world, self._kinds, self._given = world, kinds, tuple(firms)
        self._seen = Block(world.firms)
        self.restart()

    def restart(self) -> None:
        """Begin again with the levers as they were given."""
        self.firms = list(self._given)
        self._seen.memory[:] = self._world.firms.memory

    def follow(self) -> None:
        """Work out anew what follows from levers that have moved.  Raises Refusal for a lever out of its bounds."""
        # In most periods nothing has; to find that out lever by lever and firm by firm takes longer than the period.
        if self._world.firms.memory.tobytes() == self._seen.memory.tobytes():
            return
        moved = {name for name, now in self._world.firms.items() if now.tobytes() != self._seen[name].tobytes()}
        kinds = [kind for kind in self._kinds if not moved.isdisjoint(kind.levers())]
        for j, firm in enumerate(self.firms):
            changes = {
                path: value
                for kind in kinds
                if (policy := firm.policy(kind)) is not None
                for path, value in self._moved(policy, j)
            }
            if changes:
                self.set(j, firm.replace(changes))

    def set(self, j: int, firm: Firm) -> None:
        """Let a firm set other levers: those that differ are written, with what follows from them."""
        before = values(self.firms[j], self._kinds)
        for name, lever in values(firm, self._kinds).items():
            if not np.array_equal(as_held(*lever), as_held(*before[name])):
                self._world.firms[name][..., j] = as_held(*lever)
        self.firms[j] = firm
        for name, seen in self._seen.items():
            seen[..., j] = self._world.firms[name][..., j]

    def _moved(self, policy: Policy, j: int) -> list[tuple[str, Any]]:
        """Return path and value of the policy's levers that have moved at a firm since they were last seen."""
        found = []
        for name, held in type(policy).levers().items():
            now = self._world.firms[name][..., j]
            if not np.array_equal(now, self._seen[name][..., j]):
                path = f"{policy.name}.{name}" if policy.name else name
                found.append((path, _read(now, held, getattr(policy, name))))
        return found


def _read(lever: np.ndarray, held: Held, said: Any) -> Any:
    """Return a lever of one firm as its policy says it."""
    if isinstance(said, tuple):
        return tuple(held.back(value) for value in lever[1 : 1 + len(said)])
    return held.back(lever.item())
