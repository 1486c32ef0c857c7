"""Customers are views of rows; firms are registered agents over the levers."""

from __future__ import annotations

import copy
import pickle

import mesa
import numpy as np
import pytest

from abm.agents.customer import Customer
from abm.agents.firm import LEVERS, Firm
from abm.agents.model import CustomerModel
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.loyalty.program import points_program
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.service.encounter import ServicePolicy
from abm.scenario.firm import Firm as FirmSpec
from abm.scenario.firm import levers
from abm.scenario.scenario import Scenario
from abm.world.columns import Column, Tally

SCENARIO = Scenario(
    periods=8,
    firms=(FirmSpec(name="north", program=points_program()), FirmSpec(name="south", price=1.1)),
).replace({"population.customers": 80})


@pytest.fixture
def model():
    made = CustomerModel(SCENARIO, rng=3, kpis=())
    for _ in range(4):
        made.step()
    return made


class Moods(Mechanism):
    """A column and a tally that no shipped mechanism has."""

    name = "moods"
    owns = (Column("mood", ("customer",), 0.25, "0-1", "how she feels"),)
    counts = (
        Tally("smiles", "smiles", "how often somebody smiled"),
        Tally("smiles_by_tier", "smiles", "how often somebody of a tier smiled", axes=("tier",)),
    )


# ---- customers --------------------------------------------------------------------------------------------


def test_every_column_is_an_attribute_that_equals_the_column(model):
    for name in model.fields:
        column = model.world.customers[name]
        for row in (0, 41, 79):
            np.testing.assert_array_equal(getattr(Customer(model, row), name), column[..., row], err_msg=name)


def test_every_shipped_column_is_described_with_its_unit():
    assert Customer.trust.__doc__ == "Trust in the firm (0-1, one for each firm)."
    assert Customer.basket.__doc__ == "Spend on an occasion at price index 1 (cu)."


def test_assigning_writes_the_column(model):
    customer, columns = Customer(model, 5), model.world.customers
    customer.basket = 12.5
    customer.trust = [0.25, 0.75]
    customer.satisfaction["north"] = 0.5
    customer.expectation[1] = 0.125
    assert columns.basket[5] == 12.5
    assert columns.trust[:, 5].tolist() == [0.25, 0.75]
    assert columns.satisfaction[0, 5] == 0.5
    assert columns.expectation[1, 5] == 0.125
    customer.trust += 0.125
    customer.basket *= 2
    assert columns.trust[:, 5].tolist() == [0.375, 0.875]
    assert columns.basket[5] == 25


def test_two_views_of_a_row_are_equal_and_hash_alike(model):
    other = CustomerModel(SCENARIO, rng=3, kpis=())
    assert Customer(model, 5) == Customer(model, 5)
    assert len({Customer(model, 5), Customer(model, 5), Customer(model, 6)}) == 2
    assert Customer(model, 5) != Customer(other, 5)
    assert Customer(model, 5) != 5


def test_unique_ids_are_the_identities_from_1(model):
    assert [c.unique_id for c in model.agents] == (model.world.customers.customer_id + 1).tolist()
    assert Customer(model, 5).pos is None


def test_neighbours_are_those_of_the_graph_and_mutual(model):
    for customer in model.agents:
        start, target = model.world.ties.start, model.world.ties.target
        expected = target[start[customer.row] : start[customer.row + 1]].tolist()
        assert [other.row for other in customer.neighbours] == expected
        assert all(customer in other.neighbours for other in customer.neighbours)


def test_the_provider_as_a_firm(model):
    for customer in model.agents:
        firm = customer.provider_firm
        assert firm is (model.firm(customer.provider) if customer.provider >= 0 else None)
    assert {c.provider_firm for c in model.agents} > {model.firm("north"), model.firm("south")}


def test_a_view_keeps_nothing_of_its_own(model):
    customer = Customer(model, 5)
    with pytest.raises(AttributeError, match=r"has no column 'trst'; did you mean 'trust'\?"):
        customer.trst = 0.5
    for name in ("row", "model", "unique_id", "step", "pos"):
        with pytest.raises(AttributeError):
            setattr(customer, name, 1)
    assert not hasattr(customer, "trst")
    assert not vars(customer)


