"""Edge lists: text with a tie a line, as people and other programs write it.

A line is `from to` or `from to weight`, its columns separated by commas, semicolons, tabs, bars or blanks, cells in
quotes or not; `#` begins a comment. A first line with the headings source and target (or from and to) tells where these
and the weight stand, and further columns are ignored. Without these words a first line of two words that occur nowhere
else, where those below occur again or are numbers, is taken for a header, too, and that is said. Of the attributes in
networkx's own `from to {'weight': 2.0}` the weight alone counts.

Clean files of numbers are read by NumPy; any other goes line by line through `_by_line`, which defines the format and
knows the line to blame. Files are read line by line, so that what is no edge list costs no memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from abm.core.errors import Refusal, shown
from abm.logs.csv_rows import lines_of, opened, separator_in
from abm.world.network.tie_list import (
    HEAVIEST,
    HIGHEST_ID,
    NOT_A_WEIGHT,
    TieList,
    counted_from_1,
    customers_of,
    weight_or_none,
    whole,
)

HEADINGS = (("source", "from", "src"), ("target", "to", "dst"), ("weight", "w"))  # of from, to and weight
FORMAT = "a tie is 'from to' or 'from to weight'"
NAME_THEM = "a header source,target,weight lets others be ignored"
MOST_COMMENTS = 100_000  # lines before the first tie
MOST_LISTED = 50_000_000  # ties of a file

_SPELLED_OTHERWISE = re.compile(r"(?:^|[\s,;|])[+0][0-9]")  # +1 and 01
_ATTRIBUTE = re.compile(r"""['"]weight['"]\s*:\s*([^,}\s]+)""")
_DECIMAL_COMMA = re.compile(r"([0-9]+),([0-9]+)")


@dataclass(frozen=True)
class Layout:
    """Where things stand in an edge list.

    separator : of columns       header : its line, 0 = none       width : columns of a line
    columns   : places of from, to and, if there is one, weight
    """

    separator: str
    header: int
    width: int
    columns: tuple[int, ...]


def read_edge_list(path: Path, customers: int | None) -> TieList:
    """Return the ties of an edge list.  Raises Refusal, with the file and the line."""
    layout = _layout(path)
    return _at_once(path, layout, customers) or _by_line(path, layout, customers)


