"""Tables for spreadsheets: text that a spreadsheet would take for a formula is text there too.

A spreadsheet calculates a cell of a CSV file that begins with = + - @, a tab or a line end, whoever wrote it. An
apostrophe before it says that it is text. Numbers stay numbers.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n]")


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose text, headings included, no spreadsheet takes for a formula; for `to_csv`."""
    columns = {name: _harmless(column) for name, column in table.items()}
    return pd.DataFrame({marked(name): column for name, column in columns.items()}, index=table.index)


def _harmless(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.rename_categories([marked(word) for word in column.cat.categories])
    return column if pd.api.types.is_numeric_dtype(column.dtype) else column.map(marked)


def marked(cell: Any) -> Any:
    """Return a cell with an apostrophe before it if it is text that a spreadsheet would calculate."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unmarked(cell: str) -> str:
    """Return the text that `marked` made a cell of."""
    return cell[1:] if _MARKED.match(cell) else cell