def test_a_customer_cannot_be_removed(model):
    with pytest.raises(Refusal, match="write the period into `exited`"):
        Customer(model, 5).remove()


def test_who_has_exited_visits_nobody(model):
    model.agents.set("exited", model.engine.t)
    model.step()
    assert sum(firm.visits for firm in model.firms) == 0


def test_a_column_of_ones_own_is_an_attribute():
    model = CustomerModel(SCENARIO.adding(Moods()), rng=3, kpis=())
    customer = model.agents[5]
    assert customer.mood == 0.25
    customer.mood = 0.75
    assert model.world.customers.mood[5] == 0.75
    assert "mood" in dir(customer)
    assert model.agents.agg("mood", max) == 0.75
    assert not hasattr(CustomerModel(SCENARIO, rng=3, kpis=()).agents[5], "mood")


@pytest.mark.parametrize("name", ["row", "neighbours", "step"])
def test_a_column_that_would_hide_an_attribute_is_refused(name):
    class Hidden(Moods):
        """Owns a column of a name that customers have already."""

        name = "hidden"

    Hidden.owns = (Column(name, ("customer",), 0, "0-1", "hidden"),)
    with pytest.raises(Refusal, match=f"column '{name}' cannot be read from a Customer"):
        CustomerModel(SCENARIO.adding(Hidden()), rng=3)


def test_customers_with_methods_of_ones_own():
    class Shopper(Customer):
        """A customer who can lose her trust."""

        @property
        def trusts_north(self) -> bool:
            return bool(self.trust["north"] > 0.25)

        def be_disappointed(self, by: float) -> None:
            self.trust *= 1 - by

    class Shoppers(CustomerModel):
        """A model of them."""

        customer_type = Shopper

    model = Shoppers(SCENARIO, rng=3, kpis=())
    assert model.agent_types == [Shopper, Firm]
    model.agents.select(at_most=10).do("be_disappointed", by=0.75)
    assert [c.trusts_north for c in model.agents[:11]] == [False] * 10 + [True]
    assert model.agents.groupby("trusts_north").count() == {False: 10, True: 70}
    assert model.agents.get("trusts_north") == [False] * 10 + [True] * 70


# ---- firms ------------------------------------------------------------------------------------------------


def test_firms_are_registered_agents_in_the_scenarios_order(model):
    assert [firm.name for firm in model.firms] == ["north", "south"]
    assert [firm.j for firm in model.firms] == [0, 1]
    assert [firm.unique_id for firm in model.firms] == [81, 82]
    assert all(isinstance(firm, mesa.Agent) for firm in model.firms)
    assert model.firms.agg("visits", sum) == model.tallies["visits"][:2].sum()
    assert model.firms.set("price", 1.5).get("price") == [1.5, 1.5]
    assert model.firm("south") is model.firm(1)
    with pytest.raises(Refusal, match="did you mean 'south'"):
        model.firm("suoth")


def test_levers_are_attributes(model):
    north = model.firm("north")
    assert (north.price, model.firm("south").price) == (1.0, 1.1)
    assert north.quality == SCENARIO.firms[0].service.quality
    assert north.promise == pytest.approx(north.quality)
    assert north.earn_rate == 0.05
    assert Firm.earn_rate.__doc__ == "Points for spending (points/cu)."
    assert {path.rpartition(".")[2] for path in LEVERS} <= set(vars(Firm))


def test_every_lever_reads_what_the_spec_says():
    spec = FirmSpec(name="north", program=points_program(expiry=30), service=ServicePolicy(quality=0.99))
    firm = CustomerModel(SCENARIO.replace({"firms": (spec,)}), rng=1).firm("north")
    for path in LEVERS:
        assert getattr(firm, path.rpartition(".")[2]) == spec.value_at(path), path


def test_a_lever_brings_its_costs_with_it(model):
    north, arrays = model.firm("north"), model.world.firms
    north.quality = 0.9
    expected = levers([SCENARIO.firms[0].replace({"service.quality": 0.9})])
    for name, array in arrays.items():
        np.testing.assert_array_equal(array[..., 0], expected[name][..., 0], err_msg=name)
    assert arrays.service_cost[0] > arrays.service_cost[1]
    assert arrays.promise[0] == SCENARIO.firms[0].promise  # what it says is its own decision


