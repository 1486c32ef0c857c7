"""Agents: customers as Mesa knows them, over the columns of a world.

A customer is a row. A `Customer` is made when somebody asks for one and holds nothing but the row's number, so a million of
them cost nothing until they are touched, and two of the same row are equal. Mesa's own sets hold agents weakly: a view in one
would vanish at once. A `CustomerSet` holds rows instead, and so does every set made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import mesa
import numpy as np
from mesa.agent import AgentSet

from abm.core.errors import Refusal, did_you_mean
from abm.run.fields import Field, Rows, columns_of
from abm.run.scenario import Scenario
from abm.world.columns import Column

try:
    from mesa.agentset import GroupBy
except ImportError:  # Mesa 3.3
    from mesa.agent import GroupBy

if TYPE_CHECKING:
    from abm.run.model import CustomerModel, Firm


class Customer(mesa.Agent):
    """A customer: a view of one row of the columns, every column an attribute.

    A column with one entry a customer reads as a number (`c.basket`), one with an entry per firm as an array of them
    (`c.trust["north"]`, `c.trust[0]`). Both may be assigned, and what is written takes effect in the next period.

    A view keeps nothing of its own: an attribute that is no column cannot be set, for it would be lost with the view.
    """

    __slots__ = ("model", "row")
    model: CustomerModel
    row: int
    pos = None

    def __init__(self, model: CustomerModel, row: int) -> None:
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "row", row)

    @property
    def unique_id(self) -> int:
        """Number of the agent: the customer's identity + 1, as Mesa counts from 1."""
        return int(self.customer_id) + 1

    @property
    def neighbours(self) -> CustomerSet:
        """The customers whom she tells, and who tell her."""
        ties = self.model.world.ties
        return CustomerSet.of(self.model, ties.target[ties.start[self.row] : ties.start[self.row + 1]])

    @property
    def provider_firm(self) -> Firm | None:
        """The firm chosen at the latest occasion, None before the first."""
        return None if self.provider < 0 else self.model.firm(self.provider)

    def remove(self) -> None:
        """Refuse: customers are rows, which stay."""
        raise Refusal("a customer cannot be removed; to take her out of the market, set exited to the period")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Customer) and self.row == other.row and self.model is other.model

    def __hash__(self) -> int:
        return hash((id(self.model), self.row))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.unique_id}>"

    def __getattr__(self, name: str) -> Any:
        """Read a column that a mechanism of one's own has added."""
        if name in Customer.__slots__ or name.startswith("__") or name not in self.model.fields:
            raise AttributeError(f"a {type(self).__name__} has no attribute {name!r}{did_you_mean(name, dir(self))}")
        return self.model.fields[name].read(self.row)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.model.fields:
            self.model.fields[name].write(self.row, value)
        elif hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(
                f"a {type(self).__name__} has no column {name!r}{did_you_mean(name, self.model.fields)}; "
                "she keeps nothing but columns, and a new one comes with a mechanism that owns it"
            )

    def __dir__(self) -> Iterable[str]:
        return {*super().__dir__(), *self.model.fields}


class Entry:
    """A column as an attribute of `Customer`."""

    def __init__(self, column: Column) -> None:
        self.name, self.unit = column.name, column.unit
        per = "" if len(column.axes) == 1 else f", one entry per {column.axes[0]}"
        self.__doc__ = f"{column.meaning[:1].upper()}{column.meaning[1:]} ({column.unit}{per})."

    def __get__(self, customer: Customer | None, owner: type | None = None) -> Any:
        if customer is None:
            return self
        try:
            field = customer.model.fields[self.name]
        except KeyError:
            raise AttributeError(f"this scenario has no column {self.name!r}") from None
        return field.read(customer.row)


for _column in columns_of(Scenario()):
    setattr(Customer, _column.name, Entry(_column))


class CustomerSet(AgentSet):
    """Customers of one model in an order: Mesa's AgentSet, held as rows.

    `get`, `set`, `agg`, `sort`, `groupby` by a column's name and `select(where=…)` work on whole columns; `do`, `map` and
    functions of a customer are given one view after the other. Everything drawn (`shuffle`, `shuffle_do`) comes from
    `model.random`, as in Mesa; the model itself draws nothing from it, so shuffling never changes a trajectory.

    random : generator of shuffles      model : None only for a set made from no customers
    """

    model: CustomerModel | None

    def __init__(self, agents: Iterable[Customer] = (), random: Random | None = None) -> None:
        customers = list(agents)
        if any(not isinstance(c, Customer) or c.model is not customers[0].model for c in customers):
            raise Refusal("a CustomerSet holds customers of one model and nothing else")
        self.model = customers[0].model if customers else None
        self.random = random or (self.model.random if self.model else Random(0))
        self._rows: np.ndarray | None = np.array(list(dict.fromkeys(c.row for c in customers)), np.int64)
        self._inside: np.ndarray | None = None

    @classmethod
    def of(cls, model: CustomerModel, rows: np.ndarray | None = None, random: Random | None = None) -> CustomerSet:
        """Return the customers in these rows, all different; None = everybody, without a list of them."""
        made = cls.__new__(cls)
        made.model, made.random = model, random or model.random
        made._rows, made._inside = rows, None
        return made

    @property
    def rows(self) -> np.ndarray:
        """Rows of the customers in the columns, (len,)."""
        return np.arange(len(self)) if self._rows is None else self._rows

    def values(self, name: str) -> np.ndarray:
        """Return a column for these customers: (len,), or (len, k) if each has an entry per firm; a copy.

        Raises AttributeError if there is no such column.
        """
        field = self._field(name)
        if field is None:
            known = self.model.fields if self.model else ()
            raise AttributeError(f"no column {name!r}{did_you_mean(name, known)}")
        return field.values(self._index)

    # ---- a collection ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        if self._rows is not None:
            return len(self._rows)
        return self.model.world.n if self.model else 0

    def __iter__(self) -> Iterator[Customer]:
        if self.model is not None:
            kind, model = self.model.customer_type, self.model
            for row in range(len(self)) if self._rows is None else self._rows.tolist():
                yield kind(model, row)

    def __contains__(self, agent: object) -> bool:
        if not isinstance(agent, Customer) or agent.model is not self.model:
            return False
        if self._rows is None:
            return True
        if self._inside is None:
            self._inside = np.zeros(agent.model.world.n, np.bool_)
            self._inside[self._rows] = True
        return bool(self._inside[agent.row])

    def __getitem__(self, item: int | slice) -> Any:
        """Return a customer, or a list of them for a slice."""
        chosen = self.rows[item]
        return self._with(chosen).to_list() if isinstance(item, slice) else self._with(np.array([chosen])).to_list()[0]

    def to_list(self) -> list[Customer]:
        """Return the customers as a list of views."""
        return list(self)

    def copy(self) -> CustomerSet:
        """Return another set of the same customers."""
        return self._with(self._rows)

    __copy__ = copy

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} customers>"

    def add(self, agent: Customer) -> None:
        """Add a customer at the end, if she is not in already."""
        if agent not in self:
            self._become(CustomerSet([*self, agent]).rows if self.model is None else np.append(self.rows, agent.row))
