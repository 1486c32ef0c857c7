"""A segment: whole runs in one Parquet file.   The only file that imports pyarrow.

A segment is one long table. Its first row groups have a row per run and firm (period = -1, measured over the whole
run), those after them a row per run, period and firm. So which runs there are, and how they ended, is read from two
columns of the first groups, whatever their length. The footer has the format, and the versions of what made the runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from abm.core.errors import Refusal
from abm.study.plan.record import KINDS
from abm.study.plan.sheet import Sheet, raw
from abm.study.provenance.files import Hashing
from abm.study.provenance.versions import FORMAT, versions
from abm.study.storage.rows import WHOLE_RUN, Outcome

TEXT = ("run_id", "arm", "settings", "firm", "status", "error", "message")
ROWS = 1 << 14  # of a row group, which is what is held in memory when segments are merged
FAILED = "failed"
TABLES = RUNS, PERIODS = "runs", "single periods"
MARK = "customer"  # the column that every row of a table of single persons has
_FOOTER = b"patronage"

# pyarrow's own allocator keeps what was ever in use, and a long sweep must not grow
pa.set_memory_pool(pa.system_memory_pool())


class Segment:
    """A segment open for reading, from a file or from bytes.

    Raises Refusal for a Parquet file of another format.
    """

    def __init__(self, source: Path | bytes) -> None:
        self._file = pq.ParquetFile(pa.BufferReader(source) if isinstance(source, bytes) else str(source))
        footer = json.loads((self._file.schema_arrow.metadata or {}).get(_FOOTER, b"{}"))
        found = footer.get("format", 1)
        if found != FORMAT:
            advice = "choose another folder, or use the version that wrote it"
            raise Refusal(f"has format {found}, and this version reads {FORMAT}; {advice}")
        self.made_with: dict[str, str] = footer["versions"]

    @property
    def alike(self) -> tuple[str, ...]:
        """What segments must have in common to be merged: columns and versions."""
        return (*self._file.schema_arrow.names, json.dumps(self.made_with))

    @cached_property
    def runs(self) -> tuple[np.ndarray, np.ndarray]:
        """Ids (runs,) in raw form, and whether each run failed (runs,)."""
        ids, failed = [raw(())], [np.empty(0, np.bool_)]
        for group in self._groups[RUNS]:
            table = self._read(group, ["run_id", "status"])
            words, codes = _uncoded(table["run_id"])
            statuses, status = _uncoded(table["status"])
            ended = np.zeros(len(words), np.bool_)
            ended[codes] = (np.array(statuses, object) == FAILED)[status]
            ids.append(raw(words))
            failed.append(ended)
        return np.concatenate(ids), np.concatenate(failed)

    def rows(
        self, sheet: Sheet, owned: np.ndarray, firms: dict[str, int], *, by_period: bool
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield the rows of runs with `owned` (runs,) True, group by group; `firms` numbers the names met so far."""
        for group in self._groups[PERIODS if by_period else RUNS]:
            table = self._read(group, ["run_id", "period", "firm", *sheet.kpis])
            words, codes = _uncoded(table["run_id"])
            index = sheet.find(raw(words))
            keep = ((index >= 0) & owned[index])[codes]
            names, at = _uncoded(table["firm"])
            used, where = np.unique(at[keep], return_inverse=True)
            numbers = np.array([firms.setdefault(names[code], len(firms)) for code in used], np.int64)
            numeric = {name: table[name].to_numpy()[keep] for name in ("period", *sheet.kpis)}
            yield {"index": index[codes][keep], "firm": numbers[where], **numeric}

    def log(self, sheet: Sheet, owned: np.ndarray, kind: str) -> Iterator[dict[str, np.ndarray]]:
        """Yield the rows of a table of single persons, "persons" or "visits", group by group, with the run's index.

        owned : (runs,) of which runs
        """
        names = [name for name in self._file.schema_arrow.names if name.startswith(f"{kind}.")]
        for group in self._groups[kind]:
            table = self._read(group, ["run_id", *names])
            words, codes = _uncoded(table["run_id"])
            index = sheet.find(raw(words))
            keep = ((index >= 0) & owned[index])[codes]
            columns = {name.removeprefix(f"{kind}."): table[name].to_numpy()[keep] for name in names}
            yield {"index": index[codes][keep], **columns}

    def errors(self, sheet: Sheet, failed: np.ndarray) -> dict[int, tuple[str, str]]:
        """Return error class and message of the runs with `failed` (runs,) True."""
        found: dict[int, tuple[str, str]] = {}
        for group in self._groups[RUNS] if failed.any() else ():
            table = self._read(group, ["run_id", "error", "message"])
            words, codes = _uncoded(table["run_id"])
            index = sheet.find(raw(words))[codes]
            rows = np.flatnonzero((index >= 0) & failed[index])
            said = (table[name].take(pa.array(rows)).to_pylist() for name in ("error", "message"))
            found |= dict(zip(index[rows].tolist(), zip(*said, strict=True), strict=True))
        return found

    @cached_property
    def _groups(self) -> dict[str, list[int]]:
        """The row groups by what they hold: whole runs, single periods, and tables of single persons."""
        schema, about = self._file.schema_arrow, self._file.metadata
        period = schema.get_field_index("period")
        marks = {kind: place for kind in KINDS if (place := schema.get_field_index(f"{kind}.{MARK}")) >= 0}
        found: dict[str, list[int]] = {kind: [] for kind in (*TABLES, *KINDS)}
        for g in range(about.num_row_groups):
            group = about.row_group(g)
            logs = [kind for kind, place in marks.items() if group.column(place).statistics.null_count == 0]
            whole = group.column(period).statistics.max == WHOLE_RUN
            found[logs[0] if logs else RUNS if whole else PERIODS].append(g)
        return found

    def tables(self, kept: np.ndarray, kind: str) -> Iterator[pa.Table]:
        """Yield the rows of a kind of the runs that are kept, True or False in the order of `runs`, group by group."""
        ids, _ = self.runs
        for group in self._groups[kind]:
            table = self._read(group)
            if not kept.all():
                words, codes = _uncoded(table["run_id"])
                table = table.filter(pa.array(np.isin(raw(words), ids[kept])[codes]))
            yield table

    def _read(self, group: int, columns: list[str] | None = None) -> pa.Table:
        return self._file.read_row_group(group, columns=columns, use_threads=False)  # each thread would keep memory

    @property
    def schema(self) -> pa.Schema:
        """Columns and their kinds."""
        return self._file.schema_arrow.remove_metadata()


