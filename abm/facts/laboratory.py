"""The laboratory: variants of a market, run with the same luck, and looked at person by person.

Every variant is run with the same customers and the same luck as every other, so that differences between two are
effects of what was varied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.engine.visit_log import room, taken, visit_log
from abm.kpis.measure import Measure, readings_in
from abm.logs.brands import Purchases, ordered_purchases
from abm.mechanisms.books.accounts import Accounts
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.world.world import World

YEARS = 3  # of a run: one to settle, two to measure
_SPEND = tuple(column for column in Accounts.owns if column.name == "visit_spend")
BRANDS = (0.8, 0.3, -0.1, -0.6, -1.2)  # utility of the names of five unequal brands
BRAND_CUSTOMERS = 8000  # of that market, at least: the smallest brand has few buyers in a week


@dataclass(frozen=True)
class Visits:
    """A log of visits, by period, customer and number: arrays (visits,).

    people, firms : how many there are, or may come to be where newcomers have identities of their own
    stayed        : who was there from the first period to the last (people,) bool
    """

    period: np.ndarray
    customer: np.ndarray
    firm: np.ndarray
    spend: np.ndarray
    people: int
    firms: int
    stayed: np.ndarray

    def between(self, first: int, last: int) -> Visits:
        """Return the visits of the periods from first until before last."""
        kept = (self.period >= first) & (self.period < last)
        period, customer, firm, spend = (column[kept] for column in (self.period, self.customer, self.firm, self.spend))
        return Visits(period, customer, firm, spend, self.people, self.firms, self.stayed)

    @cached_property
    def purchases(self) -> Purchases:
        """The sequences of purchases of those who stayed, a panel, for the measures of `abm.logs.brands`."""
        number = np.cumsum(self.stayed) - 1
        kept = self.stayed[self.customer]
        return ordered_purchases(
            number[self.customer[kept]], self.period[kept], self.firm[kept], int(self.stayed.sum()), self.firms
        )

    @cached_property
    def counts(self) -> np.ndarray:
        """Visits by customer and firm: (people, firms)."""
        place = self.customer.astype(np.int64) * self.firms + self.firm
        return np.bincount(place, minlength=self.people * self.firms).reshape(self.people, self.firms)

    @cached_property
    def money(self) -> np.ndarray:
        """Spend by customer and firm, cents: (people, firms)."""
        place = self.customer.astype(np.int64) * self.firms + self.firm
        found = np.bincount(place, self.spend, minlength=self.people * self.firms)
        return found.reshape(self.people, self.firms)


class Laboratory:
    """A market to experiment with.

    scenario : as given, run for three of its years, of which the first is for it to settle
    """

    def __init__(self, scenario: Scenario, replications: int, seed: int, threads: int = 1) -> None:
        self.year = scenario.periods_per_year
        self.scenario = scenario.replace({"periods": YEARS * self.year, "burn_in": self.year})
        self.replications, self.seed, self.threads = replications, seed, threads
        self._logs: dict[str, list[Visits]] = {}

    @property
    def launch(self) -> int:
        """The period in which experiments begin."""
        return self.year

    @property
    def focal(self) -> Firm:
        """The first firm."""
        return self.scenario.firms[0]

    def need(self, *mechanisms: str) -> None:
        """Raise Refusal if a mechanism is not in the market."""
        there = {mechanism.name for mechanism in self.scenario.mechanisms()} - {*self.scenario.off}
        for name in mechanisms:
            if name not in there:
                raise Refusal(f"the market has no {name}")

    def need_rivals(self) -> None:
        """Raise Refusal if there is but one firm."""
        if len(self.scenario.firms) < 2:
            raise Refusal("there is but one firm")

    def need_contracts(self) -> None:
        """Raise Refusal if customers are free to choose on every occasion."""
        if self.scenario.choice.market != "lost_for_good":
            raise Refusal("the market has no contracts")

    def of_all_firms(self, lever: str, value: Any) -> dict[str, Any]:
        """Return the changes that give a lever of every firm a value: "waiting_line.lines"."""
        return {f"firms.{firm.name}.{lever}": value for firm in self.scenario.firms}

    def varied(self, changes: Mapping[str, Any]) -> Scenario:
        """Return the scenario with some of its values changed."""
        return self.scenario.replace(dict(changes)) if changes else self.scenario

    @property
    def with_advertising(self) -> dict[str, Any]:
        """The changes that bring brands and advertising into the market, if it has none."""
        return {"advertising": {}} if self.scenario.advertising is None else {}

    def brands(self) -> dict[str, Any]:
        """Return the changes that make a market of five unequal brands, each as the first firm otherwise."""
        names = [chr(ord("a") + k) for k in range(len(BRANDS))]
        known = {"advertising.brand": 0.0, "initial_awareness": 1.0}
        firms = [
            self.focal.replace({**known, "name": name, "advertising.brand": worth})
            for name, worth in zip(names, BRANDS, strict=True)
        ]
        customers = max(self.scenario.population.customers, BRAND_CUSTOMERS)
        return {**self.with_advertising, "firms": tuple(firms), "population.customers": customers}

    def runs(self, changes: Mapping[str, Any] = {}, extras: Sequence[Any] = ()) -> Iterator[Engine]:
        """Yield an engine at period 0 for each replication; the next one takes its place."""
        scenario = self.varied(changes)
        if extras:
            scenario = scenario.replace({"extras": (*scenario.extras, *extras)})
        engine: Engine | None = None
        for replication in range(self.replications):
            if engine is None:
                engine = Engine(scenario, self.seed, replication, self.threads)
            else:
                engine.restart(replication)
            yield engine

    def kpis(self, measures: Sequence[Measure], changes: Mapping[str, Any] = {}) -> np.ndarray:
        """Return measures after the first year: (replications, m, measures)."""
        scenario = self.varied(changes)
        found = []
        for replication in range(self.replications):
            engine = Engine(scenario, self.seed, replication, self.threads, readings=readings_in(measures))
            engine.run(scenario.periods)
            found.append(read(engine).summary(measures))
        return np.array(found)

    def logs(
        self, changes: Mapping[str, Any] = {}, launched: Mapping[str, Any] = {}, joining: np.ndarray | None = None
    ) -> list[Visits]:
        """Return each replication's log of visits.

        launched : levers of the first firm from the second year on
        joining  : who is made a member of its programme then, by identity (identities,) bool
        """
        key = repr((sorted(changes.items(), key=str), sorted(launched.items()), None if joining is None else "lot"))
        if key not in self._logs:
            self._logs[key] = [log for _, log in self.logged(changes, launched, joining)]
        return self._logs[key]

    def logged(
        self, changes: Mapping[str, Any] = {}, launched: Mapping[str, Any] = {}, joining: np.ndarray | None = None
    ) -> Iterator[tuple[World, Visits]]:
        """Yield each replication's world at the end, and its log of visits; as `logs`."""
        people = self.varied(changes).population.customers
        for engine in self.runs(changes, (visit_log(_SPEND, room(people, 1), until=self.scenario.periods),)):
            found: list[dict[str, np.ndarray]] = []
            for t in range(engine.scenario.periods):
                if t == self.launch and launched:
                    engine.set_firm(0, engine.levers.firms[0].replace(dict(launched)))
                    if joining is not None:
                        c = engine.world.customers
                        c.member[0] = joining[c.customer_id]
                engine.run(1)
                found.append(taken(engine.world, ("visit_spend",)))
            yield engine.world, _whole(found, self.varied(changes).most_identities, engine.world)


def _whole(found: Iterable[dict[str, np.ndarray]], people: int, world: World) -> Visits:
    found = list(found)
    column = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    there = world.customers.customer_id
    stayed = np.zeros(people, np.bool_)
    stayed[there[there < world.n]] = True
    period, customer, firm, spend = (column[name] for name in ("period", "customer", "firm", "visit_spend"))
    return Visits(period, customer, firm, spend, people, world.m, stayed)
