"""Records: which persons a study looks at, at which dates, and whose visits it logs.

[record.persons]                                [record.visits]
columns = ["trust", "purchase_rate"]            columns = ["transaction", "visit_spend"]
at = [52, 104]                                  from = 52
sample = 0.01                                   sample = 0.01
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import create_model, model_validator

from abm.core.errors import CONTINUES, Refusal, did_you_mean, one_of, shown
from abm.core.spec import Spec, param
from abm.mechanisms.books.customer_accounts import CustomerAccounts
from abm.scenario import plan
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.world import visits
from abm.world.columns import Column

KINDS = ("persons", "visits")
_LAST = 100_000


class Chosen(Spec):
    """Whom a record is of: a sample, a list, a group; without any of these everybody.

    sample : share of customers, each drawn by her own luck         ids : of customers         group : of the study
    """

    columns: tuple[str, ...] = param(..., unit="names", evidence="assumed", doc="what is recorded")
    sample: float = param(1.0, unit="share", bounds=(0, 1), evidence="assumed", doc="of the customers")
    ids: tuple[int, ...] = param((), unit="id", bounds=(0, 2**32 - 1), evidence="assumed", doc="these customers only")
    group: str = param("", unit="name", evidence="assumed", doc="customers of this group only")

    @model_validator(mode="after")
    def _says_something(self) -> Chosen:
        for name in self.columns:
            if self.columns.count(name) > 1:
                raise Refusal(f"names {name!r} twice", place="columns")
        if not self.columns:
            raise Refusal(f"{CONTINUES}[] records nothing", place="columns")
        return self


class Persons(Chosen):
    """Columns of persons at some dates: after so many periods; left out = at the end."""

    at: tuple[int, ...] = param(
        (), unit="periods", bounds=(0, _LAST), evidence="assumed", doc="when they are looked at"
    )


class _Visits(Chosen):
    """Columns of visits, each a row: those who were served, in the periods from a date until before another."""

    until: int | None = param(None, unit="period", bounds=(1, _LAST), evidence="assumed", doc="first one not logged")


_from = param(0, unit="period", bounds=(0, _LAST), evidence="assumed", doc="first period that is logged")
if TYPE_CHECKING:

    class Visits(_Visits):
        """Columns of visits."""

else:
    Visits = create_model(
        "Visits", __base__=_Visits, __module__=__name__, __doc__=_Visits.__doc__, **{"from": (int, _from)}
    )


class Record(Spec):
    """What is recorded of single persons."""

    persons: Persons | None = None
    visits: Visits | None = None

    def dates(self, periods: int) -> tuple[int, ...]:
        """Return the periods after which persons are looked at, ascending."""
        return () if self.persons is None else tuple(sorted({*(self.persons.at or (periods,))}))

    def logged(self, periods: int) -> range:
        """Return the periods whose visits are logged."""
        if self.visits is None:
            return range(0)
        return range(getattr(self.visits, "from"), self.visits.until or periods)


def of_persons(scenario: Scenario) -> dict[str, Column]:
    """Return the columns of customers that a record may ask for in a scenario, by name."""
    there = plan.needed(scenario.population, *scenario.ever())
    return {column.name: column for column in there if column.axes in (("customer",), ("firm", "customer"))}


def of_visits(scenario: Scenario) -> dict[str, Column]:
    """Return the columns of visits that a record may ask for in a scenario, by name."""
    own = [column for mechanism in scenario.ever()[0] for column in mechanism.owns]
    hidden = ("visit_customer", "visit_nth", "visit_firm", "visit_pair")  # an entry says who, where and when anyway
    found = {column.name: column for column in (*visits.COLUMNS, *own) if column.axes == ("visit",)}
    return {name: column for name, column in found.items() if name not in hidden}


def with_accounts(scenario: Scenario, record: Record) -> Scenario:
    """Return a scenario with accounts of customers, which change nothing, if a record asks for their columns."""
    owned = {column.name for column in CustomerAccounts.owns}
    wanted = record.persons is not None and owned & {*record.persons.columns}
    there = any(isinstance(mechanism, CustomerAccounts) for mechanism in scenario.mechanisms())
    return scenario.replace({CustomerAccounts.name: {}}) if wanted and not there else scenario


def parsed(wanted: Any) -> Record:
    """Return a record as it is, or as its table says.  Raises Refusal."""
    return wanted if isinstance(wanted, Record) else Record.parse(checks.table("record", wanted), place="record")


def checked(record: Record, scenarios: Iterable[Scenario], groups: Sequence[str]) -> Record:
    """Return what is recorded; refuse columns that no arm has, dates beyond the run and groups that are not there.

    scenarios : of the arms
    """
    worlds = [with_accounts(scenario, record) for scenario in scenarios]
    periods = worlds[0].periods
    for kind, known in (("persons", of_persons), ("visits", of_visits)):
        one = getattr(record, kind)
        if one is not None:
            with checks.at(kind):
                _check(one, [name for world in worlds for name in known(world)], groups)
    for date in record.dates(periods):
        if date > periods:
            raise Refusal(f"= {date} lies beyond the run (periods = {periods})", place="persons.at")
    logged = record.logged(periods)
    if record.visits is not None and not 0 <= logged.start < logged.stop <= periods:
        raise Refusal(
            f"from {logged.start} until {logged.stop} is no part of the run (periods = {periods})", place="visits"
        )
    return record


def _check(one: Chosen, columns: Sequence[str], groups: Sequence[str]) -> None:
    for name in one.columns:
        if name not in columns:
            known = did_you_mean(name, columns) or f"; there is {one_of(sorted({*columns}))}"
            raise Refusal(f"names {shown(name)}, which no arm has{known}", place="columns")
    if one.group and one.group not in groups:
        known = did_you_mean(one.group, groups) or (
            f"; there is {one_of(groups)}" if groups else "; the study has none"
        )
        raise Refusal(f"= {shown(one.group)} is no group{known}", place="group")


def is_empty(record: Record) -> bool:
    """Return whether nothing is recorded."""
    return record.persons is None and record.visits is None
