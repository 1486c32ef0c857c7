"""Rows of CSV files that people write: UTF-8, commas, a header, as many cells in every row; blank lines do not count.

What is wrong is said with the line it stands in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from abm.core.errors import Refusal, did_you_mean

_OTHER_SEPARATORS = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))


def read_rows(path: Path, source: str, needed: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the header, then each row that is not blank: the number of its line, and its cells without blanks around.

    source : what messages call the file        needed : columns, named to whoever gives an empty file

    Raises Refusal for a file that is missing, empty, not UTF-8 or not CSV, columns separated by something else, and a
    row with more or fewer cells than the header.
    """
    rows = _split(_text(path, source), source)
    line, header = next(rows, (0, []))
    if not header:
        raise Refusal(f"is empty; it needs a header with {', '.join(needed)}", source=source)
    for separator, called in _OTHER_SEPARATORS:
        if len(header) == 1 and separator in header[0]:
            advice = f"the columns are separated by {called}; save the file with commas"
            raise Refusal(advice, place=f"line {line}", source=source)
    yield line, header
    for line, cells in rows:
        if len(cells) != len(header):
            said = f"{len(cells)} column{'s' * (len(cells) != 1)} where the header has {len(header)}"
            raise Refusal(said, place=f"line {line}", source=source)
        yield line, cells


def _text(path: Path, source: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        near = did_you_mean(path.name, sorted(one.name for one in path.parent.glob(f"*{path.suffix}")))
        raise Refusal(f"there is no such file{near}", source=str(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise Refusal(f"cannot be read: {getattr(error, 'strerror', error)}", source=str(path)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refusal("not UTF-8 text; save the file as UTF-8", place=f"line {line}", source=source) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Refusal("not text (a zero byte); save the file as CSV", place=f"line {line}", source=source)
    return text


def _split(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise Refusal(f"not CSV: {error}", place=f"line {reader.line_num}", source=source) from None
