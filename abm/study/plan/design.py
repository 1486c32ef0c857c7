"""Designs: the points of the uncertain world at which the arms of an experiment are compared.

An arm is what a firm chooses; a factor is what nobody can know. Points are given, one by one or as a grid (given.py),
or drawn from what the factors may be (factors.py, sampling.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.given import whole
from abm.study.plan import factors as kinds
from abm.study.plan import given, sampling
from abm.study.provenance.digest import plain

if TYPE_CHECKING:
    import pandas as pd

Factors = Mapping[str, Sequence[Any] | str]
METHODS = (*given.METHODS, *sampling.METHODS)
_SIZES = ("points", "samples")
_KEYS = ("method", *_SIZES, "seed", "factors")


@dataclass(frozen=True)
class Design:
    """Points in a space of factors; frozen, equal by value.

    method     : one of METHODS
    factors    : scenario path -> its levels ("grid"), its value at each point ("list"), or what its values are drawn
                 from: (low, high), choices, or "spec" for the bounds of the parameter, which an experiment looks up
    number     : of points, or of samples of several points each, that are drawn
    seed       : decides what is drawn; None = the seed of the study
    study_seed : that seed, which an experiment puts in

    `len(design)` is the number of points, `point(k)` the k-th as {path: value}, `points` all of them. No two points of
    a design are equal: rows that are drawn twice are one point, and `index` says which point each row is.

    Raises Refusal for an unknown method, and for factors, number or seed that the method cannot use.
    """

    method: str = "none"
    factors: dict[str, Any] = field(default_factory=dict)
    number: int | None = None
    seed: int | None = None
    study_seed: int | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise Refusal(
                f"= {shown(self.method)} is not {one_of(METHODS)}{did_you_mean(str(self.method), METHODS)}",
                place="method",
            )
        if not isinstance(self.factors, Mapping):
            raise Refusal(f"= {shown(self.factors)} is not a table of factors", place="factors")
        values = {path: kinds.checked(path, values, self.is_drawn) for path, values in self.factors.items()}
        object.__setattr__(self, "factors", values)
        for name, place, low in (("number", self._size, 1), ("seed", "seed", 0)):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole(place, getattr(self, name), low=low))
        if self.is_drawn:
            self._check_size()
        else:
            self._check_given()

    def _check_given(self) -> None:
        for name, value in ((self._size, self.number), ("seed", self.seed)):
            if value is not None:
                raise Refusal(f'= {value}, but method "{self.method}" draws nothing; leave {name} out', place=name)
        self.rows  # noqa: B018 - refuses now what the method cannot use

    def _check_size(self) -> None:
        if not self.factors:
            advice = "write path = [low, high]"
            raise Refusal(f'= {{}} gives method "{self.method}" nothing to draw; {advice}', place="factors")
        if self.number is None:
            raise Refusal(f'is missing; method "{self.method}" draws as many as it says', place=self._size)
        if self._way.doubling and self.number & (self.number - 1):
            below = 1 << (self.number.bit_length() - 1)
            advice = f"which a Sobol sequence needs to be even; take {below} or {2 * below}"
            raise Refusal(f"= {self.number} is not a power of two, {advice}", place=self._size)
        if self.asked > given.MOST_RUNS:
            limit = f"an experiment has at most {given.MOST_RUNS:,} runs"
            raise Refusal(f"= {self.number} makes {self.asked:,} points; {limit}", place=self._size)

    @property
    def is_drawn(self) -> bool:
        """Whether points are drawn, not given."""
        return self.method in sampling.METHODS

    @property
    def _way(self) -> sampling.Method:
        return sampling.METHODS[self.method]

    @property
    def _size(self) -> str:
        return self._way.size if self.is_drawn else "points"

    @property
    def asked(self) -> int:
        """How many rows there are, before those drawn twice become one point."""
        return (self.number or 0) * self._way.rows(len(self.factors)) if self.is_drawn else len(self)

    @cached_property
    def unit(self) -> np.ndarray:
        """Where the rows of a drawn design lie in what their factors may be, from 0 to 1: (asked, factors)."""
        seed = self.study_seed if self.seed is None else self.seed
        if seed is None:
            raise Refusal("is that of a study; give the design one of its own to use it without", place="seed")
        return self._way.draw(self.number or 0, len(self.factors), seed)

    @cached_property
    def _made(self) -> tuple[given.Rows, np.ndarray]:
        """The distinct rows, and which of them each row is."""
        if not self.is_drawn:
            rows = given.METHODS[self.method](self.factors)
            return rows, np.arange(len(rows))
        columns = [kinds.codes(self._known(path), self.unit[:, k]) for k, path in enumerate(self.factors)]
        places: dict[tuple[Any, ...], int] = {}
        index = np.array([places.setdefault(row, len(places)) for row in zip(*columns, strict=True)])
        distinct = zip(self.factors.values(), zip(*places, strict=True), strict=True)
        return list(zip(*(kinds.decoded(values, column) for values, column in distinct), strict=True)), index

    def _known(self, path: str) -> tuple[Any, ...]:
        if self.factors[path] == kinds.SPEC:
            advice = "write [low, high], or put the design into an experiment"
            raise Refusal(f'= "{kinds.SPEC}" says what only a scenario knows; {advice}', place=f"factors.{path}")
        return self.factors[path]

    @property
    def rows(self) -> given.Rows:
        """The values of each point, in the order of `factors`."""
        return self._made[0]

    @property
    def index(self) -> np.ndarray:
        """Which point each row is (asked,): 0, 1, 2 …, and an earlier one for a row drawn again."""
        return self._made[1]

    def __len__(self) -> int:
        return len(self.rows)

    def point(self, index: int) -> dict[str, Any]:
        """Return the settings of one point as {path: value}."""
        return dict(zip(self.factors, self.rows[index], strict=True))

    @property
    def points(self) -> tuple[dict[str, Any], ...]:
        """All points as {path: value}, in order."""
        return tuple(self.point(index) for index in range(len(self)))

    def with_seed(self, seed: int) -> Design:
        """Return the design with the seed of its study put into it, for when it has none of its own."""
        return replace(self, study_seed=seed)

    def by_itself(self) -> Design:
        """Return the design with the seed it draws by as its own, so that it needs no study."""
        return replace(self, seed=self.study_seed) if self.is_drawn and self.seed is None else self

    @property
    def spans(self) -> dict[str, Any]:
        """What each factor may be drawn from: as it says, or from its lowest level to its highest."""
        return self.factors if self.is_drawn else {p: kinds.spanned(values) for p, values in self.factors.items()}

    def drawing(self, method: str, number: int) -> Design:
        """Return another design of the same factors, drawn from their spans."""
        return Design(method, self.spans, number, self.seed)

    def described(self, path: str) -> str:
        """Return what the values of a factor may be, in words."""
        values = self.factors[path]
        return kinds.drawn_from(values) if self.is_drawn else kinds.listed(values)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Design:
        """Build a design from the `[design]` table of a study file; raise Refusal with the place inside it."""
        for key in data:
            if key not in _KEYS:
                raise Refusal(f"no design key {key!r}{did_you_mean(key, _KEYS) or '; there is ' + ', '.join(_KEYS)}")
        factors, said = data.get("factors", {}), [size for size in _SIZES if size in data]
        method = data.get("method", "grid" if factors else "none")
        size = sampling.METHODS[method].size if method in tuple(sampling.METHODS) else "points"
        for other in said:
            if other != size:
                raise Refusal(f'= {shown(data[other])}, but method "{method}" counts {size}', place=other)
        return cls(method, factors, data.get(size), data.get("seed"))

    def to_dict(self) -> dict[str, Any]:
        """Return the `[design]` table that `from_dict` reads back as an equal design."""
        said = {self._size: self.number, "seed": self.seed}
        numbers = {key: value for key, value in said.items() if value is not None}
        return {"method": self.method, **numbers, "factors": plain(self.factors)}

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Design:
        """Return the design of the points given as {path: value} each, as `points` lists them.

        Raises Refusal for points with other factors than the first, and for equal points.
        """
        rows = list(rows)
        first = list(rows[0]) if rows else []
        for place, row in enumerate(rows):
            if set(row) != set(first):
                odd = sorted(set(row) ^ set(first))[0]
                raise Refusal(f"sets other factors than the first point: {shown(odd)}", place=f"points[{place}]")
        return cls("list", {path: tuple(row[path] for row in rows) for path in first})

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Design:
        """Return the design with a point for each row of a table, and a factor for each column, named by its path.

        Raises Refusal for equal rows, and columns of one name.
        """
        names = list(getattr(frame, "columns", [None]))
        for name in names:
            if not isinstance(name, str) or names.count(name) > 1:
                what = "is there twice" if isinstance(name, str) else "is no path; name the columns of a table by paths"
                raise Refusal(f"{shown(name)} {what}", place="columns")
        return cls("list", {name: tuple(frame[name].tolist()) for name in names})

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each point and a column for each factor."""
        import pandas  # noqa: PLC0415 - worker processes do without

        return pandas.DataFrame(list(self.rows), columns=list(self.factors))

    @classmethod
    def from_problem(cls, problem: Mapping[str, Any], method: str, number: int, seed: int | None = None) -> Design:
        """Return a design drawn from the ranges of a SALib `problem`, whose names are scenario paths.

        Raises Refusal for groups and distributions other than the uniform: draw those with SALib, and use from_frame.
        """
        for key in ("names", "bounds"):
            if not isinstance(problem, Mapping) or key not in problem:
                raise Refusal(f"is not a SALib problem: it has no '{key}'", place="problem")
        names, bounds = list(problem["names"]), list(problem["bounds"])
        if len(names) != len(bounds):
            raise Refusal(f"has {len(names)} names and {len(bounds)} bounds", place="problem")
        if {*(problem.get("dists") or ["unif"])} != {"unif"} or (problem.get("groups") or names) != names:
            advice = "draw the points with SALib, and use Design.from_frame"
            raise Refusal(f"has groups or distributions other than the uniform; {advice}", place="problem")
        return cls(method, dict(zip(names, map(tuple, bounds), strict=True)), number, seed)

    def to_problem(self) -> dict[str, Any]:
        """Return the factors of a drawn design as the `problem` that SALib takes.

        Raises Refusal for choices and "spec", which are no numbers.
        """
        for path in self.factors:
            if not (self.is_drawn and kinds.is_range(self._known(path))):
                raise Refusal("is no range of numbers, which is all that SALib knows", place=f"factors.{path}")
        bounds = [list(values) for values in self.factors.values()]
        return {"num_vars": len(bounds), "names": list(self.factors), "bounds": bounds}