def encode(outcomes: Sequence[Outcome], kpis: Sequence[str]) -> bytes:
    """Return the segment that holds these runs: equal outcomes make equal bytes."""
    nothing = np.full((1, 1, len(kpis)), np.nan)
    run_rows = _table(outcomes, [nothing if o.error else o.summary[None] for o in outcomes], WHOLE_RUN, kpis)
    period_rows = _table(outcomes, [nothing[:0] if o.error else o.by_period for o in outcomes], 0, kpis)
    logs = [_log(outcomes, kind) for kind in KINDS if any(kind in o.logs for o in outcomes)]
    tables = [run_rows, period_rows, *logs]
    schema = pa.unify_schemas([table.schema for table in tables])
    sink = pa.BufferOutputStream()
    _parquet(sink, schema, versions(), *([_widened(table, schema)] for table in tables))
    return sink.getvalue().to_pybytes()


def merge(sources: Sequence[Callable[[], Segment]], sink: Hashing) -> None:
    """Write one segment with the runs of several that are `alike`; of twins one stays, a done one before a failed.

    sources : functions that open the segments; one is open at a time, and a row group of it in memory
    """
    runs = [source().runs for source in sources]
    ids, failed = (np.concatenate(part) for part in zip(*runs, strict=True))
    order = np.lexsort((np.arange(len(ids)), failed, ids))
    first = np.ones(len(ids), np.bool_)
    first[1:] = ids[order[1:]] != ids[order[:-1]]
    kept = np.zeros(len(ids), np.bool_)
    kept[order[first]] = True
    of_each = np.split(kept, np.cumsum([len(run_ids) for run_ids, _ in runs])[:-1])
    parts = (_kept(sources, of_each, kind) for kind in (*TABLES, *KINDS))
    one = sources[0]()
    _parquet(pa.PythonFile(sink, mode="w"), one.schema, one.made_with, *parts)
    pa.default_memory_pool().release_unused()  # memory that each merge leaves behind would add up


