"""Sets of customers: Mesa's AgentSet over columns.

Mesa's own sets hold agents weakly, and a view that nobody else holds would vanish from one at once. A `CustomerSet`
holds rows, and so does every set made from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from mesa.agent import AgentSet

from abm.agents.customer import Customer
from abm.agents.rows import Rows
from abm.core.errors import Refusal, did_you_mean

try:
    from mesa.agentset import GroupBy
except ImportError:  # Mesa 3.3
    from mesa.agent import GroupBy

if TYPE_CHECKING:
    from abm.agents.model import CustomerModel


class CustomerSet(AgentSet):
    """Customers of one model in an order: Mesa's AgentSet, held as rows.

    By a column's name `get`, `set`, `agg`, `sort`, `groupby` and `select(where=…)` work on whole columns; functions of
    a customer are given one view after the other. A shuffle draws from `model.random` as Mesa's does; the model draws
    nothing from it, so shuffling never changes a trajectory.

    rows : of the customers in the columns
    """

    model: CustomerModel
    random: Random
    rows: Rows

    def __init__(self, agents: Iterable[Customer], random: Random | None = None) -> None:
        customers = agents if isinstance(agents, CustomerSet) else list(agents)
        if not len(customers):
            raise Refusal("a CustomerSet is made from at least one customer; for none, model.agents.select(at_most=0)")
        self.model = customers[0].model
        self.rows = self._rows_of(customers)
        self.random = random or self.model.random

    @classmethod
    def of(cls, model: CustomerModel, rows: Rows, random: Random | None = None) -> CustomerSet:
        """Return the customers of a model in some rows."""
        made = cls.__new__(cls)
        made.model, made.rows, made.random = model, rows, random or model.random
        return made

    def among(self, rows: Rows) -> CustomerSet:
        """Return the customers of the same model in some rows."""
        return CustomerSet.of(self.model, rows, self.random)

    def values(self, name: str) -> np.ndarray:
        """Return a column for these customers: (len,), or (len, k) where each has k entries; a copy.

        Raises AttributeError if there is no such column.
        """
        if name not in self.model.fields:
            raise AttributeError(f"customers have no column {name!r}{did_you_mean(name, self.model.fields)}")
        return self.model.fields[name].values(self.rows.index)

    def to_frame(self, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Return a table of these customers by unique id; a column with an entry per firm as "trust.north", and so on.

        columns : which; None = all
        Raises AttributeError if there is no such column.
        """
        found: dict[str, np.ndarray] = {}
        for name in self.model.fields if columns is None else columns:
            self.values(name)
            found |= self.model.fields[name].by_entry(self.rows.index)
        return pd.DataFrame(found, index=pd.Index(self.values("customer_id") + 1, name="unique_id"))

    # ---- what Mesa's sets do, on columns --------------------------------------------------------------

    def get(
        self,
        attr_names: str | Iterable[str],
        handle_missing: Literal["error", "default"] = "error",
        default_value: Any = None,
    ) -> list[Any]:
        """Return an attribute of each customer, or a list of several; entries per firm as an array (k,)."""
        if handle_missing not in ("error", "default"):
            raise ValueError(f"handle_missing = {handle_missing!r} is neither 'error' nor 'default'")
        if not isinstance(attr_names, str):
            columns = [self.get(name, handle_missing, default_value) for name in attr_names]
            return [list(entries) for entries in zip(*columns, strict=True)]
        if attr_names in self.model.fields:
            values = self.values(attr_names)
            return values.tolist() if values.ndim == 1 else list(values)
        if handle_missing == "default":
            return [getattr(customer, attr_names, default_value) for customer in self]
        return [getattr(customer, attr_names) for customer in self]

    def set(self, attr_name: str, value: Any) -> CustomerSet:
        """Give all customers the same value: a number or, where each has k entries, k of them."""
        if attr_name in self.model.fields:
            self.model.fields[attr_name].write(self.rows.index, value)
        else:
            for customer in self:
                setattr(customer, attr_name, value)
        return self

    def agg(self, attribute: str, func: Callable[[Any], Any] | Iterable[Callable[[Any], Any]]) -> Any:
        """Return a function of an attribute's values, or a list of several functions; a column is given as an array."""
        values = self.values(attribute) if attribute in self.model.fields else self.get(attribute)
        return func(values) if callable(func) else [f(values) for f in func]

    def select(
        self,
        filter_func: Callable[[Any], bool] | None = None,
        at_most: float = math.inf,
        inplace: bool = False,
        agent_type: type | None = None,
        *,
        where: np.ndarray | None = None,
    ) -> CustomerSet:
        """Return the customers for whom a function is true.

        at_most    : only the first so many; a float up to 1.0 is a share of the set
        agent_type : everybody or nobody
        where      : (len,) bool in the order of the set, such as `agents.values("trust")[:, 0] > 0.5`
        """
        rows = self.rows
        if where is not None:
            mask = np.asarray(where)
            if mask.dtype != np.bool_ or mask.shape != (len(self),):
                raise Refusal(f"where is {mask.dtype} of shape {mask.shape}, not bool of shape ({len(self)},)")
            rows = rows.at(mask)
        if agent_type is not None and not issubclass(self.model.customer_type, agent_type):
            rows = rows.at(slice(0))
        limit = int(len(self) * at_most) if isinstance(at_most, float) and at_most <= 1.0 else at_most
        stop = None if limit == math.inf else max(0, math.ceil(limit))
        if filter_func is not None:
            found = (customer.row for customer in self.among(rows) if filter_func(customer))
            rows = Rows.of(rows.total, islice(found, stop))
        elif stop is not None:
            rows = rows.at(slice(stop))
        return self._become(rows) if inplace else self.among(rows)

    def groupby(
        self, by: Callable[[Any], Hashable] | str, result_type: Literal["agentset", "list"] = "agentset"
    ) -> Groups:
        """Return the customers grouped by a column with one entry each, another attribute, or a function."""
        if isinstance(by, str) and by in self.model.fields:
            found = self.rows.grouped(self._single(by))
        else:
            listed: dict[Hashable, list[int]] = {}
            for key, row in zip(self._each(by), self.rows, strict=True):
                listed.setdefault(key, []).append(row)
            found = {key: Rows.of(self.rows.total, rows) for key, rows in listed.items()}
        groups = {key: self.among(rows) for key, rows in found.items()}
        return Groups(groups if result_type == "agentset" else {key: list(group) for key, group in groups.items()})

    def sort(self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False) -> CustomerSet:
        """Return the customers in the order of a column or function; equal ones stay as they are, NaN comes last."""
        if isinstance(key, str) and key in self.model.fields:
            rows = self.rows.sorted(self._single(key), ascending)
        else:
            keys = self._each(key)
            order = sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending)
            rows = self.rows.at(np.array(order, np.int64))
        return self._become(rows) if inplace else self.among(rows)

    def shuffle(self, inplace: bool = False) -> CustomerSet:
        """Return the customers in a random order."""
        order = list(self.rows)
        self.random.shuffle(order)
        rows = Rows(self.rows.total, np.array(order, np.int64))
        return self._become(rows) if inplace else self.among(rows)

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> CustomerSet:
        """Call a method, by name, or a function of each customer."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> CustomerSet:
        """Call a method or function of each customer in a random order; the set keeps its own."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Return what a method, by name, or a function returns for each customer."""
        if isinstance(method, str):
            return [getattr(customer, method)(*args, **kwargs) for customer in self]
        return [method(customer, *args, **kwargs) for customer in self]

    # ---- a collection ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        kind, model = self.model.customer_type, self.model
        return (kind(model, row) for row in self.rows)

    def __contains__(self, agent: object) -> bool:
        return isinstance(agent, Customer) and agent.model is self.model and agent.row in self.rows

    def __getitem__(self, item: int | slice) -> Any:
        """Return a customer, or a list of them for a slice."""
        if isinstance(item, slice):
            return list(self.among(self.rows.at(item)))
        return self.model.customer_type(self.model, self.rows[item])

    def to_list(self) -> list[Any]:
        """Return the customers as a list of views."""
        return list(self)

    def copy(self) -> CustomerSet:
        """Return another set of the same customers."""
        return self.among(self.rows)

    __copy__ = copy

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} customers>"

    def __reduce__(self) -> Any:
        return CustomerSet.of, (self.model, self.rows)

    def add(self, agent: Customer) -> None:
        """Add a customer at the end if she is not in."""
        self._become(self.rows | self._rows_of([agent]))

    def discard(self, agent: Customer) -> None:
        """Take a customer out if she is in."""
        if agent in self:
            self._become(self.rows - self._rows_of([agent]))

    def remove(self, agent: Customer) -> None:
        """Take a customer out.  Raises KeyError if she is not in."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def __and__(self, other: Iterable[Any]) -> CustomerSet:
        return self.among(self.rows & self._rows_of(other))

    def __sub__(self, other: Iterable[Any]) -> CustomerSet:
        return self.among(self.rows - self._rows_of(other))

    def __or__(self, other: Iterable[Any]) -> CustomerSet:
        return self.among(self.rows | self._rows_of(other))

    def __xor__(self, other: Iterable[Any]) -> CustomerSet:
        return (self | other) - (self & other)

    def __iand__(self, other: Iterable[Any]) -> CustomerSet:
        return self._become(self.rows & self._rows_of(other))

    def __isub__(self, other: Iterable[Any]) -> CustomerSet:
        return self._become(self.rows - self._rows_of(other))

    def __ior__(self, other: Iterable[Any]) -> CustomerSet:
        return self._become(self.rows | self._rows_of(other))

    def _rows_of(self, agents: Iterable[Any]) -> Rows:
        if isinstance(agents, CustomerSet) and agents.model is self.model:
            return agents.rows
        customers = list(agents)
        if any(not isinstance(c, Customer) or c.model is not self.model for c in customers):
            raise Refusal("a CustomerSet holds customers of one model and nothing else")
        return Rows.of(self.model.world.n, (c.row for c in customers))

    def _become(self, rows: Rows) -> CustomerSet:
        if self is self.model.agents and len(rows) != len(self):
            raise Refusal("model.agents is every customer of the model; change a copy of it: model.agents.copy()")
        self.rows = rows
        return self

    def _single(self, name: str) -> np.ndarray:
        values = self.values(name)
        if values.ndim > 1:
            raise Refusal(f"{name} has {values.shape[1]} entries a customer; give a function: lambda c: c.{name}[0]")
        return values

    def _each(self, key: Callable[[Any], Any] | str) -> list[Any]:
        return self.get(key) if isinstance(key, str) else [key(customer) for customer in self]


class Groups(GroupBy):
    """Customers in groups, by key in the order of their first appearance."""

    def agg(self, attr_name: str, func: Callable[[Any], Any]) -> dict[Hashable, Any]:
        """Return a function of an attribute's values for each group; a column is given as an array."""
        return {key: CustomerSet(group).agg(attr_name, func) for key, group in self.groups.items()}
