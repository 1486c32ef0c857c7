"""Compaction: many small segments become a few large ones, so that a million runs are not a million files.

Segments of about the same size are merged, so that a run is written three times at most however many there are: a
second of work is added to a minute of work once the minute is full, not each time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from abm.core.errors import Refusal
from abm.study.storage.store import Store

MANY = 32  # segments of about one size that are worth merging
LARGE = 8 << 20  # bytes: a segment that is not merged any more, and what is merged at a time
STEP = 16  # a segment this much larger is of another size


def compact(store: Store, many: int = MANY) -> int:
    """Merge small segments of a folder where there are `many` of about one size; return how many were merged.

    Safe against a kill at any moment, and against another process at work in the folder: the merged segment is on the
    disk before the small ones go, and runs held twice are read once. A full disk leaves the segments as they are.
    """
    merged = 0
    for group in _groups(store, max(2, many)):
        # a segment is gone when another process compacts the folder: leave it to that one
        with contextlib.suppress(OSError, Refusal):
            name = store.merge(group)
            store.remove(set(group) - {name})
            merged += len(group)
    return merged


def _groups(store: Store, many: int) -> Iterator[list[str]]:
    """Split small segments into groups that can be merged and have at most about LARGE bytes."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    sizes: dict[str, int] = {}
    for name in store.names():
        with contextlib.suppress(FileNotFoundError):
            sizes[name] = store.size(name)
            if sizes[name] < LARGE:
                kinds.setdefault((str(_size_class(sizes[name])), *store.open(name).alike), []).append(name)
    for members in kinds.values():
        if len(members) >= many:
            filled = np.cumsum([sizes[name] for name in members]) // LARGE
            for number in np.unique(filled):
                group = [name for name, at in zip(members, filled, strict=True) if at == number]
                if len(group) > 1:
                    yield group


def _size_class(size: int) -> int:
    """Return 0 for segments of nearly LARGE bytes, 1 for those STEP times smaller, 2 for all that are smaller still."""
    return sum(size < LARGE // STEP**step for step in (1, 2))
