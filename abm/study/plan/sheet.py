"""The run sheet: every run of an experiment, in order, each with its id.

The sheet is small (arms, points, replications and a digest per arm) however many runs there are, and it is all that is
needed to tell which stored runs belong to an experiment; a results folder keeps it beside the runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from abm.study.plan.criteria import Criterion
from abm.study.plan.design import Design
from abm.study.provenance.digest import DIGEST_BYTES, canonical, digest

RAW = f"S{DIGEST_BYTES}"  # the raw form of run ids: half the memory of their texts


@dataclass(frozen=True)
class Run:
    """One run: an arm at a point of the design in one replication.

    run_id : digest of everything that decides the run's numbers, and of the names it is filed under
    index  : its place in the order replication -> point -> arm
    """

    run_id: str
    index: int
    arm: str
    point: int
    replication: int
    seed: int


@dataclass(frozen=True)
class Sheet:
    """What an experiment's runs are called, in which order they go, and how their ids are made.

    digests : arm name -> hex digest of what decides the arm's numbers (what differs from the defaults, seed, KPIs,
              revisions of the code, random-number scheme), in arm order
    firms   : the firms of the base scenario, in order; the first is the focal firm
    expect  : what the study claims of its results
    records : tables of single persons that there are: "persons", "visits"
    groups  : names of the groups of customers that are told apart, besides everybody
    periods, burn_in : of the base scenario
    judge_by : the KPI that decides which arm is best; "" = the first
    own     : KPIs that are not shipped -> their unit, and which is better, "more", "less" or neither ("")
    dates   : arm -> name of a change -> its first period and the first one after it, None = for good; of the arms
              that have changes, those of the scenario included
    labels  : what arms are called where people read of them, of those that have a label
    """

    name: str
    question: str
    digests: dict[str, str]
    baseline: str
    design: Design
    replications: int
    seed: int
    kpis: tuple[str, ...]
    firms: tuple[str, ...]
    expect: tuple[Criterion, ...] = ()
    groups: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    periods: int = 0
    burn_in: int = 0
    dates: dict[str, dict[str, tuple[int, int | None]]] = field(default_factory=dict)
    judge_by: str = ""
    own: dict[str, tuple[str, str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def decides(self) -> str:
        """The KPI that decides which arm is best."""
        return self.judge_by or self.kpis[0]

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """The arms' names, in order."""
        return tuple(self.digests)

    def called(self, arm: str) -> str:
        """Return the label of an arm, its name if it has none."""
        return self.labels.get(arm, arm)

    def labelled(self) -> Sheet:
        """Return the sheet of the same runs, by the same ids, with arms under their labels; for people to read."""
        if not self.labels:
            return self
        return replace(
            self,
            digests={self.called(arm): digest for arm, digest in self.digests.items()},
            baseline=self.called(self.baseline),
            dates={
                self.called(arm): {self.called(arm) if name == arm else name: at for name, at in changes.items()}
                for arm, changes in self.dates.items()
            },
            expect=tuple(one.naming(self.called) for one in self.expect),
            labels={},
        )

    def __len__(self) -> int:
        return len(self.arms) * len(self.design) * self.replications

    def place(self, index: int) -> tuple[int, int, int]:
        """Return (replication, point, arm) of the run at `index`."""
        rest, arm = divmod(index, len(self.arms))
        replication, point = divmod(rest, len(self.design))
        return replication, point, arm

    def run(self, index: int) -> Run:
        """Return the run at `index`."""
        replication, point, arm = self.place(index)
        key = bytes.fromhex(self.digests[self.arms[arm]]) + self._point_digest(point)
        return Run(_run_id(key, replication).hex(), index, self.arms[arm], point, replication, self.seed)

    def runs(self) -> Iterator[Run]:
        """All runs, in order."""
        return (self.run(index) for index in range(len(self)))

    def settings(self, point: int) -> str:
        """Return the factor settings of a point as canonical JSON, "{}" without factors."""
        return canonical(self.design.point(point))

    def levels(self, path: str) -> np.ndarray:
        """Return what a factor is set to at each point (points,), tables and lists as canonical JSON."""
        place = list(self.design.factors).index(path)
        set_to = [row[place] for row in self.design.rows]
        levels = [one if isinstance(one, bool | int | float | str) else canonical(one) for one in set_to]
        kinds = {type(level) for level in levels}
        kind = kinds.pop() if kinds in ({bool}, {int}) else float if kinds <= {int, float} else object
        return np.array(levels, kind)

    @property
    def ids(self) -> np.ndarray:
        """The ids of all runs in order, 32 hex digits each as bytes (runs,)."""
        return self.ids_of(np.arange(len(self)))

    def ids_of(self, indices: np.ndarray) -> np.ndarray:
        """Return the ids of some runs, 32 hex digits each as bytes (runs,)."""
        return np.frombuffer(self._raw[indices].tobytes().hex().encode(), "S32")

    def find(self, ids: np.ndarray) -> np.ndarray:
        """Return the index of each id, in raw form; -1 for one that is not of this experiment."""
        if not len(self) or not len(ids):
            return np.full(len(ids), -1)
        order = self._order
        at = np.minimum(np.searchsorted(self._raw, ids, sorter=order), len(self) - 1)
        return np.where(self._raw[order[at]] == ids, order[at], -1)

    @cached_property
    def _raw(self) -> np.ndarray:
        """The ids of all runs in order, in raw form (runs,)."""
        arms = [bytes.fromhex(text) for text in self.digests.values()]
        points = [self._point_digest(point) for point in range(len(self.design))]
        keys = [arm + point for point in points for arm in arms]
        made = (_run_id(key, replication) for replication in range(self.replications) for key in keys)
        return np.fromiter(made, RAW, len(self))

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self._raw).astype(np.int32)

    def _point_digest(self, point: int) -> bytes:
        return digest(self.settings(point).encode())

    def to_dict(self) -> dict[str, Any]:
        """Return the sheet as a TOML table."""
        return {
            "name": self.name,
            "question": self.question,
            "baseline": self.baseline,
            "replications": self.replications,
            "seed": self.seed,
            "kpis": list(self.kpis),
            "firms": list(self.firms),
            "periods": self.periods,
            "burn_in": self.burn_in,
            "digests": self.digests,
            "dates": {
                arm: {name: [date for date in pair if date is not None] for name, pair in changes.items()}
                for arm, changes in self.dates.items()
            },
            "design": self.design.to_dict(),
            **({"records": list(self.records)} if self.records else {}),
            **({"groups": list(self.groups)} if self.groups else {}),
            **({"expect": [one.to_dict() for one in self.expect]} if self.expect else {}),
            **({"judge_by": self.judge_by} if self.judge_by else {}),
            **({"labels": dict(self.labels)} if self.labels else {}),
            **({"own": {name: list(pair) for name, pair in self.own.items()}} if self.own else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Sheet:
        """Read back what `to_dict` wrote."""
        values = dict(data)
        design = Design.from_dict(values.pop("design"))
        kpis, firms = _words(values.pop("kpis")), _words(values.pop("firms"))
        expect = tuple(Criterion.parse(one) for one in values.pop("expect", ()))
        groups, records = _words(values.pop("groups", ())), _words(values.pop("records", ()))
        own = {name: (str(unit), str(better)) for name, (unit, better) in values.pop("own", {}).items()}
        said = values.pop("dates", {})
        dates = {arm: {name: _dates(*pair) for name, pair in changes.items()} for arm, changes in said.items()}
        return cls(
            **values, design=design, kpis=kpis, firms=firms, expect=expect, groups=groups, records=records, dates=dates,
            own=own,
        )  # fmt: skip


def raw(ids: Sequence[str]) -> np.ndarray:
    """Return run ids, 32 hex digits each, in raw form: (runs,) 16 bytes each, which compare as their texts do."""
    return np.array([], RAW) if not ids else np.frombuffer(bytes.fromhex("".join(ids)), RAW)


def _run_id(key: bytes, replication: int) -> bytes:
    return digest(key + replication.to_bytes(8, "little"))


def _dates(first: int, after: int | None = None) -> tuple[int, int | None]:
    return first, after


def _words(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
