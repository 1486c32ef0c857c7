"""Rows of Parquet files, as text: the same cells that a CSV file of the table would have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abm.core.errors import Refusal

SUFFIXES = (".parquet", ".pq")
_BATCH = 1 << 16  # rows read at a time


def parquet_rows(path: Path, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield 0 and the names of the columns, then each row's number, from 1, and its cells; "" for what is missing.

    source : what messages call the file
    Raises Refusal for a file that is missing or no Parquet file.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and few logs are in this format
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            table = parquet.ParquetFile(file)
            yield 0, list(table.schema_arrow.names)
            number = 0
            for batch in table.iter_batches(_BATCH):
                for row in zip(*map(_written, batch.columns), strict=True):
                    number += 1
                    yield number, list(row)
    except FileNotFoundError:
        raise Refusal("there is no such file", source=str(path)) from None
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or "it is no Parquet file"
        raise Refusal(f"cannot be read: {reason}", source=source) from None


def _written(column: Any) -> list[str]:
    """Return a column as text, "" for what is missing; a column of lists or tables, which no log needs, is empty."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    if pa.types.is_floating(column.type):
        column = compute.if_else(compute.is_nan(column), None, column)
    try:
        return list(column.cast(pa.string()).fill_null("").to_pylist())
    except pa.ArrowException:
        return [""] * len(column)