def test_a_change_touches_no_other_firm_and_no_other_lever(model):
    before = {name: array.copy() for name, array in model.world.firms.items()}
    model.firm("north").price = 1.25
    for name, array in model.world.firms.items():
        if name == "price":
            assert array.tolist() == [1.25, np.float32(1.1)]
        else:
            np.testing.assert_array_equal(array, before[name])


def test_a_programme_can_start_in_the_middle(model):
    south = model.firm("south")
    with pytest.raises(Refusal, match="'program' is not set"):
        south.earn_rate = 0.1
    south.change({"program": points_program(earn_rate=0.2, enrolment="automatic")})
    model.step()
    assert south.earn_rate == 0.2
    assert south.enrolled > 0


def test_a_lever_a_mechanism_has_moved_is_read_and_written_where_it_is(model):
    south = model.firm("south")
    model.world.firms.price[1] = 2.0
    assert south.price == 2.0
    south.price = 1.1
    assert model.world.firms.price[1] == np.float32(1.1)


@pytest.mark.parametrize(("name", "value"), [("price", -1), ("quality", 1.0), ("price", "low"), ("expiry", 1.5)])
def test_a_lever_out_of_bounds_is_refused(model, name, value):
    before = {lever: array.tobytes() for lever, array in model.world.firms.items()}
    with pytest.raises(Refusal):
        setattr(model.firm("north"), name, value)
    assert before == {lever: array.tobytes() for lever, array in model.world.firms.items()}


def test_a_firm_keeps_its_name_and_stays(model):
    with pytest.raises(Refusal, match="keeps its name"):
        model.firm("north").change({"name": "west"})
    with pytest.raises(Refusal, match="cannot be removed"):
        model.firm("north").remove()
    with pytest.raises(Refusal, match="cannot be removed"):
        model.remove_all_agents()
    assert len(model.firms) == 2


def test_counts_of_the_latest_period_are_attributes(model):
    for firm in model.firms:
        for name in model.world.tallies:
            assert getattr(firm, name) == model.world.tallied(name)[3, firm.j], name
        assert firm.kpi("market_share") == model.kpi("market_share", firm.name)
    with pytest.raises(AttributeError, match="counted by the model"):
        model.firm("north").revenue = 5.0
    assert Firm.revenue.__doc__ == "Paid by visitors, in the latest period (cu)."


def test_counts_are_0_before_the_first_period():
    model = CustomerModel(SCENARIO.adding(Moods()), rng=3)
    assert model.firm("north").revenue == 0
    assert model.firm("north").smiles == 0
    assert model.firm("north").smiles_by_tier.tolist() == [0.0] * 5
    assert not hasattr(model.firm("north"), "frowns")


def test_a_firms_customers_are_those_whose_provider_it_is(model):
    north = model.firm("north")
    assert [c.row for c in north.customers] == np.flatnonzero(model.world.customers.provider == 0).tolist()


def test_a_model_cannot_be_copied(model):
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied"):
            attempt(model)


def test_the_engine_is_what_a_plain_run_has(model):
    plain = Engine(SCENARIO, 3)
    plain.run(4)
    for name, column in plain.world.customers.items():
        np.testing.assert_array_equal(column, model.world.customers[name], err_msg=name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("program", r"program is no lever by itself; write firm\.change\(\{'program': …\}\)"),
        ("prise", "a Firm has no lever 'prise'; did you mean '"),
        ("profit", "a Firm has no lever 'profit'"),
        ("kpi", "a Firm has no lever 'kpi'"),
        ("j", "j of a Firm cannot be set"),
    ],
)
def test_what_would_do_nothing_cannot_be_set_on_a_firm(name, said):
    firm = CustomerModel(customers=20, periods=2, seed=1).firm("north")
    with pytest.raises(AttributeError, match=f"^{said}"):
        setattr(firm, name, 1)


@pytest.mark.parametrize("name", ["seed", "kpis", "columns", "engine", "periods", "population", "trust"])
def test_what_would_do_nothing_cannot_be_set_on_a_model(name):
    model = CustomerModel(customers=20, periods=2, seed=1)
    with pytest.raises(AttributeError, match=f"^{name} is "):
        setattr(model, name, 1)
    model.note = "of one's own"
    assert model.note == "of one's own"
