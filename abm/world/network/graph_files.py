"""Word-of-mouth graphs from files: edge lists (edge_lists.py) and GraphML, and from networkx.

GraphML : one graph; the edge attribute `weight`, where it is used, is the weight of the tie.

Directions do not count: word of mouth goes both ways. Nothing in a file is ever run: pickles and XML entities are
refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from numbers import Real
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from abm.core.errors import Refusal, shown
from abm.logs.csv_rows import lines_of, opened
from abm.world.network.edge_lists import read_edge_list
from abm.world.network.tie_list import HEAVIEST, NOT_A_WEIGHT, TieList, customers_of

PICKLES = (".pkl", ".pickle", ".gpickle", ".joblib")
XML = (".graphml", ".xml")
OTHERS = {
    ".gml": "GML", ".net": "Pajek", ".paj": "Pajek", ".gexf": "GEXF", ".dot": "DOT", ".gv": "DOT", ".json": "JSON",
    ".g6": "graph6", ".s6": "sparse6", ".mtx": "Matrix Market", ".xlsx": "Excel", ".parquet": "Parquet",
}  # fmt: skip
BEGINNINGS = {
    "graph [": "GML",
    "*vertices": "Pajek",
    "*network": "Pajek",
    "<gexf": "GEXF",
    "%%matrixmarket": "Matrix Market",
}
LARGEST_GRAPHML = 64 * 2**20  # bytes, as the whole file is held in memory several times over
_NO_PICKLE = "pickles are never read, because they can run code; save an edge list or GraphML instead"


def read_graph(path: Path, customers: int | None = None) -> TieList:
    """Read an edge list or a GraphML file (.graphml, .xml, or any file that begins with "<").

    customers : how many there are in the scenario; None = as many as the file names
    Raises Refusal, with the file and the line where there is one.
    """
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise Refusal(_NO_PICKLE, source=path.name)
    begins = _beginning(path)
    other = OTHERS.get(suffix) or next((name for text, name in BEGINNINGS.items() if text in begins), None)
    if other:
        raise Refusal(f"is {other}, which is not read; write GraphML: networkx.write_graphml", source=path.name)
    if suffix in XML or begins.startswith("<"):
        return _graphml(_text(path), customers, path.name)
    return read_edge_list(path, customers)


def _beginning(path: Path) -> str:
    """Return the first characters of a file, small letters with single blanks.  Raises Refusal for a pickle."""
    with opened(path, path.name) as file:
        begins = file.read(200)
    if begins.startswith("\udc80"):
        raise Refusal(_NO_PICKLE, source=path.name)
    return " ".join(begins.lower().split())


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > LARGEST_GRAPHML:
        most = f"{LARGEST_GRAPHML / 2**20:.0f} MB"
        raise Refusal(f"is larger than {most}, which GraphML may be; write an edge list", source=path.name)
    with opened(path, path.name) as file:
        return "".join(lines_of(file, path.name, longest=LARGEST_GRAPHML))


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
    ids, people, labels, notes = customers_of(nodes, [0] * len(nodes), customers, source)
    listed = list_ties(graph, source=source)
    return TieList(ids[listed.sender], ids[listed.receiver], listed.weight, people, labels, notes)


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
    """Return the ties of any networkx graph, its nodes numbered as they come; directions do not count.

    An edge without `weight` beside edges that have one weighs 1, as everywhere in networkx.
    Raises Refusal for a weight that is not a finite number of at least 0.
    """
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
            raise Refusal(f"the tie {a!r} – {b!r} has weight {shown(weight)}, which {NOT_A_WEIGHT}", source=source)
