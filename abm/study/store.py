"""The study store: a folder of Parquet segments.   The only file that imports pyarrow.

results/
  manifest.toml               the experiment, its run sheet, versions (manifest.py)
  segments/<digest>.parquet   whole runs; the name is the BLAKE2b-128 digest of the file's bytes (`b2sum -l 128`)

A segment is one long table: first a row group with a row per run and firm (period = -1, measured over the whole run),
then the rows per run, period and firm. One rename commits both. The footer lists the ids inside, so that a study is
resumed without reading rows. A file whose bytes do not have the digest in its name is damaged and counts as missing.
There is no lock: two processes at work in one folder store twins, and twins are equal and dropped on reading.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from abm.core.errors import Refusal
from abm.study.digest import digest
from abm.study.files import remove_abandoned, write_whole
from abm.study.rows import WHOLE_RUN, Holdings, Outcome, Rows
from abm.study.sheet import Sheet
from abm.study.versions import versions

TEXT = ("run_id", "arm", "settings", "firm", "status", "error", "message")
_FOOTER = b"patronage"
_ATTEMPTS = 5
_READERS = 8
T = TypeVar("T")


def encode(outcomes: Sequence[Outcome], kpis: Sequence[str]) -> bytes:
    """Return the segment that holds these runs: equal outcomes make equal bytes."""
    nothing = np.full((1, 1, len(kpis)), np.nan)
    heads = [nothing if o.error else o.summary[None] for o in outcomes]
    bodies = [nothing[:0] if o.error else o.by_period for o in outcomes]
    status = {o.run.run_id: "failed" if o.error else "done" for o in outcomes}
    return _parquet(_table(outcomes, heads, WHOLE_RUN, kpis), _table(outcomes, bodies, 0, kpis), status, versions())


def _table(outcomes: Sequence[Outcome], blocks: Sequence[np.ndarray], first: int, kpis: Sequence[str]) -> pa.Table:
    """Lay blocks (T, m, K), one per run, out as one table whose periods count from `first`."""
    owner = np.repeat(np.arange(len(blocks)), [block.shape[0] * block.shape[1] for block in blocks])
    firms = [outcome.firms or ("",) for outcome in outcomes]
    columns: dict[str, Any] = {
        "run_id": _words([o.run.run_id for o in outcomes], owner),
        "arm": _words([o.run.arm for o in outcomes], owner),
        "settings": _words([o.settings for o in outcomes], owner),
        "firm": _firms(firms, [block.shape[0] for block in blocks]),
        "status": _words(["failed" if o.error else "done" for o in outcomes], owner),
        "error": _words([o.error for o in outcomes], owner),
        "message": _words([o.message for o in outcomes], owner),
        "point": np.array([o.run.point for o in outcomes], np.int32)[owner],
        "replication": np.array([o.run.replication for o in outcomes], np.int32)[owner],
        "period": np.concatenate([_periods(block, first) for block in blocks]).astype(np.int32),
    }
    values = np.concatenate([block.reshape(-1, len(kpis)) for block in blocks]).T
    return pa.table(columns | {kpi: np.ascontiguousarray(values[k]) for k, kpi in enumerate(kpis)})


def _periods(block: np.ndarray, first: int) -> np.ndarray:
    return np.repeat(np.arange(first, first + block.shape[0]), block.shape[1])


def _firms(firms: Sequence[tuple[str, ...]], periods: Sequence[int]) -> pa.DictionaryArray:
    names = list(dict.fromkeys(name for run in firms for name in run))
    codes = {run: np.array([names.index(name) for name in run]) for run in set(firms)}
    return _coded(np.concatenate([np.tile(codes[run], t) for run, t in zip(firms, periods, strict=True)]), names)


def _words(words: Sequence[str], owner: np.ndarray) -> pa.DictionaryArray:
    distinct = list(dict.fromkeys(words))
    code = {word: index for index, word in enumerate(distinct)}
    return _coded(np.array([code[word] for word in words])[owner], distinct)


def _coded(codes: np.ndarray, words: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words, pa.string()))


def _parquet(heads: pa.Table, bodies: pa.Table, status: dict[str, str], made_with: dict[str, str]) -> bytes:
    """Write the rows of whole runs as the first row group, then the rows by period; the footer has each id's status."""
    footer = {_FOOTER: json.dumps({"runs": status, "versions": made_with}).encode()}
    sink = pa.BufferOutputStream()
    options: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": list(TEXT)}
    with pq.ParquetWriter(sink, heads.schema.with_metadata(footer), **options) as writer:
        writer.write_table(heads.replace_schema_metadata(footer), row_group_size=max(1, heads.num_rows))
        writer.write_table(bodies.replace_schema_metadata(footer))
    return sink.getvalue().to_pybytes()


