"""Word-of-mouth graphs from files: edge lists (text, CSV) and GraphML.

Edge list : a tie a line, `from to` or `from to weight`, separated by spaces, tabs or commas; `#` begins a
            comment; a header `source,target,weight` or `from to weight` may come first. UTF-8.
GraphML   : one undirected graph; the edge attribute `weight`, where it is used, is the weight of the tie.
Customers : if all labels are whole numbers they are customer ids, from 0; if none is they are names, numbered
            in order of appearance. A mixture is refused, because a slip of the pen would make names of all
            numbers; so is a number in two spellings (1 and "1", 1 and 01): one person or two, nobody knows.

Clean files of numbers are read by NumPy; any other goes line by line through `_by_line`, which defines the
format and knows the line to blame. Nothing in a file is ever run: pickles and XML entities are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from abm.core.errors import Refusal, shown

PICKLES = (".pkl", ".pickle", ".gpickle", ".joblib")
XML = (".graphml", ".xml")
HEADERS = (("source", "target"), ("from", "to"))
HIGHEST_ID = 2**31 - 3
HEAVIEST = float(np.finfo(np.float32).max)
HEADER = "a header reads 'source,target' or 'from to'"
FORMAT = "a tie is 'from to' or 'from to weight'"
_NO_PICKLE = "pickles are never read, because they can run code; save an edge list or GraphML instead"
_NOT_A_WEIGHT = "is not a finite number of at least 0"

_WHOLE = re.compile(r"[+-]?[0-9]+")
_SPELLED_OTHERWISE = re.compile(r"(?:^|[\s,])[+0][0-9]", re.MULTILINE)  # +1 and 01
_LONGEST_ID = 18  # digits that surely fit 64 bits


@dataclass(frozen=True, eq=False)
class TieList:
    """Ties as they are listed: self-loops and duplicates are still in.

    sender, receiver : (L,) customer ids       weight : (L,) >= 0, or None = the list has no weights
    people           : customers 0..people - 1 are known to the list
    labels           : (people,) names of the customers, () = they are called by their ids
    """

    sender: NDArray[np.int32]
    receiver: NDArray[np.int32]
    weight: NDArray[np.float32] | None
    people: int
    labels: tuple[Hashable, ...] = ()


def read_graph(path: Path, customers: int | None = None) -> TieList:
    """Read an edge list or a GraphML file (.graphml, .xml, or any file that begins with "<").

    customers : how many there are in the scenario; None = as many as the file names
    Raises Refusal, with the file and the line where there is one.
    """
    if path.suffix.lower() in PICKLES:
        raise Refusal(_NO_PICKLE, source=path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refusal(f"cannot be read: {(error.strerror or 'no such file').lower()}", source=path.name) from None
    text = _decoded(data, path.name)
    if path.suffix.lower() in XML or text.lstrip().startswith("<"):
        return _graphml(text, customers, path.name)
    return _edge_list(text, customers, path.name)


def _decoded(data: bytes, source: str) -> str:
    if data[:1] == b"\x80":
        raise Refusal(_NO_PICKLE, source=source)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refusal("is not UTF-8; save the file as UTF-8", place=f"line {line}", source=source) from None
    if "\0" in text:
        raise Refusal("is not text, or not UTF-8; save the file as UTF-8", source=source)
    if not text.strip():
        raise Refusal(f"is empty; {FORMAT}", source=source)
    return text


# ---- edge lists -----------------------------------------------------------------------------------------------------


def _edge_list(text: str, customers: int | None, source: str) -> TieList:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((n for n, line in enumerate(lines) if _fields(line)), None)
    if first is None:
        raise Refusal(f"has comments but no ties; {FORMAT}", source=source)
    header = tuple(field.strip('"').lower() for field in _fields(lines[first]))
    if header[:2] in HEADERS and header[2:] in ((), ("weight",)):
        first += 1
    clean = None if _SPELLED_OTHERWISE.search(text) else _at_once(lines[first:], customers)
    return clean or _by_line(lines, first, customers, source)


def _fields(line: str) -> list[str]:
    line = line.partition("#")[0]
    if "," in line:
        return [field.strip() for field in line.split(",")]
    return line.split()


def _at_once(lines: Sequence[str], customers: int | None) -> TieList | None:
    """Return the ties of a clean file of numbers, or None for one that needs a closer look."""
    example = next((line for line in lines if _fields(line)), "").partition("#")[0]
    columns = [("sender", np.int64), ("receiver", np.int64), ("weight", np.float64)][: len(_fields(example))]
    if len(columns) < 2:
        return None
    delimiter = "," if "," in example else None
    try:
        rows = np.loadtxt(lines, dtype=columns, comments="#", delimiter=delimiter, ndmin=1)
    except (ValueError, OverflowError):
        return None
    ids = np.stack((rows["sender"], rows["receiver"]))
    weight = rows["weight"] if len(columns) == 3 else None
    if ids.min() < 0 or ids.max() > (HIGHEST_ID if customers is None else customers - 1):
        return None
    if weight is not None and not np.all((weight >= 0) & (weight <= HEAVIEST)):
        return None
    sender, receiver = ids.astype(np.int32)
    people = int(ids.max()) + 1 if customers is None else customers
    return TieList(sender, receiver, None if weight is None else weight.astype(np.float32), people)


def _by_line(lines: Sequence[str], first: int, customers: int | None, source: str) -> TieList:
    """Read any edge list, one line at a time.  Raises Refusal naming the first line that cannot be read."""
    codes: dict[str, int] = {}
    seen: list[int] = []  # line on which each label first appears
    ends: list[int] = []
    weights: list[float] = []
    width = 0
    for n, line in enumerate(lines[first:], start=first + 1):
        fields = _fields(line)
        if not fields:
            continue
        if len(fields) not in (2, 3) or len(fields) != (width or len(fields)) or "" in fields:
            raise Refusal(_unfit(fields, width), place=f"line {n}", source=source)
        width = len(fields)
        for label in fields[:2]:
            code = codes.get(label)
            if code is None:
                code = codes[label] = len(seen)
                seen.append(n)
            ends.append(code)
        if width == 3:
            weights.append(_weight_written(fields[2], n, source))
    if not ends:
        raise Refusal(f"has a header but no ties; {FORMAT}", source=source)
    ids, people, names = _customers_of(list(codes), seen, customers, source)
    sender, receiver = ids[np.array(ends, np.int64).reshape(-1, 2).T]
    return TieList(sender, receiver, np.array(weights, np.float32) if width == 3 else None, people, names)


def _unfit(fields: Sequence[str], width: int) -> str:
    found = "an empty field" if "" in fields else "1 field" if len(fields) == 1 else f"{len(fields)} fields"
    return f"has {found}; {f'the lines before it have {width}, and ' if width else ''}{FORMAT}"


def _weight_written(text: str, line: int, source: str) -> float:
    try:
        weight = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        weight = math.nan
    if not 0 <= weight <= HEAVIEST:
        raise Refusal(f"weight {shown(text)} {_NOT_A_WEIGHT}", place=f"line {line}", source=source)
    return weight


# ---- labels ---------------------------------------------------------------------------------------------------------


def _bare(label: str) -> str:
    return label[1:-1] if len(label) > 1 and label[0] == label[-1] == '"' else label


def _customers_of(
    labels: Sequence[str], lines: Sequence[int], customers: int | None, source: str
) -> tuple[NDArray[np.int32], int, tuple[str, ...]]:
    """Return the id of each label, the number of people and their names (() for whole numbers).

    labels : as written, in order of appearance
    lines  : (len(labels),) where each appeared first, 0 = not in a line
    """

    def refuse(at: int, message: str) -> NoReturn:
        raise Refusal(message, place=f"line {lines[at]}" if lines[at] else "", source=source)

    bare = list(map(_bare, labels))
    numeric = [bool(_WHOLE.fullmatch(label)) for label in bare]
    if not any(numeric):
        named: dict[str, int] = {}
        ids = np.array([named.setdefault(name, len(named)) for name in bare], np.int32)
        return ids, _people(len(named), customers, source), tuple(named)
    if not all(numeric):
        odd = numeric.index(not numeric[0])
        if numeric[0]:
            refuse(odd, f"{shown(bare[odd])} is not a whole number, as the customers before it are")
        refuse(odd, f"{shown(bare[odd])} is a whole number after names; use one or the other ({HEADER})")
    spelled: dict[int, int] = {}
    highest = HIGHEST_ID if customers is None else customers - 1
    for at, label in enumerate(bare):
        number = int(label) if len(label) <= _LONGEST_ID else highest + 1
        if not 0 <= number <= highest:
            refuse(at, f"customer {label[:20]} does not exist; customers are numbered from 0 to {highest}")
        if number in spelled:
            other = labels[spelled[number]]
            refuse(at, f"{labels[at]} and {other} read as the same customer; write her in one way only")
        spelled[number] = at
    ids = np.array(list(spelled), np.int32)
    return ids, customers if customers is not None else int(ids.max()) + 1, ()


def _people(found: int, customers: int | None, source: str) -> int:
    if customers is not None and found > customers:
        step = f"set population.customers = {found} or more"
        raise Refusal(f"has {found} people, but the population has {customers} customers; {step}", source=source)
    return found


# ---- networkx graphs and GraphML ------------------------------------------------------------------------------------


def _graphml(text: str, customers: int | None, source: str) -> TieList:
    import networkx as nx  # noqa: PLC0415 - slow to import, and few studies bring a graph

    if "<!ENTITY" in text:
        raise Refusal("declares XML entities, which GraphML does not need; they are never read", source=source)
    try:
        _check_graphml(ElementTree.fromstring(text), source)
        graph = nx.parse_graphml(text)
    except Refusal:
        raise
    except (ElementTree.ParseError, nx.NetworkXError, LookupError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise Refusal(f"is not GraphML ({reason}); save the graph as GraphML or an edge list", source=source) from None
    if not graph:
        raise Refusal("has no customers; a graph needs nodes and edges", source=source)
    nodes = [str(node) for node in graph]
    ids, people, labels = _customers_of(nodes, [0] * len(nodes), customers, source)
    listed = list_ties(graph, source=source)
    return TieList(ids[listed.sender], ids[listed.receiver], listed.weight, people, labels)


def _check_graphml(root: ElementTree.Element, source: str) -> None:
    """Refuse what networkx reads without a word: further graphs, and edges that lead to no node."""
    graphs, nodes, edges = ([e for e in root.iter() if _tag(e) == tag] for tag in ("graph", "node", "edge"))
    if len(graphs) > 1:
        raise Refusal("has several graphs; keep one in a file", source=source)
    ids = {node.attrib["id"] for node in nodes}
    for edge in edges:
        for end in ("source", "target"):
            if edge.get(end) not in ids:
                raise Refusal(f"an edge has the {end} {shown(edge.get(end))}, which is no node", source=source)


def _tag(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def list_ties(graph: Any, source: str = "") -> TieList:
    """Return the ties of an undirected networkx graph, its nodes numbered as they come.

    An edge without `weight` beside edges that have one weighs 1, as everywhere in networkx.
    Raises Refusal for a directed graph and for a weight that is not a finite number of at least 0.
    """
    if graph.is_directed():
        step = 'set edgedefault="undirected" in the file' if source else "pass graph.to_undirected()"
        raise Refusal(f"the graph is directed, but word of mouth goes both ways; {step}", source=source)
    number = {node: i for i, node in enumerate(graph)}
    edges = list(graph.edges(data="weight"))
    ends = np.array([(number[a], number[b]) for a, b, _ in edges], np.int32).reshape(-1, 2)
    weight = None
    if any(w is not None for _, _, w in edges):
        weight = np.array(list(_weights(edges, source)), np.float32)
    sender, receiver = ends.T.copy()
    return TieList(sender, receiver, weight, len(number), tuple(number))


def _weights(edges: Iterable[tuple[Hashable, Hashable, Any]], source: str) -> Iterable[float]:
    for a, b, weight in edges:
        if weight is None:
            yield 1.0
        elif isinstance(weight, Real) and not isinstance(weight, bool) and 0 <= float(weight) <= HEAVIEST:
            yield float(weight)
        else:
            raise Refusal(f"the tie {a!r} – {b!r} has weight {shown(weight)}, which {_NOT_A_WEIGHT}", source=source)