def grid(factors: Mapping[str, Sequence[Any]]) -> Design:
    """Return the design with every combination of the factors' levels; the last factor changes fastest.

    factors : scenario path -> distinct levels, e.g. {"word_of_mouth.contact_rate": [0.0, 0.2, 0.5]}
    """
    return Design("grid", dict(factors))


def latin_hypercube(factors: Factors, points: int, seed: int | None = None) -> Design:
    """Return a design in which each factor has one value in each of `points` equal parts of its range.

    factors : scenario path -> (low, high), choices or "spec"        seed : None = that of the study
    """
    return Design("latin_hypercube", dict(factors), points, seed)


def sobol(factors: Factors, points: int, seed: int | None = None) -> Design:
    """Return a design that fills the space evenly, a scrambled Sobol sequence; `points` is a power of two."""
    return Design("sobol", dict(factors), points, seed)


def saltelli(factors: Factors, samples: int, seed: int | None = None) -> Design:
    """Return the design for Sobol indices: factors + 2 rows for each of `samples`, a power of two."""
    return Design("saltelli", dict(factors), samples, seed)


def morris(factors: Factors, samples: int, seed: int | None = None) -> Design:
    """Return the design for elementary effects: `samples` trajectories of factors + 1 points each."""
    return Design("morris", dict(factors), samples, seed)
