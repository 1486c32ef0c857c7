"""Rows of text files that people write: UTF-8, a header, as many cells in every row; blank lines do not count.

Columns are separated by commas, semicolons, tabs, bars (|) or blanks: the header tells. A file is read line by line, so
that its size does not matter, but no line may be longer than LONGEST_LINE. What is wrong is said with the line it
stands in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from abm.core.errors import Refusal, did_you_mean

LONGEST_LINE = 1 << 20  # characters
MOST_BLANK = 100_000  # lines that follow each other
SEPARATORS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")  # what a wrong byte is read as


def read_rows(path: Path, source: str, needed: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the header, then each row that is not blank: the number of its line, and its cells without blanks around.

    source : what messages call the file        needed : columns, named to whoever gives an empty file

    Raises Refusal for a file that is missing, empty, not UTF-8 or not CSV, a line that is too long, and a row with more
    or fewer cells than the header.
    """
    with opened(path) as file:
        rows = _split(lines_of(file, source), source)
        line, header = next(rows, (0, []))
        if not header:
            raise Refusal(f"is empty; it needs a header with {', '.join(needed)}", source=source)
        yield line, header
        for line, cells in rows:
            if len(cells) != len(header):
                said = f"{len(cells)} column{'s' * (len(cells) != 1)} where the header has {len(header)}"
                raise Refusal(said, place=f"line {line}", source=source)
            yield line, cells


@contextmanager
def opened(path: Path, source: str = "") -> Iterator[TextIO]:
    """Open a text file, its wrong bytes read as what `lines_of` refuses.  Raises Refusal if it cannot be opened.

    source : what messages call it; the path when empty
    """
    try:
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except FileNotFoundError:
        stems = sorted(one.stem for one in path.parent.glob(f"*{path.suffix}") if one.is_file())
        near = did_you_mean(path.stem, stems, path.suffix)
        raise Refusal(f"there is no such file{near}", source=source or str(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise Refusal(f"cannot be read: {getattr(error, 'strerror', error)}", source=source or str(path)) from None
    with file:
        yield file


def lines_of(file: TextIO, source: str, longest: int = LONGEST_LINE) -> Iterator[str]:
    """Yield the lines of a file with their ends.

    Raises Refusal for one too long, not UTF-8 or with a zero byte, and for a stretch of blank ones without end.
    """
    number = blank = 0
    while line := file.readline(longest + 1):
        number += 1
        if len(line) > longest:
            said = f"is longer than {longest:,} characters; a row is a line of its own"
            raise Refusal(said, place=f"line {number}", source=source)
        if not line.isascii() and _NOT_UTF_8.search(line):
            raise Refusal("not UTF-8 text; save the file as UTF-8", place=f"line {number}", source=source)
        if "\0" in line:
            raise Refusal("not text (a zero byte); save the file as UTF-8 text", place=f"line {number}", source=source)
        blank = blank + 1 if line.isspace() else 0
        if blank > MOST_BLANK:
            raise Refusal(f"more than {MOST_BLANK:,} blank lines", place=f"line {number}", source=source)
        yield line


def separator_in(header: str) -> str:
    """Return what separates the columns of a header: the mark that it holds most of, else a blank, else a comma."""
    bare = _QUOTED.sub("", header).strip()
    most = max(SEPARATORS, key=bare.count)
    return most if most in bare else " " if " " in bare else ","


def _split(lines: Iterator[str], source: str) -> Iterator[tuple[int, list[str]]]:
    skipped, first = 0, ""
    for first in lines:
        if first.strip(" \t\r\n" + SEPARATORS):
            break
        skipped += 1
    separator = separator_in(first)
    whole = _from(first, lines)
    if separator == " ":  # columns that stand below each other are apart by several
        whole = (" ".join(line.split()) + "\n" for line in whole)
    reader = csv.reader(whole, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for written in reader:
            cells = [cell.strip() for cell in written]
            if any(cells):
                yield skipped + reader.line_num, cells
    except csv.Error as error:
        raise Refusal(f"not CSV: {error}", place=f"line {skipped + reader.line_num}", source=source) from None


def _from(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines
