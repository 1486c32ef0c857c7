"""Agents: customers and firms as Mesa knows them, over the columns and levers of a world.

A customer is a row. A `Customer` is made when somebody asks for one and holds nothing but the row's number, so a
million of them cost nothing until they are touched, and two of the same row are equal. Firms are few: ordinary
registered agents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

import mesa
import numpy as np
from mesa.agent import AgentSet

from abm.agents.fields import Entry, columns_of
from abm.agents.rows import Rows
from abm.core.errors import Refusal, did_you_mean
from abm.core.parameters import Parameter
from abm.kpis.measure import Measure
from abm.scenario.firm import Firm as FirmSpec
from abm.scenario.scenario import Scenario
from abm.world.columns import Tally

try:
    from mesa.agentset import GroupBy
except ImportError:  # Mesa 3.3
    from mesa.agent import GroupBy

if TYPE_CHECKING:
    from abm.agents.agent_set import CustomerSet
    from abm.agents.model import CustomerModel

__all__ = ["AgentSet", "Customer", "Firm", "GroupBy"]


class Customer(mesa.Agent):
    """A customer: a view of one row of the columns, every column an attribute.

    A column with one entry a customer reads as a number (`c.basket`), one with an entry per firm as an array of them
    (`c.trust["north"]`, `c.trust[0]`). Both may be assigned; what is written takes effect in the next period. A view
    keeps nothing of its own: an attribute that is no column cannot be set, for it would be lost with the view.
    """

    __slots__ = ("model", "row")
    pos = None

    def __init__(self, model: CustomerModel, row: int) -> None:
        _keep_model(self, model)
        _keep_row(self, row)

    @property
    def unique_id(self) -> int:
        """Number of the agent: the customer's identity + 1, as Mesa counts from 1."""
        return int(self.customer_id) + 1

    @property
    def neighbours(self) -> CustomerSet:
        """The customers whom she tells, and who tell her."""
        ties = self.model.world.ties
        told = ties.target[ties.start[self.row] : ties.start[self.row + 1]]
        return self.model.agents.among(Rows(ties.customers, told))

    @property
    def provider_firm(self) -> Firm | None:
        """The firm chosen at the latest occasion that was not skipped; None before the first."""
        return self.model.firm(self.provider) if self.provider >= 0 else None

    def remove(self) -> None:
        """Refuse: rows stay."""
        raise Refusal("a customer cannot be removed; write the period into `exited` to take her out of the market")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Customer) and self.row == other.row and self.model is other.model

    def __hash__(self) -> int:
        return hash((id(self.model), self.row))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.unique_id}>"

    def __getattr__(self, name: str) -> Any:
        # Only columns of a mechanism of one's own come here: the others are attributes of the class
        if name in Customer.__slots__ or name.startswith("__") or name not in self.model.fields:
            raise AttributeError(f"a {type(self).__name__} has no {name!r}")
        return self.model.fields[name].read(self.row)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.model.fields:
            self.model.fields[name].write(self.row, value)
        elif name not in Customer.__slots__ and hasattr(getattr(type(self), name, None), "__set__"):
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(
                f"a {type(self).__name__} has no column {name!r}{did_you_mean(name, self.model.fields)}; "
                "what customers are to remember needs a mechanism that owns a column"
            )

    def __dir__(self) -> Iterable[str]:
        return {*super().__dir__(), *self.model.fields}


# The slots' own setters: half the time of object.__setattr__, and views are made by the million
_keep_model, _keep_row = Customer.model.__set__, Customer.row.__set__

for _column in columns_of(Scenario()):
    setattr(Customer, _column.name, Entry(_column))


