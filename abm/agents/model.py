"""The Mesa face: a scenario as a `mesa.Model`, stepped by the engine.

Works with Mesa 3.3 to 3.5 and uses only what these have in common. Nothing is drawn from `model.random` or `model.rng`:
they are there for what users add, and the trajectory is that of `simulate(scenario, seed)` whatever is drawn from them.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import mesa
import numpy as np
from mesa.agent import AgentSet

from abm.agents.agent_set import CustomerSet
from abm.agents.customer import Customer
from abm.agents.fields import Entry, Field, fields_of
from abm.agents.firm import Firm
from abm.agents.rows import Rows
from abm.core.errors import Refusal, counted, did_you_mean, one_of, shown
from abm.core.given import whole
from abm.engine.engine import Engine
from abm.engine.recording import FRESH_BITS, MOST_REPLICATION, Counts, Record, read
from abm.kpis.kpi import Kpi, Tallied
from abm.kpis.measure import Measure, measured, readings_in, taken_of
from abm.kpis.reading import Reading
from abm.scenario import measures
from abm.scenario.scenario import Scenario
from abm.world.network.graphs import to_networkx
from abm.world.world import World

__all__ = ["Customer", "CustomerModel", "CustomerSet", "Firm"]

KPIS = ("profit", "market_share", "share_of_wallet", "retention_rate", "csi", "programme_cost")  # collected by default

_ONCE = ("seed", "kpis", "columns", "engine", "fields")  # attributes that are set once
_KEEPS_TIME = hasattr(mesa.Model, "time")  # Mesa 3.3 counts steps only


class CustomerModel(mesa.Model):
    """A scenario that Mesa can step, ask and collect from.

    `model.agents` are the customers, and they alone: what is asked of them (`agents.get("trust")`, an agent reporter)
    has no answer from a firm. Firms are under `model.firms`, `model.firm("north")` and, like agents of one's own, under
    `model.agents_by_type[Firm]`. Customers have the unique ids 1 to n, and newcomers of a population that is renewed
    the next ones; all others follow.

    engine        : what runs; its scenario is `engine.scenario` (in newer Mesa `model.scenario` is Mesa's own)
    seed          : of the run; the same seed and replication give the same trajectory
    fields        : customer columns by name
    datacollector : collects after every period; a class of one's own may say what, in `collector`
    running       : False when the scenario's periods are done
    """

    default_scenario: ClassVar[Scenario] = Scenario()
    customer_type: ClassVar[type[Customer]] = Customer

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        seed: Any = None,
        rng: Any = None,
        replication: int = 0,
        threads: int = 1,
        folder: Path | None = None,
        kpis: Sequence[str | Measure] | str = KPIS,
        columns: Sequence[str] | str = (),
        **kwargs: Any,  # Mesa's page looks for this very name
    ) -> None:
        """Build the world at period 0.

        scenario  : None = the class's `default_scenario`
        seed, rng : one of them: a whole number, or what NumPy takes for a seed; None = drawn anew (see `model.seed`)
        folder    : which the scenario's logs and graph files lie in; None = the current one
        kpis      : KPIs and readings collected for every firm and period, as "market_share.north"
        columns   : collected for every customer and period; a column with an entry per firm as "trust.north"
        kwargs    : scenario paths and their values, with "." or "__" between names (`firms__north__price=1.1`); the
                    last name alone does where no other parameter ends so (`customers=500`)

        Raises Refusal for a path that leads nowhere and a value that is not allowed.
        """
        self.seed = run_seed(seed, rng)
        replication = whole("replication", replication, low=0, high=MOST_REPLICATION)
        threads = whole("threads", threads, low=1)
        super().__init__(rng=self.seed)
        chosen = _scenario(scenario, self.default_scenario, kwargs)
        self.kpis = measures.named(kpis)
        self.engine = Engine(chosen, self.seed, replication, threads, folder, readings_in(self.kpis))
        self.fields: dict[str, Field] = fields_of(self.engine.scenario, self.world)
        _check_names(self.fields, self.customer_type)
        self.running = self.engine.scenario.periods > 0
        if not _KEEPS_TIME:
            self.time = 0.0
        self._customers = CustomerSet.of(self, Rows(self.world.n))
        self._numbered = chosen.most_identities
        self._firms = [Firm(self, j) for j in range(self.world.m)]
        self._counted: tuple[int, Counts, dict[Kpi, np.ndarray]] = (
            -1,
            Counts(self.world.layout, self.world.counted[0]),
            {},
        )
        self.columns = [columns] if isinstance(columns, str) else list(columns)
        self.datacollector = self.collector()

    def __repr__(self) -> str:
        world, when = self.world, f"period {self.engine.t:,} of {self.engine.scenario.periods:,}, seed {self.seed}"
        firms = f"{counted(world.m, 'firm')} ({', '.join(world.firm_names)})"
        return f"<{type(self).__name__} of {counted(world.n, 'customer')} and {firms}, {when}>"

    def step(self) -> None:
        """Go on by one period and collect.  Once the scenario's periods are done, warn and change nothing."""
        periods = self.engine.scenario.periods
        if self.engine.t >= periods:
            # Mesa's page may step a few times too often, so this is no refusal
            warnings.warn(f"the run is over after its {periods} periods", RuntimeWarning, stacklevel=3)
            return
        self.engine.run(1)
        if not _KEEPS_TIME:
            self.time = float(self.steps)
        self.running = self.engine.t < periods
        self.datacollector.collect(self)

    # ---- agents ---------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        """The state: columns, levers, ties."""
        return self.engine.world

    @property
    def graph(self) -> Any:
        """Who talks to whom, as an undirected networkx graph, made anew at each asking.

        Its nodes are the places of the customers in `model.agents`, from 0, or the names that a given graph has; its
        edges have the attribute `weight`.
        """
        return to_networkx(self.world.ties)

    @property
    def agents(self) -> CustomerSet:
        """All customers."""
        return self._customers

    @property
    def customers(self) -> CustomerSet:
        """All customers, as `agents`."""
        return self._customers

    @property
    def firms(self) -> AgentSet:
        """All firms, in the scenario's order."""
        return self.agents_by_type[Firm]

    def firm(self, which: str | int) -> Firm:
        """Return a firm by name or index.  Raises Refusal for a name that none has."""
        if isinstance(which, str):
            names = self.world.firm_names
            if which not in names:
                raise Refusal(f"no firm {shown(which)}{did_you_mean(which, names)} (firms: {one_of(names)})")
            which = names.index(which)
        return self._firms[which]

    @property
    def agents_by_type(self) -> dict[type, AgentSet]:
        """Sets of agents by type: customers, firms, and what was registered besides."""
        return {self.customer_type: self._customers, **super().agents_by_type}

    @property
    def agent_types(self) -> list[type]:
        """Types of agents: customers, firms, and what was registered besides."""
        return list(self.agents_by_type)

    def register_agent(self, agent: Any) -> None:
        """Register an agent, numbered after the customers."""
        super().register_agent(agent)
        self._numbered += 1
        agent.unique_id = self._numbered

    # ---- measures -------------------------------------------------------------------------------------

    @property
    def tallies(self) -> Mapping[str, np.ndarray]:
        """What was counted in the latest period, by name: (*axes, m + 1) in the tally's unit; 0 before it."""
        return self._latest()[0]

    def kpi(self, kpi: str | Measure, firm: str | None = None, over: Literal["period", "run"] = "period") -> Any:
        """Return a KPI or reading of a firm, or of all firms (m,); NaN where it is not defined, and at the beginning.

        over : the latest "period", or the "run" so far from the end of the burn-in

        Raises Refusal for a reading that is not among the model's `kpis`: what was not taken cannot be read later.
        """
        measure = measures.named([kpi])[0]
        values = read(self.engine).summary([measure])[:, 0] if over == "run" else self._over_period(measure)
        return values.copy() if firm is None else values.item(self.firm(firm).j)

    @property
    def record(self) -> Record:
        """What was counted so far."""
        return read(self.engine)

    def _over_period(self, kpi: Measure) -> np.ndarray:
        if isinstance(kpi, Reading):
            taken = taken_of(self.engine.taken, kpi)
            return taken[self.engine.t - 1, 0] if self.engine.t else np.full(self.world.m, np.nan)
        tallies, known = self._latest()
        values = known.get(kpi)
        if values is None:
            tallied = Tallied(tallies, self.world.periods_per_year, 1, tallies.accounts)
            values = known[kpi] = measured([kpi], tallied, {}, (self.world.m,))[:, 0]
        return values

    def _latest(self) -> tuple[Counts, dict[Kpi, np.ndarray]]:
        """Return the latest period's tallies, and its KPIs as far as they were asked for."""
        t, world = self.engine.t, self.world
        if self._counted[0] != t:
            block = world.history[t - 1] if t else np.zeros_like(world.counted[0])
            self._counted = (t, Counts(world.layout, block.copy()), {})
        return self._counted[1:]

    def collector(self) -> mesa.DataCollector:
        """Return what collects after every period: `kpis` and `columns`.  A class of one's own may return another."""
        reporters: dict[str, Any] = {"seed": "seed"}  # or a batch of unseeded runs could not be repeated
        reporters |= {
            f"{kpi.name}.{firm}": partial(_measured, kpi=kpi, j=j)
            for kpi in self.kpis
            for j, firm in enumerate(self.world.firm_names)
        }
        entries: dict[str, Any] = {}
        for name in self.columns:
            if name not in self.fields:
                raise Refusal(f"customers have no column {name!r}{did_you_mean(name, self.fields)}")
            field = self.fields[name]
            labels = field.labels or (range(len(field.array)) if field.several else ())
            entries |= {f"{name}.{label}": partial(_entry, name=name, k=k) for k, label in enumerate(labels)}
            entries |= {} if labels else {name: name}
        return mesa.DataCollector(model_reporters=reporters, agent_reporters=entries)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ONCE and name in self.__dict__:
            raise AttributeError(f"{name} is said when the model is built; it cannot be set later")
        if name in Scenario.model_fields and not hasattr(type(self), name):
            advice = f"give it when the model is built, {type(self).__name__}({name}=…), or write levers of its firms"
            raise AttributeError(f"{name} is of the scenario, which stays as it is; {advice}")
        super().__setattr__(name, value)

    def __reduce__(self) -> Any:
        raise TypeError("a model holds addresses of its arrays and cannot be copied; build it again with its seed")


def _check_names(fields: Mapping[str, Field], kind: type[Customer]) -> None:
    for name in fields:
        if name in dir(kind) and not isinstance(getattr(kind, name), Entry):
            raise Refusal(f"column {name!r} cannot be read from a {kind.__name__}, who has something else of that name")


def _measured(model: CustomerModel, kpi: Measure, j: int) -> Any:
    return model._over_period(kpi).item(j)


def _entry(customer: Customer, name: str, k: int) -> Any:
    return customer.model.fields[name].array.item(k, customer.row)


def run_seed(seed: Any, rng: Any) -> int:
    """Return the seed of a run, a whole number, from what Mesa and NumPy take for one.

    A whole number is itself; a generator is drawn from once; None gives a fresh one.
    Raises Refusal for anything else, and for both at once.
    """
    if seed is not None and rng is not None:
        raise Refusal("give either seed or rng, not both")
    given = rng if seed is None else seed
    if given is None:
        return secrets.randbits(FRESH_BITS)
    if isinstance(given, int | np.integer) and not isinstance(given, bool) and given >= 0:
        return int(given)
    if isinstance(given, np.random.Generator):
        given = given.bit_generator
    if isinstance(given, np.random.BitGenerator):
        return int(given.random_raw())
    if isinstance(given, Sequence) and not isinstance(given, str):
        given = np.random.SeedSequence(given)
    if isinstance(given, np.random.SeedSequence):
        return int.from_bytes(given.generate_state(2).tobytes(), "little")
    raise Refusal(f"{'rng' if seed is None else 'seed'} = {shown(given)} is not a whole number of at least 0")


def _scenario(given: Any, default: Scenario, kwargs: Mapping[str, Any]) -> Scenario:
    """Return a scenario with values changed."""
    if given is not None and not isinstance(given, Scenario):
        if not type(given).__module__.startswith("mesa."):
            raise Refusal(f"scenario = {shown(given)} is not a Scenario")
        given = None  # Mesa's page starts a model again with an empty scenario of Mesa's own kind
    changes = {_path(name): value for name, value in kwargs.items()}
    if "preset" in changes:
        if given is not None or default != Scenario():
            raise Refusal("a preset is what a scenario starts from: Scenario(preset=…)")
        default = Scenario(preset=changes.pop("preset"))
    return (given or default).replace(changes)


def _path(name: str) -> str:
    """Return the scenario path that a keyword stands for."""
    path = name.replace("__", ".")
    if "." in path or path in Scenario.model_fields:
        return path
    ending = [p.path for p in Scenario.parameters() if p.path.rpartition(".")[2] == path and "*" not in p.path]
    if len(ending) > 1:
        raise Refusal(f"{name} may be {one_of(ending)}; write which")
    return ending[0] if ending else path
