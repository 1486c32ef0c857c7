"""A CustomerSet answers as Mesa's own AgentSet of ordinary agents with the same attributes does."""

from __future__ import annotations

import gc
import inspect
import time
import warnings
from collections import Counter

import mesa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mesa.agent import AgentSet

from abm.agents.agent_set import CustomerSet
from abm.agents.customer import Customer
from abm.agents.firm import Firm
from abm.agents.model import CustomerModel
from abm.core.errors import Refusal
from abm.core.kernels import COMPILED
from abm.scenario.scenario import Scenario

SCENARIO = Scenario(periods=8).replace({"population.customers": 60})
NAMES = ("basket", "provider", "switching_cost", "purchase_rate")


class Plain(mesa.Agent):
    """An ordinary agent with a customer's values."""

    def __init__(self, model, customer):
        super().__init__(model)
        for name in NAMES:
            setattr(self, name, getattr(customer, name))
        self.trust = np.array(customer.trust)


def build():
    """Return a model of customers, and an ordinary model of agents that are like them."""
    model = CustomerModel(SCENARIO, rng=3, kpis=())
    for _ in range(4):
        model.step()
    plain = mesa.Model(rng=3)
    for customer in model.agents:
        Plain(plain, customer)
    return model, plain


def ids(agents):
    return [agent.unique_id for agent in agents]


OPERATIONS = {
    "get": lambda a: a.get("basket"),
    "get several": lambda a: a.get(["basket", "provider"]),
    "get missing": lambda a: a.get("colour", handle_missing="default", default_value="grey"),
    "get some missing": lambda a: a.get(["basket", "colour"], "default", 0),
    "get entries": lambda a: [list(trust) for trust in a.get("trust")],
    "agg": lambda a: a.agg("basket", max),
    "agg several": lambda a: a.agg("provider", [min, max, sum, len]),
    "agg entries": lambda a: [list(x) for x in a.agg("trust", sorted_rows)],
    "select": lambda a: ids(a.select(lambda c: c.basket > 20)),
    "select at most": lambda a: ids(a.select(at_most=7)),
    "select a share": lambda a: ids(a.select(at_most=0.33)),
    "select everybody": lambda a: ids(a.select(at_most=1.0)),
    "select one": lambda a: ids(a.select(at_most=1)),
    "select none": lambda a: ids(a.select(at_most=0)),
    "select too many": lambda a: ids(a.select(at_most=1000)),
    "select first of some": lambda a: ids(a.select(lambda c: c.provider == 1, at_most=3)),
    "select by type": lambda a: ids(a.select(agent_type=mesa.Agent)),
    "select by another type": lambda a: ids(a.select(agent_type=Firm)),
    "select from some": lambda a: ids(a.select(lambda c: c.basket > 20).select(lambda c: c.provider >= 0)),
    "select in place": lambda a: ids(select_in_place(a)),
    "sort": lambda a: ids(a.sort("basket")),
    "sort up": lambda a: ids(a.sort("basket", ascending=True)),
    "sort with ties": lambda a: ids(a.sort("provider")),
    "sort by function": lambda a: ids(a.sort(lambda c: -c.switching_cost)),
    "sort in place": lambda a: ids(a.select(at_most=20).sort("provider", inplace=True)),
    "groupby": lambda a: {key: ids(group) for key, group in a.groupby("provider")},
    "groupby function": lambda a: {key: ids(group) for key, group in a.groupby(lambda c: c.basket > 20)},
    "groupby list": lambda a: {key: ids(group) for key, group in a.groupby("provider", result_type="list")},
    "groups counted": lambda a: (a.groupby("provider").count(), len(a.groupby("provider"))),
    "groups aggregated": lambda a: a.groupby("provider").agg("basket", max),
    "lists aggregated": lambda a: a.groupby("provider", result_type="list").agg("basket", max),
    "groups mapped": lambda a: a.groupby("provider").map(len),
    "groups done": lambda a: [ids(g) for _, g in a.groupby("provider").do("set", "basket", 1.0)],
    "shuffle": lambda a: ids(a.shuffle()),
    "shuffle some": lambda a: ids(a.select(lambda c: c.basket > 20).shuffle(inplace=True)),
    "shuffle and select": lambda a: ids(a.shuffle().select(at_most=10)),
    "set": lambda a: a.set("basket", 3.5).get("basket"),
    "set some": lambda a: (a.select(at_most=5).set("basket", 3.5), a.get("basket"))[1],
    "do": lambda a: a.do(Counting()).get("basket"),
    "map": lambda a: a.map(lambda c, add: c.basket + add, add=1),
    "map by name": lambda a: a.map("__getattribute__", "basket"),
    "shuffle do": lambda a: (order := Counting(), a.shuffle_do(order), order.seen)[2],
    "iterate": ids,
    "reversed": lambda a: ids(reversed(a.select(at_most=5))),
    "list": lambda a: ids(a.to_list() if hasattr(a, "to_list") else list(a)),
    "contains": lambda a: [agent in a.select(at_most=5) for agent in a],
    "union": lambda a: ids(a.select(at_most=5) | a.select(lambda c: c.provider == 0)),
    "common": lambda a: set(ids(a.select(at_most=30) & a.select(lambda c: c.provider == 0))),
    "difference": lambda a: ids(a.select(at_most=30) - a.select(lambda c: c.provider == 0)),
    "in place": lambda a: set(ids(change_in_place(a))),
    "either": lambda a: set(ids(a.select(at_most=30) ^ a.select(lambda c: c.provider == 0))),
    "subset": lambda a: (
        a.select(at_most=3) <= a,
        a <= a.select(at_most=3),
        a.select(at_most=3) == a.select(at_most=3),
    ),
    "disjoint": lambda a: a.select(at_most=3).isdisjoint(a.select(lambda c: c.provider == 0)),
    "take out": lambda a: ids(change(a.select(at_most=5))),
}


