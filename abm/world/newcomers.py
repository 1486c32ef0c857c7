"""Newcomers: customers who take the rows of those who leave, each with an identity that nobody has had.

They are a small world of their own that begins as the first one did, so that no theory has to know of them; then its
rows are put in the place of the old ones. The row keeps its ties: who moves in meets the neighbours.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Protocol

import numpy as np

from abm.world.columns import Columns
from abm.world.partition import reordered

if TYPE_CHECKING:
    from abm.world.world import World


class Lives(Protocol):
    """How customers of a market begin, and what is settled when they leave it."""

    def begin(self, world: World) -> None:
        """Draw who the customers of a world are, and set the initial state of everything that they own."""

    def settle(self, world: World, rows: np.ndarray) -> None:
        """Settle what customers hold who leave, before their rows are taken."""


def move_in(world: World, rows: np.ndarray) -> None:
    """Let newcomers take rows (k,), each row once.

    The newcomer's identity is that of the row's customer + n: row r, its customers numbered g = 0, 1, …, has r + g n.
    She begins as she would at the start of a run whose levers are those of the moment. She is in none of the groups
    that are counted apart.
    """
    assert world.lives is not None
    world.lives.settle(world, rows)
    born = _born(world, world.customers.customer_id[rows] + np.uint32(world.n))
    world.lives.begin(born)
    for name in world.by_customer:
        world.customers[name][..., rows] = born.customers[name]
    if world.partition is not None:
        _leave_groups(world, rows)


def _born(world: World, identity: np.ndarray) -> World:
    """Return a world of customers with these identities (k,), with everything at its default.

    Columns of the whole market are copies: what a theory writes into them when it begins is not done again.
    """
    born = copy(world)
    born.n, born.identity, born.partition = identity.size, identity, None
    born.customers = Columns()
    for name, array in world.customers.items():
        if name in world.by_customer:
            shape = (*array.shape[:-1], identity.size)
            born.customers.add(name, np.full(shape, world.defaults[name], array.dtype))
        else:
            born.customers.add(name, array.copy())
    return born


def _leave_groups(world: World, rows: np.ndarray) -> None:
    """Move rows behind the cells of customers who are counted apart; which row is whose changes nobody's luck."""
    assert world.partition is not None
    before = world.partition
    after = world.partition = before.without(before.identity[rows])
    order = before.row[after.identity]  # the row that each is moved from
    place = np.empty_like(order)
    place[order] = np.arange(order.size, dtype=order.dtype)
    for name in world.by_customer:
        column = world.customers[name]
        column[...] = column[..., order]
    ties = reordered(world.ties, order, place)
    for kept, moved in ((world.ties.start, ties.start), (world.ties.target, ties.target)):
        kept[...] = moved
    world.ties.weight[...] = ties.weight
    world.row_of_identity[...] = after.row
    if "tile_length" in world.book:  # tiles are numbered anew
        world.book.tile_length.fill(0)
