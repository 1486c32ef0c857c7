"""Groups: customers whose KPIs are told apart, fixed at a date and the same persons in every arm.

    [groups.rate]                          [groups.member]                     [groups.drawn]
    by = "purchase_rate"                   by = "member"                       share = 0.5
    parts = 3                              at = 156
                                           arm = "points"

Who is in which group is found in a run of one arm, by default the baseline, with the same luck; all arms then count the
same persons apart. A group that is fixed before an arm differs is not changed by what the arm does. Newcomers of a
population that is renewed are in no group, also if they came before it was fixed: a group shrinks as customers leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from math import prod
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from abm.core.errors import Refusal, counted, did_you_mean, one_of, shown
from abm.core.spec import Spec, param
from abm.scenario import plan
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.plan.arms import in_arm
from abm.world.columns import Column
from abm.world.relations import RELATIONS

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"  # the group of everybody, in tables
MOST_CELLS = 64
_CUT = ("low", "high"), ("low", "middle", "high")


class Grouping(Spec):
    """How customers are put into groups: by a column, by a draw, or as they are listed.

    by        : a column of customers, such as "purchase_rate", "year_spend" or "member"; of one with an entry for each
                firm that of `firm`, left out = the focal firm
    parts     : groups of about equal size, by quantiles        quantiles : where to cut instead, such as [0.8]
    levels    : values from which the next group begins; without any of these each whole number is a group
    share     : of customers who are drawn for the second of two groups, each by her own luck
    ids       : of the customers in the second of two groups
    at        : periods that have passed when the groups are fixed
    arm       : in whose run they are found, left out = the baseline
    names     : of the groups, from the lowest value up
    """

    by: str = param("", unit="name", evidence="assumed", doc="column that decides")
    firm: str = param("", unit="name", evidence="assumed", doc="whose column it is")
    parts: int = param(0, unit="groups", bounds=(0, MOST_CELLS), evidence="assumed", doc="groups of equal size")
    quantiles: tuple[float, ...] = param((), unit="share", bounds=(0, 1), evidence="assumed", doc="where to cut")
    levels: tuple[float, ...] = param((), unit="unit of the column", evidence="assumed", doc="where to cut")
    share: float | None = param(None, unit="share", bounds=(0, 1), evidence="assumed", doc="drawn for the second group")
    ids: tuple[int, ...] = param((), unit="id", bounds=(0, 2**32 - 1), evidence="assumed", doc="who is in the second")
    at: int = param(0, unit="period", bounds=(0, 100_000), evidence="assumed", doc="when the groups are fixed")
    arm: str = param("", unit="name", evidence="assumed", doc="in whose run they are found")
    names: tuple[str, ...] = param((), unit="names", evidence="assumed", doc="of the groups")

    @model_validator(mode="after")
    def _agrees(self) -> Grouping:
        ways = {"by": bool(self.by), "share": self.share is not None, "ids": bool(self.ids)}
        given = [name for name, there in ways.items() if there]
        if len(given) != 1:
            raise Refusal(f"takes one of {one_of(ways)}; given: {' and '.join(given) or 'none'}")
        cuts = {"parts": self.parts > 0, "quantiles": bool(self.quantiles), "levels": bool(self.levels)}
        cut = [name for name, there in cuts.items() if there]
        if len(cut) > 1 or (cut and not self.by):
            raise Refusal(f"cannot be cut by {' and '.join(cut)}" + ("" if self.by else f" together with {given[0]}"))
        for place in ("quantiles", "levels"):
            edges = getattr(self, place)
            if any(low >= high for low, high in pairwise(edges)):
                raise Refusal(f"= {shown(list(edges))} must rise", place=place)
        if self.parts == 1:
            raise Refusal("= 1 is everybody; a group of two or more can be told apart", place="parts")
        return self

    @property
    def edges(self) -> tuple[float, ...]:
        """Quantiles at which the column is cut; () if it is not cut so."""
        return tuple(k / self.parts for k in range(1, self.parts)) if self.parts else self.quantiles

    def labels(self, name: str, column: Column | None, words: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the names of the groups, from the lowest value up.

        name   : of the grouping          column : that decides, None = none does
        words  : that its codes stand for, () = they have none
        Raises Refusal for names that are too many, too few or missing.
        """
        usual = self._usual(name, column) or tuple(words)
        if not self.names and not usual:
            raise Refusal(f"'{self.by}' is a {column.unit if column else 'code'}; name its groups", place="names")
        if usual and self.names and len(usual) != len(self.names):
            raise Refusal(
                f"has {counted(len(self.names), 'entry', 'entries')} for {counted(len(usual), 'group')}", place="names"
            )
        return self.names or usual

    def _usual(self, name: str, column: Column | None) -> tuple[str, ...]:
        if self.share is not None:
            return f"{name}_held_out", f"{name}_drawn"
        if self.ids or (column is not None and column.unit == "bool" and not (self.edges or self.levels)):
            return f"not_{name}", name
        count = len(self.edges or self.levels) + 1
        words = {len(words): words for words in _CUT}.get(count, tuple(f"{k + 1}" for k in range(count)))
        return tuple(f"{name}_{word}" for word in words) if count > 1 else ()


