"""A scenario: the whole world as one value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal, did_you_mean, one_of
from abm.core.spec import Spec, param
from abm.core.streams import stream_key
from abm.mechanisms.attitude.learning import Learning
from abm.mechanisms.attitude.trust import Trust
from abm.mechanisms.books.accounts import Accounts, Payment
from abm.mechanisms.choice.choice import Choice
from abm.mechanisms.demand.need import Need
from abm.mechanisms.loyalty.rewards import Rewards
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.relationship.defection import Defection
from abm.mechanisms.relationship.lifecycle import Lifecycle
from abm.mechanisms.relationship.switching_cost import PersonalBond, SwitchingCost
from abm.mechanisms.service.encounter import Encounter
from abm.mechanisms.social.word_of_mouth import WordOfMouth
from abm.world.columns import MOST_FIRMS, MOST_OCCASIONS, TILE, World
from abm.world.firm import Firm, levers
from abm.world.network.network import Network
from abm.world.network.ties import Ties
from abm.world.population import COLUMNS as TRAITS
from abm.world.population import Population

MOST_MEMORY = 64 * 2**30  # bytes; a scenario estimated above this is refused before anything is allocated

_PAYMENT, _ACCOUNTS = Payment(), Accounts()  # have nothing to set
NEEDED = ("need", "choice", "payment", "encounter", "accounts")  # a period without these is not a market

PRESETS: dict[str, dict[str, Any]] = {
    "retail": {},
    "closed_market": {"choice": {"outside": -80.0}},
    "contract": {"choice": {"market": "lost_for_good", "term": 52}},
}


class Scenario(Spec):
    """Population, network, firms and mechanisms, over a number of periods."""

    unfolded: ClassVar = ("extras",)

    preset: str = param("retail", unit="name", evidence="assumed", doc="named scenario that other fields start from")
    periods: int = param(104, unit="periods", bounds=(0, 100_000), evidence="assumed", doc="length of a run")
    burn_in: int = param(0, unit="periods", bounds=(0, 100_000), evidence="assumed", doc="periods before measurement")
    periods_per_year: int = param(52, unit="periods", bounds=(1, 366), evidence="assumed", doc="length of a year")
    population: Population = Population()
    network: Network = Network()
    firms: tuple[Firm, ...] = (Firm(name="north"), Firm(name="east"), Firm(name="south"))
    need: Need = Need()
    switching_cost: SwitchingCost = SwitchingCost()
    choice: Choice = Choice()
    encounter: Encounter = Encounter()
    learning: Learning = Learning()
    trust: Trust = Trust()
    personal_bond: PersonalBond = PersonalBond()
    rewards: Rewards = Rewards()
    word_of_mouth: WordOfMouth = WordOfMouth()
    defection: Defection = Defection()
    lifecycle: Lifecycle = Lifecycle()
    extras: tuple[Mechanism, ...] = ()
    off: tuple[str, ...] = param(
        (), unit="names", evidence="assumed", doc="mechanisms that are switched off: their columns stay as they begin"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("preset", "retail") != "retail":
            name = data["preset"]
            if name not in PRESETS:
                raise Refusal(
                    f"no scenario preset {name!r}{did_you_mean(str(name), PRESETS)} (presets: {one_of(PRESETS)})"
                )
            merged = dict(data)
            for section, fields in PRESETS[name].items():
                given = data.get(section, {})
                merged[section] = {**fields, **given} if isinstance(given, Mapping) else given
            return merged
        return data

    @model_validator(mode="after")
    def _agrees(self) -> Scenario:
        names = [firm.name for firm in self.firms]
        if not 1 <= len(names) <= MOST_FIRMS:
            raise Refusal(f"firms has {len(names)} entries; 1 to {MOST_FIRMS} are allowed")
        for name in names:
            if names.count(name) > 1:
                raise Refusal(f"two firms are called {name!r}")
        known = [mechanism.name for mechanism in self.mechanisms() if mechanism.name not in NEEDED]
        for name in self.off:
            if name not in known:
                near = did_you_mean(name, known)
                raise Refusal(f"off names {name!r}, which cannot be switched off{near} (can: {one_of(known)})")
        if self.burn_in > self.periods:
            raise Refusal(f"burn_in = {self.burn_in} is longer than the run (periods = {self.periods})")
        if self.estimated_bytes() > MOST_MEMORY:
            need, limit = self.estimated_bytes() / 2**30, MOST_MEMORY / 2**30
            raise Refusal(
                f"population.customers = {self.population.customers} with {len(names)} firms would need about "
                f"{need:,.0f} GiB of memory; {limit:.0f} GiB is the limit"
            )
        return self

    def mechanisms(self) -> tuple[Mechanism, ...]:
        """Return what happens in a period, as listed within a phase."""
        return (
            self.need, self.switching_cost, self.choice, _PAYMENT, self.encounter, self.learning, self.trust,
            self.personal_bond, self.rewards, self.word_of_mouth, self.defection, self.lifecycle, _ACCOUNTS,
            *self.extras,
        )  # fmt: skip

    def adding(self, *mechanisms: Mechanism) -> Scenario:
        """Return the scenario with further mechanisms of one's own."""
        return self.model_copy(update={"extras": (*self.extras, *mechanisms)})

    @property
    def tile(self) -> int:
        """Customers worked on at a time: more where fewer have an occasion, as each kernel's start is paid for once."""
        return TILE if self.need.process == "every_period" or self.population.purchase_rate > 0.5 else 2 * TILE

    def estimated_bytes(self) -> int:
        """Return about how much memory a run needs, in bytes: columns, ties, history."""
        n, m = self.population.customers, len(self.firms)
        columns = [*TRAITS, *(c for mechanism in self.mechanisms() for c in mechanism.owns)]
        rows = min(n, self.tile)
        sizes = {
            "customer": n, "firm": m, "facet": 8, "tier": 5, "row": rows, "visit": rows * MOST_OCCASIONS, "luck": 4,
            "one": 1,
        }  # fmt: skip
        state = sum(np.dtype(c.dtype).itemsize * int(np.prod([sizes[a] for a in c.axes], dtype=float)) for c in columns)
        tallies = sum(len(mechanism.counts) for mechanism in self.mechanisms())
        per_customer = {"complete": n - 1.0, "file": 0.0}.get(self.network.kind, self.network.mean_degree)
        ties = 8 * n + 8 * int(n * per_customer)
        return state + ties + 8 * self.periods * tallies * (m + 1)