def _bare_lines(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that holds anything, and what it holds without a comment."""
    for number, line in enumerate(lines, 1):
        bare = line if '"' in line else line.partition("#")[0]
        bare = bare.strip()
        if bare and not bare.startswith("#"):
            yield number, bare


def _layout(path: Path) -> Layout:
    with opened(path, path.name) as file:
        number, first, comments = 0, "", False
        for number, line in enumerate(lines_of(file, path.name), 1):
            comments = comments or not line.isspace()
            first = next((bare for _, bare in _bare_lines(iter((line,)))), "")
            if first or number > MOST_COMMENTS:
                break
    if not comments and number <= MOST_COMMENTS:
        raise Refusal(f"is empty; {FORMAT}", source=path.name)
    if not first:
        many = f"more than {MOST_COMMENTS:,} lines of comments before its first tie" if number > MOST_COMMENTS else ""
        raise Refusal(f"has {many or 'comments but no ties'}; {FORMAT}", source=path.name)
    plain, attributes = _apart(first)
    separator = separator_in(plain)
    cells = _cells(plain, separator, number, path.name)
    words = [cell.lower() for cell in cells]
    found = [next((words.index(name) for name in names if name in words), -1) for names in HEADINGS]
    if len(cells) == 3 and found[2] >= 0 and min(found[:2]) < 0:  # any words for the two beside the weight
        found[:2] = [at for at in range(3) if at != found[2]]
    if min(found[:2]) >= 0:
        return Layout(separator, number, len(cells), tuple(at for at in found if at >= 0))
    width = len(cells) + (attributes is not None)
    if width not in (2, 3) or "" in cells:
        raise Refusal(_unfit(cells, width, 0), place=f"line {number}", source=path.name)
    return Layout(separator, 0, width, tuple(range(width)))


def _apart(line: str) -> tuple[str, str | None]:
    """Return a line without the attributes that networkx puts behind a tie, and these; None = there are none."""
    if not line.endswith("}") or "{" not in line:
        return line, None
    plain, _, attributes = line.partition("{")
    return plain.rstrip(" \t,;|"), attributes


def _cells(line: str, separator: str, number: int, source: str) -> list[str]:
    if '"' not in line:
        return line.split() if separator == " " else [cell.strip() for cell in line.split(separator)]
    try:
        rows = csv.reader((line,), delimiter=separator, skipinitialspace=True, strict=True)
        return [cell.strip() for cell in next(rows)]
    except csv.Error as error:
        raise Refusal(f"not CSV: {error}", place=f"line {number}", source=source) from None


def _decimal(text: str, separator: str) -> str:
    """Return a weight with a decimal point, where commas do not separate the columns."""
    found = _DECIMAL_COMMA.fullmatch(text) if separator != "," else None
    return f"{found[1]}.{found[2]}" if found else text


# ---- clean files of numbers -----------------------------------------------------------------------------------------


def _at_once(path: Path, layout: Layout, customers: int | None) -> TieList | None:
    """Return the ties of a clean file of numbers, or None for one that needs a closer look."""
    if layout.width != len(layout.columns):
        return None
    kinds = sorted(
        zip(layout.columns, (("sender", np.int64), ("receiver", np.int64), ("weight", np.float64)), strict=False)
    )
    delimiter = None if layout.separator == " " else layout.separator
    try:
        with opened(path, path.name) as file:
            lines = _plain(lines_of(file, path.name), layout.header)
            rows = np.loadtxt(
                lines, [kind for _, kind in kinds], delimiter=delimiter, ndmin=1, max_rows=MOST_LISTED + 1
            )
    except (ValueError, OverflowError):
        return None
    ids = np.stack((rows["sender"], rows["receiver"]))
    weight = rows["weight"] if len(kinds) == 3 else None
    if not ids.size or ids.shape[1] > MOST_LISTED:
        return None
    ids, notes = counted_from_1(ids, customers)
    if ids.min() < 0 or ids.max() > (HIGHEST_ID if customers is None else customers - 1):
        return None
    if weight is not None and not np.all((weight >= 0) & (weight <= HEAVIEST)):
        return None
    sender, receiver = ids.astype(np.int32)
    people = int(ids.max()) + 1 if customers is None else customers
    return TieList(sender, receiver, None if weight is None else weight.astype(np.float32), people, notes=notes)


def _plain(lines: Iterator[str], header: int) -> Iterator[str]:
    """Yield the ties behind the header; raise ValueError for numbers that NumPy would not write so, and for no tie."""
    seen = False
    for number, line in enumerate(lines, 1):
        bare = line.partition("#")[0]
        if number > header and not bare.isspace() and bare:
            if _SPELLED_OTHERWISE.search(bare):
                raise ValueError
            seen = True
            yield bare
    if not seen:
        raise ValueError


# ---- any file -------------------------------------------------------------------------------------------------------


def _by_line(path: Path, layout: Layout, customers: int | None) -> TieList:
    """Read any edge list, one line at a time.  Raises Refusal naming the first line that cannot be read."""
    codes: dict[str, int] = {}
    seen: list[int] = []  # line on which each label first appears
    ends: list[int] = []
    weights: list[float | None] = []
    with opened(path, path.name) as file:
        for number, line in _bare_lines(lines_of(file, path.name)):
            if number <= layout.header:
                continue
            labels, weight = _tie(line, number, layout, bool(ends), path.name)
            for label in labels:
                code = codes.setdefault(label, len(seen))
                if code == len(seen):
                    seen.append(number)
                ends.append(code)
            weights.append(weight)
            if len(weights) > MOST_LISTED:
                raise Refusal(f"lists more than {MOST_LISTED:,} ties; use a sample of them", source=path.name)
    header = layout.header or (_taken_for_header(list(codes), seen, ends) if layout.width == 2 else 0)
    if header != layout.header:
        codes = {label: code - 2 for label, code in codes.items() if code > 1}
        seen, ends, weights = seen[2:], [code - 2 for code in ends[2:]], weights[1:]
    if not ends:
        raise Refusal(f"has a header but no ties; {FORMAT}", source=path.name)
    ids, people, names, notes = customers_of(list(codes), seen, customers, path.name)
    sender, receiver = ids[np.array(ends, np.int64).reshape(-1, 2).T]
    has_weights = any(one is not None for one in weights)
    weight_of = np.array([1.0 if one is None else one for one in weights], np.float32) if has_weights else None
    notes = notes if header == layout.header else (f"line {header} is taken for a header", *notes)
    return TieList(sender, receiver, weight_of, people, names, notes)


def _taken_for_header(labels: Sequence[str], seen: Sequence[int], ends: Sequence[int]) -> int:
    """Return the first line with a tie if its two labels are words that occur nowhere else, as others do; 0 if not."""
    others_differ = len(labels) < len(ends) or all(map(whole, labels[2:]))
    alone = len(labels) > 2 and ends[:2] == [0, 1] and not {0, 1} & set(ends[2:])
    return seen[0] if alone and others_differ and not any(map(whole, labels[:2])) else 0


def _tie(line: str, number: int, layout: Layout, later: bool, source: str) -> tuple[list[str], float | None]:
    """Return the two labels and the weight of a line; None for a weight that is not there."""
    plain, attributes = _apart(line)
    cells = _cells(plain, layout.separator, number, source)
    if attributes is not None:
        found = _ATTRIBUTE.search(attributes)
        cells.append(found[1] if found else "")
    needed = [cells[at] for at in layout.columns if at < len(cells)]
    if len(cells) != layout.width or "" in needed[:2] or (attributes is None and "" in needed):
        raise Refusal(_unfit(cells, len(cells), layout.width if later else 0), place=f"line {number}", source=source)
    if len(needed) == 2 or not needed[2]:
        return needed[:2], None
    weight = weight_or_none(_decimal(needed[2], layout.separator))
    if weight is None:
        raise Refusal(f"weight {shown(needed[2])} {NOT_A_WEIGHT}", place=f"line {number}", source=source)
    return needed[:2], weight


def _unfit(cells: Sequence[str], found: int, width: int) -> str:
    has = "an empty field" if "" in cells else "1 field" if found == 1 else f"{found} fields"
    before = f"the lines before it have {width}, and " if width else ""
    return f"has {has}; {before}{FORMAT}{f'; {NAME_THEM}' if found > 3 and not width else ''}"
