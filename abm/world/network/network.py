"""Who talks to whom: the word-of-mouth graph, drawn, read from a file, or taken from networkx.

Claim: word of mouth runs along lasting, undirected ties, strong or weak.
Source: WATTS_STROGATZ_1998, BARABASI_ALBERT_1999, BATAGELJ_BRANDES_2005 and COLEMAN_1958 for kinds of graph, see
generators.py; GOLDENBERG_LIBAI_MULLER_2001 for strong and weak ties. Which graph customers form is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import model_validator

from abm.core.citations import cite
from abm.core.errors import Refusal, one_of, shown
from abm.core.sources import GOLDENBERG_LIBAI_MULLER_2001
from abm.core.sources_of_methods import COLEMAN_1958, WATTS_STROGATZ_1998, XULVI_BRUNET_SOKOLOV_2004
from abm.core.spec import Spec, param
from abm.world.files import located
from abm.world.network import generators
from abm.world.network.graph_files import read_graph
from abm.world.network.graphs import check_written, listed_ties, written_down
from abm.world.network.listed import described, tied
from abm.world.network.tie_list import TieList
from abm.world.network.ties import Ties, compressed_rows, strong_and_weak

__all__ = ["Network", "Ties"]

Kind = Literal[
    "watts_strogatz", "barabasi_albert", "erdos_renyi", "stochastic_block", "complete", "ring", "file", "ties"
]  # fmt: skip
DRAWN = ("watts_strogatz", "barabasi_albert", "erdos_renyi", "stochastic_block", "complete", "ring")
USED_BY: dict[str, tuple[str, ...]] = {
    "neighbours": tuple(kind for kind in DRAWN if kind != "complete"),
    "rewiring": ("watts_strogatz",),
    "groups": ("stochastic_block",),
    "homophily": ("stochastic_block",),
    "segment_homophily": (*(kind for kind in DRAWN if kind != "complete"), "file", "ties"),
    "isolated": DRAWN,
    "file": ("file",),
    "ties": ("ties",),
    "weights": ("ties",),
    "names": ("ties",),
}
WRITTEN = ("ties", "weights", "names")  # what a graph consists of, rather than parameters
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
    ties              ties, weights, names: a graph of one's own, as `Network(graph=…)` writes a networkx graph down
    Those that are drawn use `isolated`, all but `complete` `segment_homophily`; all use the strengths of ties, unless
    weights are given. A field set away from its default under a kind that does not use it is refused.
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
    ties: tuple[tuple[int, int], ...] = param(
        (), unit="pairs of ids", evidence="assumed", doc="pairs of customers who talk, by their numbers from 0"
    )
    weights: tuple[float, ...] = param((), unit="weights", evidence="assumed", doc="weight of each of these ties")
    names: tuple[str, ...] = param((), unit="names", evidence="assumed", doc="what the first customers are called")

    @model_validator(mode="before")
    @classmethod
    def _written_down(cls, data: Any) -> Any:
        """Take `graph`, a networkx graph of any kind, as the ties, weights and names that it has."""
        if not isinstance(data, Mapping) or data.get("graph") is None:
            return data
        others = {key: value for key, value in data.items() if key != "graph"}
        return {**written_down(data["graph"]), **others}

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        for name, kinds in USED_BY.items():
            value = getattr(self, name)
            if self.kind not in kinds and value != type(self).model_fields[name].default:
                raise Refusal(
                    f'= {shown(value)} is not used by kind = "{self.kind}"; it belongs to {one_of(kinds)}',
                    place=name,
                )
        check_written(self.ties, self.weights, self.names)
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
        if self.kind not in DRAWN:
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
        """Return in one line what a given graph has, what was decided and left out; "" for one that is drawn."""
        if self.kind in DRAWN:
            return ""
        listed = self._listed(customers, folder)
        return f"{self.file or 'graph'}: {described(listed, tied(listed, customers))}"

    def _read(self, customers: int, key: np.uint64, replication: int, folder: Path | None) -> Ties:
        listed = self._listed(customers, folder)
        ties = tied(listed, customers)
        if listed.weight is None:
            return replace(ties, weight=self._strengths(ties.start, ties.target, key, replication))
        for name in STRENGTHS:
            if getattr(self, name) != type(self).model_fields[name].default:
                self._refuse(
                    name,
                    f"= {getattr(self, name)} is not used: {self.file or 'the graph'} gives the weights of its ties",
                )
        return ties

    def _listed(self, customers: int, folder: Path | None) -> TieList:
        if self.kind == "ties":
            return listed_ties(self.ties, self.weights, self.names, customers)
        try:
            path = located(str(self.file), folder)
        except Refusal as refusal:
            self._refuse("file", refusal.message)
        return read_graph(path, customers)

    def _refuse(self, name: str, message: str) -> NoReturn:
        raise Refusal(message, place=f"Network.{name}")


def _numbered(groups: ArrayLike) -> NDArray[np.int32]:
    """Return groups as 0..G - 1."""
    given = np.asarray(groups)
    if given.dtype.kind not in "iu":
        raise Refusal(f"must be whole numbers, not {given.dtype}", place="groups")
    return np.unique(given, return_inverse=True)[1].astype(np.int32)