def build_world(
    scenario: Scenario, seed: int, replication: int = 0, workers: int = 1, folder: Path | None = None
) -> World:
    """Return the world at period 0: customers, firms, ties, with every mechanism's initial state.

    folder : of the study, which its logs and graph files lie in; None = the current one

    Raises Refusal for an unusable log or graph file.
    """
    world = allocated(scenario, _ties(scenario, seed, replication, folder), replication, workers)
    _begin(world, scenario, seed, folder)
    return world


def allocated(scenario: Scenario, ties: Ties, replication: int = 0, workers: int = 1) -> World:
    """Return a world with all its arrays, in which nobody has been drawn yet."""
    world = World(
        scenario.population.customers, tuple(f.name for f in scenario.firms), levers(scenario.firms), ties,
        scenario.periods, scenario.burn_in, scenario.periods_per_year, replication, workers, scenario.tile,
    )  # fmt: skip
    mechanisms = scenario.mechanisms()
    columns = [column for mechanism in mechanisms for column in mechanism.owns]
    world.allocate([*TRAITS, *columns], [tally for mechanism in mechanisms for tally in mechanism.counts])
    return world


def restart_world(world: World, scenario: Scenario, seed: int, replication: int, folder: Path | None = None) -> None:
    """Bring the world of a scenario back to period 0 with the luck of another replication, in the same arrays."""
    world.restart(_ties(scenario, seed, replication, folder), replication)
    _begin(world, scenario, seed, folder)


def _ties(scenario: Scenario, seed: int, replication: int, folder: Path | None) -> Ties:
    key = stream_key(seed, "graph")
    return scenario.network.build(scenario.population.customers, key, replication, folder=folder)


def _begin(world: World, scenario: Scenario, seed: int, folder: Path | None) -> None:
    """Draw who the customers are, and let every mechanism set the columns that it owns."""
    scenario.population.begin(world, seed, folder)
    for mechanism in scenario.mechanisms():
        mechanism.begin(world, seed)