def column_of(grouping: Grouping, scenario: Scenario) -> Column | None:
    """Return the column that decides, None if none does.  Raises Refusal for a name that is no column of customers."""
    if not grouping.by:
        return None
    columns = {
        c.name: c
        for c in plan.needed(scenario.population, *scenario.ever())
        if c.axes in (("customer",), ("firm", "customer"))
    }
    if grouping.by not in columns:
        known = did_you_mean(grouping.by, columns) or f"; there is {one_of(sorted(columns))}"
        raise Refusal(f"= {shown(grouping.by)} is no column of customers{known}", place="by")
    return columns[grouping.by]


def labels_in(grouping: Grouping, name: str, scenario: Scenario) -> tuple[str, ...]:
    """Return the names of the groups that a grouping makes in a scenario.  Raises Refusal."""
    column = column_of(grouping, scenario)
    return grouping.labels(name, column, words_of(column, scenario))


def words_of(column: Column | None, scenario: Scenario) -> tuple[str, ...]:
    """Return what the codes of a column stand for, () if they have no words."""
    segments = tuple(segment.name for segment in scenario.population.segments)
    return {"segment": segments, "relation": RELATIONS}.get(column.name if column else "", ())


def cells(groupings: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[int, ...]]:
    """Yield for each group, in order, the cells that it is made of: a cell for each combination of groups.

    groupings : the groups' names by grouping; combinations count like the digits of a number, the last fastest
    """
    sizes = [len(labels) for labels in groupings.values()]
    combinations = list(product(*(range(size) for size in sizes)))
    for place, size in enumerate(sizes):
        for group in range(size):
            yield tuple(cell for cell, combination in enumerate(combinations) if combination[place] == group)


def unit_of(firm: str, group: str | None = None) -> str:
    """Return how stored rows call a firm's dealings with a group of customers: "north:heavy"."""
    return firm if group in (None, "", ALL) else f"{firm}:{group}"


def parted(unit: str, groups: Iterable[str]) -> tuple[str, str]:
    """Return the firm and the group that `unit_of` made one word of."""
    firm, _, group = unit.rpartition(":")
    return (firm, group) if group in groups else (unit, ALL)


def everybody(table: pd.DataFrame) -> pd.DataFrame:
    """Return those rows of a table of results in which all customers count."""
    return table if "group" not in table else table[table["group"] == ALL].drop(columns="group")


def groupings(scenario: Scenario, arms: Mapping[str, Any], baseline: str, wanted: Any) -> dict[str, Grouping]:
    """Return groupings; refuse columns, arms, firms and dates that are not there, and two groups of one name.

    arms : name -> settings        wanted : name -> Grouping, or its table
    """
    found: dict[str, Grouping] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for name, one in checks.table("", wanted).items():
        checks.name("", name)
        found[name] = one if isinstance(one, Grouping) else Grouping.parse(checks.table(name, one), place=name)
        with checks.at(name):
            labels[name] = _checked(found[name], name, scenario, arms, baseline)
    _check_labels(labels)
    for firm in (firm.name for firm in scenario.firms):
        if parted(firm, [label for own in labels.values() for label in own])[1] != ALL:
            raise Refusal(f"the firm {firm!r} is called as its customers of a group would be; call the group otherwise")
    return found


def _checked(
    grouping: Grouping, name: str, scenario: Scenario, arms: Mapping[str, Any], baseline: str
) -> tuple[str, ...]:
    arm = grouping.arm or baseline
    _known("arm", arm, arms)
    if grouping.firm:
        _known("firm", grouping.firm, [firm.name for firm in scenario.firms])
    if grouping.at > scenario.periods:
        raise Refusal(f"= {grouping.at} lies beyond the run (periods = {scenario.periods})", place="at")
    labels = labels_in(grouping, name, in_arm(scenario, arm, arms[arm]))
    for label in labels:
        checks.name("names", label)
    return labels


def _known(what: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        advice = did_you_mean(name, names) or f"; there is {one_of(names)}"
        raise Refusal(f"= {shown(name)} is no {what}{advice}", place=what)


def _check_labels(groupings: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse two groups of one name, and more combinations of groups than can be counted apart."""
    labels = [label for own in groupings.values() for label in own]
    for label in labels:
        if labels.count(label) > 1 or label == ALL:
            raise Refusal(f"two groups are called {label!r}" if label != ALL else f"{ALL!r} is everybody")
    if (count := prod(len(own) for own in groupings.values())) > MOST_CELLS:
        raise Refusal(f"combine to {count} groups; {MOST_CELLS} can be counted apart")