def _kept(sources: Sequence[Callable[[], Segment]], kept: Sequence[np.ndarray], kind: str) -> Iterator[pa.Table]:
    for source, own in zip(sources, kept, strict=True):
        yield from source().tables(own, kind)


def _log(outcomes: Sequence[Outcome], kind: str) -> pa.Table:
    """Lay the tables of one kind out as one, beside the columns that say whose they are.

    A column that an arm does not have is empty there.
    """
    tables = [(o, o.logs[kind]) for o in outcomes if kind in o.logs]
    parts = []
    for outcome, columns in tables:
        count = len(columns[MARK])
        said = {"run_id": outcome.run.run_id, "arm": outcome.run.arm, "settings": outcome.settings, "firm": "",
                "status": "done", "error": "", "message": ""}  # fmt: skip
        own: dict[str, Any] = {name: _coded(np.zeros(count), [word]) for name, word in said.items()}
        numbers = {"point": outcome.run.point, "replication": outcome.run.replication}
        own |= {name: np.full(count, number, np.int32) for name, number in numbers.items()}
        own |= {"period": columns["period"].astype(np.int32)}
        parts.append(pa.table(own | {f"{kind}.{name}": np.ascontiguousarray(c) for name, c in columns.items()}))
    return pa.concat_tables(parts, promote_options="default").unify_dictionaries().combine_chunks()


def _widened(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with all columns of a schema, those that it has not empty."""
    columns = {
        field.name: table[field.name] if field.name in table.schema.names else pa.nulls(table.num_rows, field.type)
        for field in schema
    }
    return pa.table(columns, schema=schema)


def _table(outcomes: Sequence[Outcome], blocks: Sequence[np.ndarray], first: int, kpis: Sequence[str]) -> pa.Table:
    """Lay blocks (T, m, K), one per run, out as one table whose periods count from `first`."""
    owner = np.repeat(np.arange(len(blocks)), [block.shape[0] * block.shape[1] for block in blocks])
    firms = [outcome.firms or ("",) for outcome in outcomes]
    columns: dict[str, Any] = {
        "run_id": _words([o.run.run_id for o in outcomes], owner),
        "arm": _words([o.run.arm for o in outcomes], owner),
        "settings": _words([o.settings for o in outcomes], owner),
        "firm": _firms(firms, [block.shape[0] for block in blocks]),
        "status": _words([FAILED if o.error else "done" for o in outcomes], owner),
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


def _uncoded(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """Return the distinct words of a dictionary column and the code of each row."""
    whole = column.unify_dictionaries().combine_chunks()
    return whole.dictionary.to_pylist(), whole.indices.to_numpy()


def _parquet(sink: pa.NativeFile, schema: pa.Schema, made_with: dict[str, str], *parts: Iterable[pa.Table]) -> None:
    """Write the rows of whole runs, then the rows by period, in row groups of about ROWS."""
    footer = {_FOOTER: json.dumps({"format": FORMAT, "versions": made_with}).encode()}
    schema = schema.with_metadata(footer)
    options: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": list(TEXT)}
    with pq.ParquetWriter(sink, schema, **options) as writer:
        for tables in parts:
            for table in _gathered(tables):
                writer.write_table(table.replace_schema_metadata(footer), row_group_size=max(1, table.num_rows))


def _gathered(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Put tables together until there are enough rows for a row group; leave empty ones out."""
    waiting: list[pa.Table] = []
    for table in tables:
        if waiting and sum(part.num_rows for part in (*waiting, table)) > ROWS:
            yield _joined(waiting)
            waiting = []
        if table.num_rows:
            waiting.append(table)
    if waiting:
        yield _joined(waiting)


def _joined(tables: list[pa.Table]) -> pa.Table:
    """Put tables together, in one chunk with the words that are in use alone."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()