class Firm(mesa.Agent):
    """A firm of the scenario: a registered agent.

    Its levers are attributes (`firm.price`, `firm.quality`, `firm.earn_rate`); what is written takes effect in the next
    period. So are the counts of the latest period (`firm.revenue`, `firm.visits`), which cannot be written.

    j    : index of the firm          spec : what it offers now
    """

    def __init__(self, model: CustomerModel, j: int) -> None:
        # Not through Mesa's constructor: that of 3.3 enters the model in a table of the class, which keeps it for ever
        self.model, self.j, self.pos = model, j, None
        self.unique_id = j
        model.register_agent(self)

    @property
    def spec(self) -> FirmSpec:
        """What the firm offers now."""
        return self.model.engine.levers.firms[self.j]

    @property
    def name(self) -> str:
        """Name of the firm."""
        return self.spec.name

    @property
    def customers(self) -> CustomerSet:
        """The customers whose provider the firm is."""
        everybody = self.model.agents
        return everybody.select(where=everybody.values("provider") == self.j)

    def kpi(self, kpi: str | Measure, over: Literal["period", "run"] = "period") -> float:
        """Return a KPI or reading of the firm; see CustomerModel.kpi."""
        return float(self.model.kpi(kpi, self.name, over))

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change what the firm offers: {"service.quality": 0.85, "program": points_program()}.

        Every cost that hangs on a lever changes with it. Raises Refusal for a value that is not allowed.
        """
        spec = self.spec.replace(changes)
        if spec.name != self.name:
            raise Refusal(f"{self.name} keeps its name for the whole run")
        self.model.engine.set_firm(self.j, spec)

    def remove(self) -> None:
        """Refuse: the firms are part of the scenario."""
        raise Refusal("a firm cannot be removed; leave it out of the scenario's firms")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __getattr__(self, name: str) -> Any:
        # Only counts of a mechanism of one's own come here: the others are attributes of the class
        model = self.__dict__.get("model")
        if model is None or name not in model.world.tallies:
            raise AttributeError(f"a {type(self).__name__} has no {name!r}")
        return _of_firm(model.tallies[name], self.j)


def _of_firm(counts: np.ndarray, j: int) -> Any:
    """Return the count of a firm out of (*axes, m + 1): a number, or an array if there are further axes."""
    return counts.item(j) if counts.ndim == 1 else counts[..., j]


class Lever:
    """A lever as an attribute of `Firm`, under the name of its parameter."""

    def __init__(self, parameter: Parameter) -> None:
        self.path, self.name = parameter.path, parameter.path.rpartition(".")[2]
        self.__doc__ = f"{parameter.doc[:1].upper()}{parameter.doc[1:]} ({parameter.unit})."

    def __get__(self, firm: Firm | None, owner: type | None = None) -> Any:
        """Return the value in force: as it was said, or as a mechanism has set it since."""
        if firm is None:
            return self
        held = firm.model.world.firms[self.name][firm.j]
        try:
            said = attrgetter(self.path)(firm.spec)
        except AttributeError:  # no programme
            said = None
        return said if said is not None and held == held.dtype.type(said) else held.item()

    def __set__(self, firm: Firm, value: Any) -> None:
        """Write the lever and the costs that hang on it."""
        firm.change({self.path: value})
        firm.model.world.firms[self.name][firm.j] = value


class Count:
    """A tally of the latest period as an attribute of `Firm`."""

    def __init__(self, tally: Tally) -> None:
        self.name = tally.name
        self.__doc__ = f"{tally.meaning[:1].upper()}{tally.meaning[1:]}, in the latest period ({tally.unit})."

    def __get__(self, firm: Firm | None, owner: type | None = None) -> Any:
        """Return the count; 0 before the first period."""
        return self if firm is None else _of_firm(firm.model.tallies[self.name], firm.j)

    def __set__(self, firm: Firm, value: Any) -> None:
        """Refuse."""
        raise AttributeError(f"{self.name} is counted by the model; it cannot be set")


LEVERS = (
    "price", "promise", "exit_fee", "joining_fee", "integration", "unit_cost",
    "service.quality", "service.failure_rate", "service.transparency", "service.richness",
    "program.hassle", "program.earn_rate", "program.earn_per_visit", "program.goal", "program.reward",
    "program.redemption", "program.expiry", "program.tier_window",
)  # fmt: skip

for _parameter in FirmSpec.parameters():
    if _parameter.path in LEVERS:
        setattr(Firm, _parameter.path.rpartition(".")[2], Lever(_parameter))
for _mechanism in Scenario().mechanisms():
    for _tally in _mechanism.counts:
        setattr(Firm, _tally.name, Count(_tally))