def merge(files: Sequence[pq.ParquetFile]) -> bytes:
    """Return one segment with the runs of several that are `alike`; of twins one stays, a done one before a failed."""
    footers = [footer_of(file) for file in files]
    home: dict[str, int] = {}
    for wanted in ("done", "failed"):
        for number, footer in enumerate(footers):
            home = {run_id: number for run_id, ended in footer["runs"].items() if ended == wanted} | home
    parts: tuple[list[pa.Table], list[pa.Table]] = ([], [])
    for number, file in enumerate(files):
        groups = range(file.num_row_groups)
        for part, chosen in zip(parts, (groups[:1], groups[1:]), strict=True):
            table = file.read_row_groups(list(chosen))
            ids, codes = _uncoded(table["run_id"])
            keep = np.array([home[run_id] == number for run_id in ids], np.bool_)
            part.append(table if keep.all() else table.filter(pa.array(keep[codes])))
    heads, bodies = (pa.concat_tables(part).unify_dictionaries() for part in parts)
    status = {run_id: footers[number]["runs"][run_id] for run_id, number in sorted(home.items())}
    return _parquet(heads, bodies, status, footers[0]["versions"])


def footer_of(file: pq.ParquetFile) -> dict[str, dict[str, str]]:
    """Return what a segment says of itself: "runs", id -> "done" or "failed", and "versions" of what made it."""
    return json.loads(file.schema_arrow.metadata[_FOOTER])


def alike(file: pq.ParquetFile) -> tuple[str, ...]:
    """Return what segments must have in common to be merged: columns and versions."""
    return (*file.schema_arrow.names, json.dumps(footer_of(file)["versions"]))


class Segments:
    """Segments kept in memory; Store keeps them in a folder.

    damaged : names of segments found not to hold the bytes they were written with
    """

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
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

    def open(self, name: str) -> pq.ParquetFile:
        """Open a segment."""
        return pq.ParquetFile(pa.BufferReader(self._held[name]))

    def holdings(self, sheet: Sheet) -> Holdings:
        """Find out which runs of the sheet are stored, from the footers alone."""
        return _patiently(lambda: self._holdings(sheet))

    def rows(self, sheet: Sheet, *, by_period: bool, only: Sequence[int] | None = None) -> Rows:
        """Read the sheet's runs, or `only` some: a row per run, period and firm, or else a row per run and firm."""
        return _patiently(lambda: self._rows(sheet, by_period, only))

    def made_with(self) -> list[dict[str, str]]:
        """Return the versions of Python and libraries that made the runs, each set of versions once."""
        found = {json.dumps(footer_of(self.open(name))["versions"]) for name in self.names()}
        return [json.loads(text) for text in sorted(found)]

    def _holdings(self, sheet: Sheet) -> Holdings:
        names = self.names()
        return Holdings.found(names, [footer_of(self.open(name))["runs"] for name in names], sheet)

    def _rows(self, sheet: Sheet, by_period: bool, only: Sequence[int] | None) -> Rows:
        holdings = self._holdings(sheet)
        if only is not None:
            holdings.owner[np.isin(np.arange(len(sheet)), only, invert=True)] = -1
        firms: dict[str, int] = {}
        parts: list[dict[str, np.ndarray]] = []
        errors: dict[int, tuple[str, str]] = {}
        for number in np.unique(holdings.owner[holdings.owner >= 0]):
            file = self.open(holdings.names[number])
            groups = list(range(1, file.num_row_groups)) if by_period else [0]
            words = [] if by_period else ["error", "message"]
            table = file.read_row_groups(groups, columns=["run_id", "period", "firm", *words, *sheet.kpis])
            owned = holdings.owner == number
            parts.append(_select(table, sheet, owned, firms))
            if not by_period:
                errors |= _errors(table, sheet, owned & holdings.failed)
        return Rows.joined(parts, list(firms), sheet.kpis, errors)


