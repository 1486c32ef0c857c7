"""The study store: a folder of segments.

results/
  manifest.toml               the experiment, its run sheet, versions (manifest.py)
  segments/<digest>.parquet   whole runs; the name is the BLAKE2b-128 digest of the file's bytes (`b2sum -l 128`)

One rename commits a segment (segment.py), and nothing is ever written over. A file whose bytes do not have the digest
in its name is damaged and counts as missing. There is no lock: two processes at work in one folder store twins, and
twins are equal and dropped on reading.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from abm.core import given
from abm.core.errors import Refusal
from abm.study.plan.sheet import Sheet
from abm.study.provenance.digest import digest
from abm.study.provenance.files import digest_of, remove_abandoned, write_named, write_whole
from abm.study.storage.manifest import SEGMENTS, check_format, check_nothing_is_lost
from abm.study.storage.rows import Holdings, Rows
from abm.study.storage.segment import Segment, merge

_ATTEMPTS = 5
_READERS = 8
_NAME = re.compile(r"[0-9a-f]{32}")  # of a segment: what has another name is not of this toolkit
T = TypeVar("T")


class Segments:
    """Segments kept in memory; Store keeps them in a folder.

    damaged : names of segments found not to hold the bytes they were written with
    """

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._found: tuple[Sheet, Holdings] | None = None
        self._made_with: dict[str, str] = {}
        self.damaged: set[str] = set()

    def commit(self, data: bytes) -> None:
        """Add a segment."""
        self._held[digest(data).hex()] = data

    def only(self) -> bytes:
        """Return the one segment committed so far, b"" if there is none."""
        return next(iter(self._held.values()), b"")

    def names(self) -> list[str]:
        """Names of all sound segments, sorted."""
        return sorted(self._held)

    def open(self, name: str) -> Segment:
        """Open a segment."""
        return Segment(self._held[name])

    def holdings(self, sheet: Sheet) -> Holdings:
        """Find out which runs of the sheet are stored, from the ids alone."""
        return _read_again_if_gone(lambda: self._holdings(sheet))

    def rows(self, sheet: Sheet, *, by_period: bool, only: Sequence[int] | np.ndarray | None = None) -> Rows:
        """Read the sheet's runs, or `only` some: a row per run, period and firm, or else a row per run and firm."""
        return _read_again_if_gone(lambda: self._rows(sheet, by_period, only))

    def log(self, sheet: Sheet, kind: str, only: Sequence[int] | np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Read a table of single persons of the sheet's runs, or `only` some: name -> (rows,), by the run's index.

        kind : "persons" or "visits".  A column that some arms do not have is NaN there.
        """
        return _read_again_if_gone(lambda: self._log(sheet, kind, only))

    def made_with(self) -> list[dict[str, str]]:
        """Return the versions of Python and libraries that made the runs, each set of versions once."""

        def read() -> set[str]:
            names = self.names()
            for name in names:
                if name not in self._made_with:  # what a segment holds never changes
                    self._made_with[name] = json.dumps(self.open(name).made_with)
            return {self._made_with[name] for name in names}

        return [json.loads(text) for text in sorted(_read_again_if_gone(read))]

    def _holdings(self, sheet: Sheet) -> Holdings:
        """Find the runs, or remember what was found last if no segment has come or gone since."""
        names = self.names()
        if self._found is None or self._found[0] is not sheet or self._found[1].names != names:
            self._found = sheet, Holdings.found(names, (self.open(name).runs for name in names), sheet)
        return self._found[1]

    def _rows(self, sheet: Sheet, by_period: bool, only: Sequence[int] | np.ndarray | None) -> Rows:
        holdings, owner = self._holdings(sheet), self._owner(sheet, only)
        firms: dict[str, int] = {}
        parts: list[dict[str, np.ndarray]] = []
        errors: dict[int, tuple[str, str]] = {}
        for number in np.unique(owner[owner >= 0]):
            segment = self.open(holdings.names[number])
            owned = owner == number
            parts += segment.rows(sheet, owned, firms, by_period=by_period)
            if not by_period:
                errors |= segment.errors(sheet, owned & holdings.failed)
        return Rows.joined(parts, list(firms), sheet.kpis, errors)

    def _log(self, sheet: Sheet, kind: str, only: Sequence[int] | np.ndarray | None) -> dict[str, np.ndarray]:
        owner = self._owner(sheet, only)
        names = self._holdings(sheet).names
        parts = [
            part
            for number in np.unique(owner[owner >= 0])
            for part in self.open(names[number]).log(sheet, owner == number, kind)
        ]
        return _joined(parts)

    def _owner(self, sheet: Sheet, only: Sequence[int] | np.ndarray | None) -> np.ndarray:
        """Return the segment of each run, -1 = none, or one that is not wanted."""
        owner = self._holdings(sheet).owner
        return owner if only is None else np.where(np.isin(np.arange(len(sheet)), only), owner, -1)


def _joined(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put tables together; a column that one of them has not is NaN there."""
    names = dict.fromkeys(name for part in parts for name in part)
    whole = {}
    for name in names:
        columns = [part.get(name, np.full(len(part["index"]), np.nan)) for part in parts]
        whole[name] = np.concatenate(columns)
    order = np.argsort(whole["index"], kind="stable") if parts else np.empty(0, np.int64)
    return {name: column[order] for name, column in whole.items()}


def _read_again_if_gone(read: Callable[[], T]) -> T:
    """Read, and again if a segment is gone: another process has compacted the folder, and the runs are in a new one."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return read()
    raise Refusal("the results change faster than they can be read; wait until the other run has finished")


class Store(Segments):
    """The segments of a results folder, which `prepare` makes."""

    def __init__(self, folder: Path | str) -> None:
        super().__init__()
        # Absolute, as worker processes may have another working directory
        self.folder = given.path("folder", folder).expanduser().absolute()
        self._sound: dict[str, tuple[int, int]] = {}

    @property
    def segments(self) -> Path:
        """The folder of the segments."""
        return self.folder / SEGMENTS

    def prepare(self) -> None:
        """Make the folder and see that it can be written.

        Raises Refusal if not, and if it has another version's results or files that are none of results and would be
        written over.
        """
        check_format(self.folder)
        check_nothing_is_lost(self.folder, "store")
        with self.writing():
            self.segments.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.segments)
            probe = self.segments / ".writable"
            probe.touch()
            probe.unlink(missing_ok=True)

    def commit(self, data: bytes) -> None:
        """Write a segment, whole or not at all; raise Refusal if there is no room or no permission."""
        with self.writing():
            write_whole(self._path(digest(data).hex()), data)

    def merge(self, names: Sequence[str]) -> str:
        """Write a segment with the runs of several that are alike, whole or not at all; return its name.

        Raises FileNotFoundError if one of them is gone or damaged, and OSError if there is no room.
        """
        sources = [partial(self.checked, name) for name in names]
        return write_named(self.segments, ".parquet", partial(merge, sources))

    def names(self) -> list[str]:
        """Names of all sound segments, sorted; damaged ones are noted in `damaged`, and other files are let alone."""
        found = sorted(path.stem for path in self.segments.glob("*.parquet") if _NAME.fullmatch(path.stem))
        with ThreadPoolExecutor(_READERS) as threads:
            sound = dict(zip(found, threads.map(self._is_sound, found), strict=True))
        self.damaged.update(name for name in found if sound[name] is False)
        return [name for name in found if sound[name]]

    def open(self, name: str) -> Segment:
        """Open a segment."""
        with self._reading(name):
            return Segment(self._path(name))

    def checked(self, name: str) -> Segment:
        """Read a whole segment; raise FileNotFoundError if it is gone or does not hold what was written any more."""
        data = self._path(name).read_bytes()
        if digest(data).hex() != name:
            self._sound.pop(name, None)
            raise FileNotFoundError(name)
        with self._reading(name):
            return Segment(data)

    def set_aside_damaged(self) -> None:
        """Rename damaged segments, so that they are kept for inspection but not met again."""
        with self.writing():
            for name in self.damaged:
                with contextlib.suppress(FileNotFoundError):  # another process was quicker
                    self._path(name).rename(self._path(name).with_suffix(".damaged"))
            self.damaged.clear()

    def remove(self, names: Iterable[str]) -> None:
        """Delete segments whose runs are in others."""
        with self.writing():
            for name in names:
                self._path(name).unlink(missing_ok=True)

    def size(self, name: str) -> int:
        """Bytes of a segment."""
        return self._path(name).stat().st_size

    def _path(self, name: str) -> Path:
        return self.segments / f"{name}.parquet"

    def _is_sound(self, name: str) -> bool | None:
        """Compare a segment's bytes with the digest in its name, once per file and process; None = it is gone."""
        path = self._path(name)
        try:
            about = path.stat()
            if self._sound.get(name) != (about.st_size, about.st_mtime_ns):
                if digest_of(path) != name:
                    return False
                self._sound[name] = (about.st_size, about.st_mtime_ns)
        except FileNotFoundError:
            return None
        return True

    @contextlib.contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Say of which file a refusal is."""
        try:
            yield
        except Refusal as refusal:
            raise Refusal(refusal.message, place=str(self._path(name))) from None

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn a full disk or a missing permission into one plain line."""
        try:
            yield
        except OSError as error:
            advice = "put it right and run the same command again"
            if any(self.segments.glob("*.parquet")):
                advice = f"what is stored so far is safe; {advice}"
            raise Refusal(f"cannot be written: {error.strerror}; {advice}", place=str(self.folder)) from None
