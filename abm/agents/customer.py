"""Customers as Mesa knows them: views of the rows of a world's columns.

A `Customer` is made when somebody asks for one and holds nothing but the row's number, so a million of them cost
nothing until they are touched, and two of the same row are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import mesa
from mesa.agent import AgentSet

from abm.agents.fields import Entry, columns_of
from abm.agents.rows import Rows
from abm.core.errors import Refusal, did_you_mean
from abm.scenario.scenario import Scenario

if TYPE_CHECKING:
    from abm.agents.model import CustomerModel


class Customer(mesa.Agent):
    """A customer: a view of one row of the columns, every column an attribute.

    A column with one entry a customer reads as a number (`c.basket`), one with an entry per firm as an array of them
    (`c.trust["north"]`, `c.trust[0]`). Both may be assigned; what is written takes effect in the next period. A view
    keeps nothing of its own: an attribute that is no column cannot be set, for it would be lost with the view. It is of
    whoever has the row: where the population is renewed, `unique_id` tells who that is.
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
    def neighbours(self) -> AgentSet:
        """The customers whom she tells, and who tell her: a `CustomerSet`."""
        ties = self.model.world.ties
        tied = ties.target[ties.start[self.row] : ties.start[self.row + 1]]
        return self.model.agents.among(Rows(ties.customers, tied))

    @property
    def degree(self) -> int:
        """How many customers she talks with."""
        start = self.model.world.ties.start
        return int(start[self.row + 1] - start[self.row])

    @property
    def provider_firm(self) -> mesa.Agent | None:
        """The `Firm` chosen at the latest occasion that was not skipped; None before the first."""
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
        # Columns that the default scenario does not have come here: the others are attributes of the class
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