def _patiently(read: Callable[[], T]) -> T:
    """Read again when a segment vanishes: another process has compacted the folder, the runs are in a new one."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return read()
    raise Refusal("the results change faster than they can be read; wait until the other run has finished")


def _select(table: pa.Table, sheet: Sheet, owned: np.ndarray, firms: dict[str, int]) -> dict[str, np.ndarray]:
    """Return the rows of runs with `owned` (runs,) True; `firms` numbers the names met so far."""
    ids, codes = _uncoded(table["run_id"])
    index = sheet.find(np.array(ids, "S32"))
    keep = ((index >= 0) & owned[index])[codes]
    names, at = _uncoded(table["firm"])
    numbers = np.array([firms.setdefault(name, len(firms)) for name in names], np.int64)
    numeric = {name: table[name].to_numpy()[keep] for name in ("period", *sheet.kpis)}
    return {"index": index[codes][keep], "firm": numbers[at[keep]], **numeric}


def _errors(table: pa.Table, sheet: Sheet, failed: np.ndarray) -> dict[int, tuple[str, str]]:
    """Return error class and message of the runs with `failed` (runs,) True."""
    ids, codes = _uncoded(table["run_id"])
    index = sheet.find(np.array(ids, "S32"))[codes]
    rows = np.flatnonzero((index >= 0) & failed[index])
    said = (table[name].take(pa.array(rows)).to_pylist() for name in ("error", "message"))
    return dict(zip(index[rows].tolist(), zip(*said, strict=True), strict=True))


def _uncoded(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """Return the distinct words of a dictionary column and the code of each row."""
    whole = column.unify_dictionaries().combine_chunks()
    return whole.dictionary.to_pylist(), whole.indices.to_numpy()


class Store(Segments):
    """The segments of a results folder, which `prepare` makes."""

    def __init__(self, folder: Path | str) -> None:
        super().__init__()
        self.folder = Path(folder).absolute()  # worker processes may stand elsewhere
        self._sound: dict[str, tuple[int, int]] = {}

    @property
    def segments(self) -> Path:
        """The folder of the segments."""
        return self.folder / "segments"

    def prepare(self) -> None:
        """Make the folder; raise Refusal if it cannot be written."""
        with self.writing():
            self.segments.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.segments)

    def commit(self, data: bytes) -> None:
        """Write a segment, whole or not at all; raise Refusal if there is no room or no permission."""
        with self.writing():
            write_whole(self._path(digest(data).hex()), data)

    def names(self) -> list[str]:
        """Names of all sound segments, sorted; damaged ones are noted in `damaged`."""
        found = sorted(path.stem for path in self.segments.glob("*.parquet"))
        with ThreadPoolExecutor(_READERS) as threads:
            sound = list(threads.map(self._is_sound, found))
        self.damaged.update(name for name, good in zip(found, sound, strict=True) if not good)
        return [name for name, good in zip(found, sound, strict=True) if good]

    def open(self, name: str) -> pq.ParquetFile:
        """Open a segment."""
        return pq.ParquetFile(self._path(name), memory_map=True)

    def set_aside_damaged(self) -> None:
        """Rename damaged segments, so that they are kept for inspection but not met again."""
        with self.writing():
            for name in self.damaged:
                with contextlib.suppress(FileNotFoundError):  # another process was quicker
                    self._path(name).rename(self._path(name).with_suffix(".damaged"))

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

    def _is_sound(self, name: str) -> bool:
        """Compare a segment's bytes with the digest in its name; once per file and process."""
        path = self._path(name)
        seen = (path.stat().st_size, path.stat().st_mtime_ns)
        if self._sound.get(name) != seen:
            if digest(path.read_bytes()).hex() != name:
                return False
            self._sound[name] = seen
        return True

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn a full disk or a missing permission into one plain line."""
        try:
            yield
        except OSError as error:
            advice = "what is stored so far is safe; put it right and run the same command again"
            raise Refusal(f"cannot be written: {error.strerror}; {advice}", place=str(self.folder)) from None