def sorted_rows(values):
    return sorted([list(row) for row in values])


def select_in_place(agents):
    some = agents.select(at_most=40)
    same = some.select(lambda c: c.provider == 0, inplace=True)
    assert same is some
    return some


def change(some):
    """Add, discard, remove and pop; agents outside the set are known by their absence."""
    first, second, *_ = some
    some.discard(first)
    some.discard(first)
    some.remove(second)
    with pytest.raises(KeyError):
        some.remove(second)
    some.add(first)
    some.add(first)
    some.pop()
    return some


def change_in_place(agents):
    some = same = agents.select(at_most=20)
    some |= agents.select(lambda c: c.provider == 0)
    some -= agents.select(lambda c: c.provider == 1)
    some &= agents.select(at_most=40)
    some ^= agents.select(at_most=3)
    assert some is same
    return some


class Counting:
    """A function of an agent that changes it and remembers whom it saw."""

    def __init__(self):
        self.seen = []

    def __call__(self, agent):
        self.seen.append(agent.unique_id)
        agent.basket = float(len(self.seen))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of Mesa's own set, where it is indexed
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_answers_are_those_of_mesas_own_set(operation):
    model, plain = build()
    assert operation(model.agents) == operation(plain.agents)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a: a.get("colour"),
        lambda a: a.get("basket", handle_missing="ignore"),
        lambda a: a.do("no_such_method"),
        lambda a: a.sort("colour"),
        lambda a: a.groupby("colour"),
    ],
)
def test_errors_are_those_of_mesas_own_set(wrong):
    model, plain = build()
    with pytest.raises((AttributeError, ValueError)) as theirs:
        wrong(plain.agents)
    with pytest.raises(theirs.type):
        wrong(model.agents)


def test_nothing_of_mesas_set_that_needs_its_store_is_left():
    """A later Mesa may add methods; those that reach for the weak store must be written anew."""
    for name in dir(AgentSet):
        method = inspect.getattr_static(AgentSet, name)
        if inspect.isfunction(method) and "_agents" in method.__code__.co_names:
            ours = inspect.getattr_static(CustomerSet, name)
            assert ours is not method or name in ("_update", "__getstate__", "__setstate__"), name


def test_no_use_of_a_set_warns():
    model, _ = build()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for operation in OPERATIONS.values():
            operation(model.agents)
        assert model.agents[0] == model.agents[-60]
        assert model.agents[2:4] == [Customer(model, 2), Customer(model, 3)]
        assert model.firms.get("name") == ["north", "east", "south"]


def test_sets_made_from_views_that_nobody_keeps_stay_whole():
    model, _ = build()
    groups = model.agents.groupby(lambda c: c.row % 3)
    kept = [CustomerSet([Customer(model, 4), Customer(model, 2)]), model.agents.shuffle().select(lambda c: c.row < 9)]
    gc.collect()
    assert groups.count() == {0: 20, 1: 20, 2: 20}
    assert [len(agents) for agents in kept] == [2, 9]
    assert all(isinstance(agents, CustomerSet) for agents in (*kept, *dict(groups).values(), model.agents.copy()))


# ---- beyond Mesa ------------------------------------------------------------------------------------------


def test_selection_by_a_mask_in_the_order_of_the_set():
    model, _ = build()
    some = model.agents.shuffle()
    chosen = some.select(where=some.values("basket") > 20)
    assert ids(chosen) == ids(some.select(lambda c: c.basket > 20))
    assert ids(some.select(lambda c: c.provider == 0, at_most=2, where=some.values("basket") > 20)) == ids(
        chosen.select(lambda c: c.provider == 0).select(at_most=2)
    )


