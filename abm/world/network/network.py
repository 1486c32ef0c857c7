"""Who talks to whom: the word-of-mouth graph, drawn, read from a file, or taken from networkx.

Claim: word of mouth runs along lasting, undirected ties, strong or weak.
Source: WATTS_STROGATZ_1998, BARABASI_ALBERT_1999, BATAGELJ_BRANDES_2005 and COLEMAN_1958 for kinds of graph, see
generators.py; GOLDENBERG_LIBAI_MULLER_2001 for strong and weak ties. Which graph customers form is assumed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import model_validator

from abm.core.citations import cite
from abm.core.errors import Refusal, one_of, shown
from abm.core.sources import COLEMAN_1958, GOLDENBERG_LIBAI_MULLER_2001, WATTS_STROGATZ_1998, XULVI_BRUNET_SOKOLOV_2004
from abm.core.spec import Spec, param
from abm.world.network import generators
from abm.world.network.graph_files import list_ties, read_graph
from abm.world.network.listed import described, tied
from abm.world.network.tie_list import TieList
from abm.world.network.ties import Ties, compressed_rows, strong_and_weak

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Network", "Ties", "from_networkx", "to_networkx"]

Kind = Literal["watts_strogatz", "barabasi_albert", "erdos_renyi", "stochastic_block", "complete", "ring", "file"]
DRAWN = ("watts_strogatz", "barabasi_albert", "erdos_renyi", "stochastic_block", "complete", "ring")
USED_BY: dict[str, tuple[str, ...]] = {
    "neighbours": tuple(kind for kind in DRAWN if kind != "complete"),
    "rewiring": ("watts_strogatz",),
    "groups": ("stochastic_block",),
    "homophily": ("stochastic_block",),
    "segment_homophily": (*(kind for kind in DRAWN if kind != "complete"), "file"),
    "isolated": DRAWN,
    "file": ("file",),
}
STRENGTHS = ("strong_share", "strong_weight", "weak_weight")
MOST_TIES = 500_000_000  # 8 GB of targets and weights


class Network(Spec):
    """The word-of-mouth graph.

    kind              uses
    watts_strogatz    neighbours (even), rewiring
    ring              neighbours (even)
    barabasi_albert   neighbours (even: each newcomer ties to half as many)
    erdos_renyi       neighbours (mean)
    stochastic_block  neighbours (mean), homophily, groups
    complete          –
    file              file
    All but `file` use `isolated`, all but `complete` `segment_homophily`; all use the strengths of ties, unless a file
    gives weights. A field set away from its default under a kind that does not use it is refused.
    """

    kind: Kind = param("watts_strogatz", unit="name", evidence="assumed", doc="how the graph is made")
    neighbours: float | None = param(
        None, unit="ties per customer", bounds=(0, 1e9), evidence="assumed",
        doc="ties of a customer, on average; left out: 8, on a ring 2",
    )  # fmt: skip
    rewiring: float = param(
        0.1, unit="fraction", bounds=(0, 1), evidence="assumed",
        source=cite(WATTS_STROGATZ_1998, "the model"), doc="ties of the ring whose far end moves to anybody",
    )  # fmt: skip
    groups: int = param(
        5, unit="groups", bounds=(1, 1_000_000), evidence="assumed",
        doc="equally likely groups of the graph's own, apart from segments",
    )  # fmt: skip
    homophily: float = param(
        0.5, unit="fraction", bounds=(0, 1), evidence="assumed",
        source=cite(COLEMAN_1958, "index of homophily"), doc="share of ties inside the own group beyond chance",
    )  # fmt: skip
    segment_homophily: float = param(
        0.0, unit="fraction", bounds=(0, 0.99), evidence="assumed",
        source=cite(XULVI_BRUNET_SOKOLOV_2004, "swaps of ties"),
        doc="share of ties inside the own segment beyond chance; 0 = the graph as it is",
    )  # fmt: skip
    isolated: int = param(
        0, unit="customers", bounds=(0, 2**31 - 2), evidence="assumed", doc="last ids that have no ties"
    )
    strong_share: float = param(
        0.5, unit="fraction", bounds=(0, 1), evidence="assumed",
        source=cite(GOLDENBERG_LIBAI_MULLER_2001, "as many strong as weak ties a person, 5–29 of each"),
        doc="ties that are strong; the others are weak",
    )  # fmt: skip
    strong_weight: float = param(1.0, unit="weight", bounds=(0, 1), evidence="assumed", doc="weight of a strong tie")
    weak_weight: float = param(0.3, unit="weight", bounds=(0, 1), evidence="assumed", doc="weight of a weak tie")
    file: str | None = param(
        None, unit="path", evidence="assumed", doc="edge list or GraphML file inside the study's folder"
    )

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        for name, kinds in USED_BY.items():
            value = getattr(self, name)
            if self.kind not in kinds and value != type(self).model_fields[name].default:
                raise Refusal(
                    f'= {shown(value)} is not used by kind = "{self.kind}"; it belongs to {one_of(kinds)}',
                    place=name,
                )
        if self.kind == "file" and not self.file:
            raise Refusal('kind = "file" needs the name of a file in the study\'s folder', place="file")
        if self.kind in ("watts_strogatz", "ring", "barabasi_albert") and self.mean_degree % 2:
            low = int(self.mean_degree // 2) * 2
            raise Refusal(
                f'= {self.mean_degree:g} is not an even whole number, which kind = "{self.kind}" needs; '
                f"use {low} or {low + 2}",
                place="neighbours",
            )
        return self

    @property
    def mean_degree(self) -> float:
        """Ties per customer that a drawn kind aims at; `complete` and `file` have their own."""
        if self.neighbours is not None:
            return self.neighbours
        return 2.0 if self.kind == "ring" else 8.0

    def build(
        self,
        customers: int,
        key: np.uint64,
        replication: int,
        groups: ArrayLike | None = None,
        folder: Path | None = None,
    ) -> Ties:
        """Return the ties of customers 0..customers - 1, a pure function of the arguments.

        key    : stream_key(seed, "graph")
        groups : (customers,) whole numbers, equal = same group; for stochastic blocks, drawn when None
        folder : the study's folder, which `file` must lie in; None = the current one
        Raises Refusal for a graph too large, and for a file that cannot be used.
        """
        if self.kind == "file":
            return self._read(customers, key, replication, folder)
        active = customers - self.isolated
        if active < 0:
            self._refuse("isolated", f"= {self.isolated} is more than the {customers} customers there are")
        self._check_size(active)
        if groups is not None and np.shape(groups) != (customers,):
            raise Refusal(f"has shape {np.shape(groups)}, not ({customers},)", place="groups")
        sender, receiver = self._draw(active, key, replication, groups)
        start, target = compressed_rows(sender, receiver, customers)
        return Ties(start, target, self._strengths(start, target, key, replication))

    def draw_groups(self, customers: int, key: np.uint64, replication: int) -> NDArray[np.int32]:
        """Return the groups (customers,), 0..groups - 1, that `build` draws when it is given none."""
        group = np.empty(customers, np.int32)
        generators.draw_groups(key, replication, self.groups, group)
        return group

    def _draw(self, n: int, key: np.uint64, replication: int, groups: ArrayLike | None) -> generators.Pairs:
        degree = self.mean_degree
        match self.kind:
            case "watts_strogatz":
                return generators.watts_strogatz(n, int(degree), self.rewiring, key, replication)
            case "ring":
                return generators.ring(n, int(degree))
            case "barabasi_albert":
                return generators.barabasi_albert(n, int(degree) // 2, key, replication)
            case "erdos_renyi":
                return generators.erdos_renyi(n, degree, key, replication)
            case "stochastic_block":
                group = self.draw_groups(n, key, replication) if groups is None else _numbered(groups)[:n]
                return generators.stochastic_block(group, degree, self.homophily, key, replication)
        return generators.complete(n)

    def _strengths(
        self, start: NDArray[np.int64], target: NDArray[np.int32], key: np.uint64, replication: int
    ) -> NDArray[np.float32]:
        strengths = self.strong_share, self.strong_weight, self.weak_weight
        return strong_and_weak(start, target, *strengths, key, replication)

    def _check_size(self, n: int) -> None:
        degree = n - 1 if self.kind == "complete" else min(self.mean_degree, n - 1)
        ties = n * degree / 2
        if ties > MOST_TIES:
            name, value = ("kind", '"complete"') if self.kind == "complete" else ("neighbours", f"{degree:g}")
            size = f"{ties:.3g} ties ({16 * ties / 1e9:.3g} GB)"
            self._refuse(name, f"= {value} with {n} customers makes {size}; at most {MOST_TIES:.0e} are drawn")

    def describe(self, customers: int, folder: Path | None = None) -> str:
        """Return in one line what was read of the file, decided and left out; "" for a graph that is drawn."""
        if self.kind in DRAWN:
            return ""
        listed = self._listed(customers, folder)
        return f"{self.file}: {described(listed, tied(listed, customers))}"

    def _read(self, customers: int, key: np.uint64, replication: int, folder: Path | None) -> Ties:
        listed = self._listed(customers, folder)
        ties = tied(listed, customers)
        if listed.weight is None:
            return replace(ties, weight=self._strengths(ties.start, ties.target, key, replication))
        for name in STRENGTHS:
            if getattr(self, name) != type(self).model_fields[name].default:
                self._refuse(name, f"= {getattr(self, name)} is not used: {self.file} gives the weights of its ties")
        return ties

    def _listed(self, customers: int, folder: Path | None) -> TieList:
        base = (folder or Path.cwd()).resolve()
        path = (base / str(self.file)).resolve()
        if not path.is_relative_to(base):
            self._refuse("file", f"= {shown(self.file)} lies outside the study's folder")
        return read_graph(path, customers)

    def _refuse(self, name: str, message: str) -> NoReturn:
        raise Refusal(message, place=f"Network.{name}")


def _numbered(groups: ArrayLike) -> NDArray[np.int32]:
    """Return groups as 0..G - 1."""
    given = np.asarray(groups)
    if given.dtype.kind not in "iu":
        raise Refusal(f"must be whole numbers, not {given.dtype}", place="groups")
    return np.unique(given, return_inverse=True)[1].astype(np.int32)


def from_networkx(graph: nx.Graph, customers: int | None = None) -> Ties:
    """Return the ties of a graph of any kind; the edge attribute `weight` is the strength, 1 where missing.

    Nodes 0..n - 1 are customer ids; other labels get ids in the order of the nodes and are kept in `labels`.
    Directions do not count; self-loops are left out, weights of parallel edges added up, and both are counted.

    customers : how many there are; those beyond the graph's nodes are isolated; None = the graph's nodes
    Raises Refusal for a weight that is not finite and >= 0, more nodes than customers, and
    labels that look alike (1 and "1").
    """
    listed = list_ties(graph)
    n = listed.people if customers is None else customers
    if listed.people > n:
        raise Refusal(f"the graph has {listed.people} nodes, but there are {n} customers; use at least as many")
    if set(listed.labels) == set(range(listed.people)) and not any(isinstance(node, bool) for node in graph):
        ids = np.array(listed.labels, np.int32)
        return tied(TieList(ids[listed.sender], ids[listed.receiver], listed.weight, n), n)
    spelled: dict[str, Hashable] = {}
    for label in listed.labels:
        if (other := spelled.setdefault(str(label), label)) is not label:
            raise Refusal(f"the graph has the nodes {other!r} and {label!r}, which look alike; rename one of them")
    return tied(listed, n)


def to_networkx(ties: Ties, attributes: Mapping[str, ArrayLike] | None = None) -> nx.Graph:
    """Return an undirected networkx graph with edge attribute `weight`.

    Its nodes are the labels, or else the ids; customers beyond the labels are called "customer 7".

    attributes : {name: (n,) values} to put on the nodes, e.g. columns of the customers
    Raises Refusal for values of another shape.
    """
    import networkx as nx  # noqa: PLC0415 - slow to import, and few studies take a graph out

    names: list[Hashable] = list(ties.labels or range(ties.customers))
    names += [f"customer {i}" for i in range(len(names), ties.customers)]
    graph = nx.Graph()
    graph.add_nodes_from(names)
    sender = ties.sender
    once = sender < ties.target
    rows: list[list[Any]] = [part[once].tolist() for part in (sender, ties.target, ties.weight)]
    graph.add_weighted_edges_from((names[i], names[k], weight) for i, k, weight in zip(*rows, strict=True))
    for name, values in (attributes or {}).items():
        column = np.asarray(values)
        if column.shape != (ties.customers,):
            raise Refusal(f"has shape {column.shape}, not ({ties.customers},)", place=f"attributes.{name}")
        nx.set_node_attributes(graph, dict(zip(names, column.tolist(), strict=True)), name)
    return graph
