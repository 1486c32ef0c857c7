"""Compaction: many small segments become a few large ones, so that a million runs are not a million files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from abm.study.digest import digest
from abm.study.store import Store, alike, merge

SMALL = 16 << 20  # bytes: a segment below this is worth merging
LARGE = 64 << 20  # bytes: what is merged at a time, which bounds the memory it takes
MANY = 32  # segments


def compact(store: Store, many: int = MANY) -> int:
    """Merge the small segments of a folder once there are `many` of them; return how many were merged.

    Safe against a kill at any moment, and against another process at work in the folder: the merged segment is on the
    disk before the small ones go, and runs held twice are read once.
    """
    small = [name for name in store.names() if store.size(name) < SMALL]
    if len(small) < max(2, many):
        return 0
    merged = 0
    with contextlib.suppress(FileNotFoundError):  # another process is compacting: leave it to that one
        for group in _groups(store, small):
            data = merge([store.open(name) for name in group])
            store.commit(data)
            store.remove(set(group) - {digest(data).hex()})
            merged += len(group)
    return merged


def _groups(store: Store, names: list[str]) -> Iterator[list[str]]:
    """Split segments into groups that can be merged and have at most about LARGE bytes."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        kinds.setdefault(alike(store.open(name)), []).append(name)
    for members in kinds.values():
        filled = np.cumsum([store.size(name) for name in members]) // LARGE
        for number in np.unique(filled):
            group = [name for name, at in zip(members, filled, strict=True) if at == number]
            if len(group) > 1:
                yield group