@pytest.mark.parametrize("where", [[True], np.ones(60), np.arange(60), np.ones((60, 1), bool)])
def test_what_is_no_mask_is_refused(where):
    model, _ = build()
    with pytest.raises(Refusal, match=r"not bool of shape \(60,\)"):
        model.agents.select(where=where)


def test_values_are_columns_in_the_order_of_the_set():
    model, _ = build()
    some = model.agents.select(at_most=9).shuffle()
    assert some.values("trust").shape == (9, 3)
    assert some.values("trust").tolist() == [c.trust.tolist() for c in some]
    assert some.values("basket").tolist() == some.get("basket")
    with pytest.raises(AttributeError, match="did you mean 'basket'"):
        some.values("baskt")


def test_aggregation_adds_up_in_double_precision():
    model, _ = build()
    baskets = [float(x) for x in model.world.customers.basket]
    assert model.agents.agg("basket", sum) == sum(baskets)
    assert model.agents.agg("provider", Counter) == Counter(model.world.customers.provider.tolist())
    model.agents.set("aware", 1)
    assert model.agents.agg("aware", sum).tolist() == [60, 60, 60]  # 8 bits would be too few for more customers
    assert model.agents.values("aware").dtype == np.int64


def test_set_writes_entries_for_every_customer():
    model, _ = build()
    model.agents.select(at_most=2).set("trust", [0.25, 0.5, 0.75])
    model.agents.select(lambda c: c.row == 5).set("trust", 0.0)
    trust = model.world.customers.trust
    assert trust[:, 0].tolist() == trust[:, 1].tolist() == [0.25, 0.5, 0.75]
    assert trust[:, 5].tolist() == [0, 0, 0]
    with pytest.raises(Refusal, match=r"Customer\.trust = 2 is outside"):
        model.agents.set("trust", 2)
    with pytest.raises(AttributeError, match="no column 'colour'"):
        model.agents.set("colour", "grey")


def test_sorting_and_grouping_by_entries_ask_for_a_function():
    model, _ = build()
    for wrong in (lambda: model.agents.sort("trust"), lambda: model.agents.groupby("trust")):
        with pytest.raises(Refusal, match=r"trust has 3 entries a customer; give a function: lambda c: c.trust\[0\]"):
            wrong()
    assert model.agents.sort(lambda c: c.trust[0])[0].trust[0] == model.world.customers.trust[0].max()


def test_the_models_own_set_keeps_everybody():
    model, _ = build()
    everybody = model.agents
    for wrong in (
        lambda: everybody.select(at_most=3, inplace=True),
        lambda: everybody.discard(everybody[0]),
        everybody.pop,
    ):
        with pytest.raises(Refusal, match=r"model\.agents\.copy\(\)"):
            wrong()
    assert model.agents is everybody is model.customers
    assert len(everybody.copy().select(at_most=3, inplace=True)) == 3
    assert ids(everybody.sort("basket", inplace=True)) == ids(model.agents)
    assert ids(everybody) != list(range(1, 61))


def test_a_set_holds_customers_of_one_model_and_nothing_else():
    model, _ = build()
    other, _ = build()
    for wrong in (
        lambda: CustomerSet([model.agents[0], other.agents[0]]),
        lambda: model.agents | other.agents,
        lambda: model.agents.copy().add(model.firm(0)),
        lambda: model.agents & model.firms,
        lambda: CustomerSet([]),
    ):
        with pytest.raises(Refusal, match=r"of one model|at least one"):
            wrong()
    assert other.agents[0] not in model.agents
    assert model.firm(0) not in model.agents
    model.agents.copy().discard(other.agents[0])


@given(st.lists(st.integers(0, 59), min_size=1))
def test_a_set_of_views_is_their_rows_once(rows):
    made = CustomerSet(Customer(SHARED, row) for row in rows)
    assert [c.row for c in made] == list(dict.fromkeys(rows))
    assert [Customer(SHARED, row) in made for row in range(60)] == [row in rows for row in range(60)]


SHARED, _ = build()


@pytest.mark.skipif(not COMPILED, reason="building a million customers takes compiled code")
def test_a_million_customers_cost_nothing_until_they_are_touched():
    gc.collect()
    before = len(gc.get_objects())
    model = CustomerModel(customers=1_000_000, periods=1, kpis=(), rng=1)
    start = time.perf_counter()
    agents = CustomerSet.of(model, model.agents.rows)
    assert len(agents) == 1_000_000
    assert agents[999_999].unique_id == 1_000_000
    assert model.agents_by_type[Customer] is model.agents
    assert time.perf_counter() - start < 0.05
    assert len(gc.get_objects()) - before < 20_000
