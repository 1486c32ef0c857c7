"""CustomerModel is the engine with a Mesa face: same trajectory, Mesa's clock, collector and batch runner."""

from __future__ import annotations

import gc
import inspect
import math
import warnings
import weakref
from types import SimpleNamespace

import mesa
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from abm.agents.model import KPIS, Customer, CustomerModel, Firm, run_seed
from abm.core.errors import Refusal
from abm.engine.recording import record, simulate
from abm.kpis.standard import STANDARD
from abm.mechanisms.loyalty.program import points_program, tiered_program
from abm.scenario.firm import Firm as FirmSpec
from abm.scenario.scenario import Scenario
from abm.world.network.network import Network

RETAIL = Scenario(
    periods=14,
    burn_in=4,
    periods_per_year=6,
    firms=(FirmSpec(name="north", program=points_program()), FirmSpec(name="south", initial_awareness=0.4)),
).replace({"population.customers": 150})
CONTRACT = Scenario(preset="contract", periods=9).replace({"population.customers": 90, "choice.term": 4})
TIERS = RETAIL.replace({"firms.north.program": tiered_program(tier_window=3), "defection.exit_rate": 0.05})


def stepped(model, periods=None):
    """Step a model to its end, or so many times."""
    while model.running if periods is None else model.steps < periods:
        model.step()
    return model


def same(tallies, others):
    return list(tallies) == list(others) and all(np.array_equal(tallies[k], others[k]) for k in tallies)


# ---- trajectory -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [RETAIL, CONTRACT, TIERS], ids=["retail", "contract", "tiers"])
@pytest.mark.parametrize("threads", [1, 2])
def test_stepping_gives_the_bits_of_a_plain_run(scenario, threads):
    model = stepped(CustomerModel(scenario, rng=11, replication=2, threads=threads))
    assert same(model.record.tallies, record(scenario, 11, replication=2).tallies)


def test_what_mesas_generators_give_away_changes_no_trajectory():
    model = CustomerModel(RETAIL, rng=11)
    while model.running:
        model.random.random()
        model.rng.random(3)
        model.agents.shuffle_do(lambda customer: customer.trust)
        model.step()
    assert same(model.record.tallies, record(RETAIL, 11).tallies)


def test_the_model_draws_nothing_from_mesas_generators():
    model = CustomerModel(RETAIL, rng=11)
    before = model.random.getstate(), model.rng.bit_generator.state
    stepped(model)
    model.agents.groupby("provider").agg("basket", np.mean)
    assert (model.random.getstate(), model.rng.bit_generator.state) == before


@pytest.mark.parametrize(
    ("name", "value"), [("trust", 0), ("expectation", 0.1), ("word_of_mouth", [2.0, -2.0]), ("purchase_rate", 2.5)]
)
def test_what_is_written_changes_the_next_period(name, value):
    twins = [stepped(CustomerModel(RETAIL, rng=11), 5) for _ in range(2)]
    for customer in twins[0].agents:
        setattr(customer, name, value)
    stepped(twins[0], 6), stepped(twins[1], 6)
    histories = [model.world.history for model in twins]
    assert np.array_equal(histories[0][:5], histories[1][:5])
    assert not np.array_equal(histories[0][5], histories[1][5])


def test_one_customer_changes_her_own_choices():
    twins = [stepped(CustomerModel(RETAIL, rng=11, word_of_mouth__contact_rate=0), 5) for _ in range(2)]
    twins[0].agents[7].trust = [0.0, 1.0]
    stepped(twins[0]), stepped(twins[1])
    columns = [model.world.customers for model in twins]
    others = np.arange(150) != 7
    assert np.array_equal(columns[0].trust[:, others], columns[1].trust[:, others])
    assert not np.array_equal(columns[0].trust[:, 7], columns[1].trust[:, 7])


def test_writing_back_what_was_read_changes_no_bit():
    model = CustomerModel(TIERS, rng=11)
    while model.running:
        for customer in model.agents:
            for name, field in model.fields.items():
                if field.column.unit not in ("id", "bits", "code"):
                    setattr(customer, name, getattr(customer, name))
        for firm in model.firms:
            firm.price, firm.quality = firm.price, firm.quality
        model.step()
    assert same(model.record.tallies, record(TIERS, 11).tallies)


def test_a_lever_pulled_in_the_middle_acts_from_the_next_period():
    twins = [stepped(CustomerModel(RETAIL, rng=11), 5) for _ in range(2)]
    twins[0].firm("north").price = 3.0
    assert stepped(twins[0]).kpi("market_share", "north", over="run") < stepped(twins[1]).kpi(
        "market_share", "north", over="run"
    )
    assert np.array_equal(twins[0].world.history[:5], twins[1].world.history[:5])


# ---- clock ------------------------------------------------------------------------------------------------


def test_a_step_is_a_period_and_time_goes_along():
    model = CustomerModel(RETAIL, rng=11)
    assert (model.steps, model.time, model.engine.t, model.running) == (0, 0, 0, True)
    for period in range(1, 15):
        model.step()
        assert (model.steps, model.time, model.engine.t, model.running) == (period, period, period, period < 14)


def test_run_model_stops_at_the_end():
    model = CustomerModel(RETAIL, rng=11)
    model.run_model()
    assert (model.steps, model.engine.t) == (14, 14)


@pytest.mark.skipif(not hasattr(mesa.Model, "run_for"), reason="this Mesa has no events")
def test_mesas_event_clock_steps_periods():
    model = CustomerModel(RETAIL, rng=11)
    model.run_for(5)
    assert (model.time, model.engine.t) == (5, 5)

    def raise_price():
        model.firm("north").price = 2.0

    model.schedule_event(raise_price, at=7.5)
    model.run_until(8)
    assert (model.engine.t, model.firm("north").price) == (8, 2.0)


def test_a_step_beyond_the_end_warns_and_changes_nothing():
    model = stepped(CustomerModel(RETAIL, rng=11, periods=2, burn_in=0))
    with pytest.warns(RuntimeWarning, match="the run is over after its 2 periods"):
        model.step()
    assert model.engine.t == 2
    assert len(model.datacollector.get_model_vars_dataframe()) == 2


def test_a_run_of_no_periods_never_runs():
    assert not CustomerModel(RETAIL, rng=11, periods=0, burn_in=0).running


# ---- seeds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["seed", "rng"])
@pytest.mark.parametrize("seed", [0, 42, np.int64(42), 2**70])
def test_a_whole_number_is_the_seed_of_the_run(keyword, seed):
    model = stepped(CustomerModel(RETAIL, **{keyword: seed}))
    assert model.seed == seed
    assert same(model.record.tallies, record(RETAIL, int(seed)).tallies)


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.random.default_rng(4),
        lambda: np.random.PCG64(4),
        lambda: np.random.SeedSequence(4),
        lambda: [4, 5],
        lambda: (4, 5),
    ],
)
def test_what_numpy_takes_for_a_seed_gives_the_same_run_each_time(make):
    assert run_seed(None, make()) == run_seed(make(), None)
    assert 0 <= run_seed(None, make()) < 2**64


def test_a_generator_gives_another_run_the_next_time():
    generator = np.random.default_rng(4)
    assert run_seed(None, generator) != run_seed(None, generator)


def test_without_a_seed_every_run_is_another_and_can_be_repeated():
    first, second = CustomerModel(RETAIL), CustomerModel(RETAIL)
    assert first.seed != second.seed
    assert same(stepped(first).record.tallies, record(RETAIL, first.seed).tallies)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "seven", object()])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(Refusal, match="is not a whole number of at least 0"):
        CustomerModel(RETAIL, seed=seed)


def test_two_seeds_are_refused():
    with pytest.raises(Refusal, match="either seed or rng"):
        CustomerModel(RETAIL, seed=1, rng=1)


# ---- settings ---------------------------------------------------------------------------------------------


def test_keywords_are_scenario_paths():
    model = CustomerModel(
        RETAIL,
        rng=1,
        customers=77,
        word_of_mouth__contact_rate=0.5,
        firms__north__price=1.2,
        **{"firms.south.price": 0.9},
    )
    scenario = model.engine.scenario
    assert scenario.population.customers == len(model.agents) == 77
    assert scenario.word_of_mouth.contact_rate == 0.5
    assert [firm.price for firm in scenario.firms] == [1.2, 0.9]
    assert RETAIL.population.customers == 150


def test_without_a_scenario_it_is_the_default_of_the_class():
    class Market(CustomerModel):
        """A model with a scenario of its own."""

        default_scenario = RETAIL

    assert Market(rng=1, periods=5).engine.scenario == RETAIL.replace({"periods": 5})
    assert CustomerModel(rng=1, customers=10).engine.scenario == Scenario().replace({"population.customers": 10})


def test_a_preset_is_what_the_scenario_starts_from():
    assert CustomerModel(rng=1, preset="contract", customers=10).engine.scenario.choice.market == "lost_for_good"
    with pytest.raises(Refusal, match=r"Scenario\(preset=…\)"):
        CustomerModel(RETAIL, rng=1, preset="contract")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"custmers": 5}, "custmers"),
        ({"word_of_mouth__contact_rte": 0.5}, "did you mean 'contact_rate'"),
        ({"word_of_mouth__contact_rate": 1.5}, r"is outside \[0, 1\]"),
        ({"customers": "five"}, "is not a whole number"),
        ({"settled_rate": 0.5, "firms__west__price": 1}, "no 'west' in 'firms'"),
        ({"expectation_rate": 0.1, "attraction": float("nan")}, "not"),
        ({"scenario": "retail"}, 'scenario = "retail" is not a Scenario'),
        ({"kpis": "profitt"}, "no KPI 'profitt'; did you mean 'profit'"),
        ({"columns": "trst"}, "no column 'trst'; did you mean 'trust'"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(keywords, message):
    with pytest.raises(Refusal, match=message) as refused:
        CustomerModel(rng=1, **keywords)
    assert "\n" not in str(refused.value)


def test_a_short_name_that_may_mean_two_is_refused(monkeypatch):
    paths = [SimpleNamespace(path=path) for path in ("need.rate", "learning.rate", "firms.*.rate")]
    monkeypatch.setattr(Scenario, "parameters", classmethod(lambda cls: paths))
    with pytest.raises(Refusal, match=r"rate may be need\.rate or learning\.rate; write which"):
        CustomerModel(rng=1, rate=0.5)


def test_mesas_page_can_build_it_from_keywords():
    """Mesa 3.3's page takes other keywords only if there is a parameter `kwargs`; 3.5's adds an empty scenario."""
    parameters = inspect.signature(CustomerModel).parameters
    assert parameters["kwargs"].kind is inspect.Parameter.VAR_KEYWORD
    assert all(p.kind is not inspect.Parameter.VAR_POSITIONAL for p in parameters.values())
    scenarios = pytest.importorskip("mesa.experimental.scenarios")
    model = CustomerModel(scenario=scenarios.Scenario(rng=None), customers=10, rng=1)
    assert model.engine.scenario == Scenario().replace({"population.customers": 10})
    assert isinstance(model.scenario, scenarios.Scenario)


# ---- agents -----------------------------------------------------------------------------------------------


def test_agents_are_customers_and_firms_have_a_set_of_their_own():
    model = CustomerModel(RETAIL, rng=1)
    assert model.agent_types == [Customer, Firm]
    assert model.agents is model.customers is model.agents_by_type[Customer]
    assert list(model.agents_by_type[Firm]) == list(model.firms) == [model.firm("north"), model.firm("south")]
    assert not any(isinstance(agent, Firm) for agent in model.agents)
    assert len(model.agents) == 150


def test_agents_of_ones_own_are_registered_beside_them():
    class Regulator(mesa.Agent):
        """Watches prices."""

    model = CustomerModel(RETAIL, rng=1)
    regulator = Regulator(model)
    assert model.agent_types == [Customer, Firm, Regulator]
    assert list(model.agents_by_type[Regulator]) == [regulator]
    assert [agent.unique_id for agent in (*model.firms, regulator)] == [151, 152, 153]
    regulator.remove()
    assert len(model.agents_by_type[Regulator]) == 0


def test_a_model_that_nobody_holds_is_freed():
    model = stepped(CustomerModel(RETAIL, rng=1))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


# ---- measures and collecting ------------------------------------------------------------------------------


def test_kpis_of_the_latest_period_are_those_of_the_table():
    model = CustomerModel(RETAIL, rng=11, kpis=STANDARD)
    table = simulate(RETAIL, 11).set_index(["period", "firm"])
    while model.running:
        model.step()
        for kpi in STANDARD:
            for firm in ("north", "south"):
                np.testing.assert_equal(model.kpi(kpi.name, firm), table[kpi.name][model.engine.t - 1, firm])


def test_kpis_of_the_run_are_those_of_its_record():
    model = stepped(CustomerModel(RETAIL, rng=11, kpis=STANDARD))
    summary = record(RETAIL, 11, kpis=STANDARD).summary(STANDARD)
    for k, kpi in enumerate(STANDARD):
        np.testing.assert_array_equal(model.kpi(kpi, over="run"), summary[:, k])


def test_a_reading_has_to_be_named_before_it_can_be_asked_for():
    model = CustomerModel(RETAIL, rng=11, kpis=["gini_of_spend", "csi"])
    assert math.isnan(model.kpi("gini_of_spend", "north"))
    for _ in range(10):  # a year behind the burn-in, when books close
        model.step()
    table = model.datacollector.get_model_vars_dataframe()
    assert 0 < model.kpi("gini_of_spend", "north") == table["gini_of_spend.north"].iloc[-1] < 1
    for over in ("period", "run"):
        with pytest.raises(Refusal, match="reading 'median_satisfaction' was not taken in this run; name it in kpis"):
            model.kpi("median_satisfaction", over=over)


def test_a_kpi_has_no_value_before_the_first_period():
    model = CustomerModel(RETAIL, rng=11)
    for over in ("period", "run"):
        assert math.isnan(model.kpi("market_share", "north", over=over))
    with pytest.raises(Refusal, match="did you mean 'market_share'"):
        model.kpi("marketshare")
    with pytest.raises(Refusal, match="no firm"):
        model.kpi("market_share", "west")


def test_what_is_returned_is_not_what_is_kept():
    model = stepped(CustomerModel(RETAIL, rng=11), 3)
    model.kpi("market_share")[:] = 5
    assert model.kpi("market_share").sum() == pytest.approx(1)


def test_every_period_is_collected():
    model = stepped(CustomerModel(RETAIL, rng=11, columns=("trust", "switching_cost")))
    table = model.datacollector.get_model_vars_dataframe()
    assert list(table) == ["seed", *(f"{kpi}.{firm}" for kpi in KPIS for firm in ("north", "south"))]
    assert set(table.seed) == {11}
    expected = simulate(RETAIL, 11)
    for kpi in KPIS:
        np.testing.assert_array_equal(table[f"{kpi}.north"], expected[kpi][expected.firm == "north"])
    agents = model.datacollector.get_agent_vars_dataframe()
    assert list(agents) == ["trust.north", "trust.south", "switching_cost"]
    assert len(agents) == 14 * 150
    last = agents.loc[14]
    np.testing.assert_array_equal(last["trust.south"], model.world.customers.trust[1])
    np.testing.assert_array_equal(last["switching_cost"], model.world.customers.switching_cost)
    assert last.index.tolist() == list(range(1, 151))


class Reported(CustomerModel):
    """Collects what it says itself, in Mesa's own ways."""

    default_scenario = RETAIL

    def collector(self):
        return mesa.DataCollector(
            model_reporters={
                "share": lambda m: m.kpi("market_share", "north"),
                "trust": lambda m: m.agents.agg("trust", np.mean),
                "loyal": self.loyal,
                "seed": "seed",
            },
            agent_reporters={"trust": "trust", "cost": "switching_cost", "double": lambda c: 2 * c.basket},
            agenttype_reporters={Firm: {"revenue": "revenue", "price": "price"}, Customer: {"provider": "provider"}},
        )

    def loyal(self):
        return len(self.agents.select(lambda c: c.affective_commitment.max() > 0.2))


def test_reporters_of_ones_own():
    model = stepped(Reported(rng=11))
    collected = model.datacollector
    table = collected.get_model_vars_dataframe()
    assert table.share.tolist() == simulate(RETAIL, 11).query("firm == 'north'").market_share.tolist()
    assert table.trust.iloc[-1] == pytest.approx(model.world.customers.trust.mean())
    assert set(table.seed) == {11}
    assert table.loyal.iloc[-1] > 0
    firms = collected.get_agenttype_vars_dataframe(Firm)
    assert firms.revenue.tolist() == model.world.tallied("revenue")[:, :2].ravel().tolist()
    customers = collected.get_agenttype_vars_dataframe(Customer)
    assert customers.loc[14].provider.tolist() == model.world.customers.provider.tolist()
    agents = collected.get_agent_vars_dataframe()
    assert (agents.loc[1].double > 0).all()
    changed = [not np.array_equal(a, b) for a, b in zip(agents.loc[1].trust, agents.loc[14].trust, strict=True)]
    assert any(changed), "what was collected stays what it was"


def test_nothing_warns_of_what_is_to_come():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = stepped(Reported(rng=11))
        stepped(CustomerModel(RETAIL, seed=3, columns="trust"))
        model.datacollector.get_agent_vars_dataframe()
        mesa.batch_run(CustomerModel, {"rng": 1, "customers": 20, "periods": 3}, display_progress=False)


# ---- batches ----------------------------------------------------------------------------------------------

PARAMETERS = {
    "rng": [5, 6],
    "replication": [0, 1],
    "customers": [30, 40],
    "firms.north.price": np.array([1.0, 1.5]),
    "periods": 6,
    "columns": "trust",
}


def test_batch_run_varies_paths_and_returns_model_and_agent_rows():
    rows = pd.DataFrame(mesa.batch_run(CustomerModel, PARAMETERS, number_processes=1, display_progress=False))
    assert len(rows) == 2 * 2 * 2 * (30 + 40)
    assert rows.groupby("RunId").AgentID.nunique().isin([30, 40]).all()
    runs = rows.drop_duplicates("RunId").to_dict("records")
    assert len(runs) == 16
    for run in runs:
        changes = {"population.customers": run["customers"], "firms.north.price": run["firms.north.price"]}
        expected = simulate(Scenario(periods=6).replace(changes), run["rng"], run["replication"])
        assert run["profit.north"] == expected.query("period == 5 and firm == 'north'").profit.item()
    assert {"trust.north", "trust.east", "trust.south"} <= set(rows)


def test_batch_run_gives_a_class_of_ones_own_its_seed():
    """Mesa 3.5 overwrites the parameter that it takes for the seed; that must not be `rng`."""
    assert "seed" in inspect.signature(Reported).parameters
    rows = mesa.batch_run(Reported, {"rng": [11, 12], "periods": 6}, display_progress=False)
    assert {row["seed"] for row in rows} == {11, 12}


def test_batch_run_without_seeds_can_be_repeated():
    rows = mesa.batch_run(CustomerModel, {"replication": [0, 1], "customers": 30, "periods": 6}, display_progress=False)
    assert len({row["seed"] for row in rows}) == 2
    again = mesa.batch_run(
        CustomerModel,
        {"rng": [row["seed"] for row in rows], "replication": [0, 1], "customers": 30, "periods": 6},
        display_progress=False,
    )
    assert rows[0]["profit.north"] == again[0]["profit.north"]
    assert rows[1]["profit.north"] == again[3]["profit.north"]


def test_batch_run_of_every_period():
    rows = mesa.batch_run(
        CustomerModel, {"rng": 5, "customers": 30, "periods": 6}, data_collection_period=1, display_progress=False
    )
    expected = simulate(Scenario(periods=6).replace({"population.customers": 30}), 5).query("firm == 'east'")
    assert [row["market_share.east"] for row in rows] == expected.market_share.tolist()


@pytest.mark.slow
@pytest.mark.endurance
def test_batch_run_over_two_processes_gives_the_same_rows():
    parameters = {"rng": 5, "customers": 20, "periods": 3, "firms.north.price": [1.0, 2.0], "columns": "trust"}
    one, two = (
        mesa.batch_run(CustomerModel, parameters, number_processes=workers, display_progress=False)
        for workers in (1, 2)
    )
    assert len(one) == 40
    assert repr(sorted(two, key=lambda row: (row["RunId"], row["AgentID"]))) == repr(one)


def test_a_graph_goes_in_and_comes_out():
    graph = nx.les_miserables_graph()
    model = CustomerModel(Scenario(periods=2, population={"customers": 77}, network=Network(graph=graph)), seed=1)
    assert {frozenset(ends) for ends in model.graph.edges} == {frozenset(ends) for ends in graph.edges}
    assert nx.get_edge_attributes(model.graph, "weight")["Napoleon", "Myriel"] == 1.0
    who = list(graph).index("Valjean")
    assert model.agents[who].degree == len(model.agents[who].neighbours) == graph.degree("Valjean")
    drawn = CustomerModel(Scenario(periods=2, population={"customers": 50}), seed=1)
    assert [degree for _, degree in drawn.graph.degree()] == [customer.degree for customer in drawn.agents]


def test_customers_as_a_table():
    model = CustomerModel(Scenario(periods=2, population={"customers": 50}), seed=1)
    model.step()
    table = model.agents.to_frame()
    assert table.index.name == "unique_id"
    assert list(table.index) == [customer.unique_id for customer in model.agents]
    assert list(table["basket"]) == model.agents.get("basket")
    assert list(table["trust.north"]) == [customer.trust["north"] for customer in model.agents]
    some = model.agents.select(lambda c: c.basket > 30).to_frame(["basket"])
    assert list(some.columns) == ["basket"]
    assert (some["basket"] > 30).all()
    with pytest.raises(AttributeError, match="no column 'baskets'; did you mean 'basket'"):
        model.agents.to_frame(["baskets"])


def test_a_model_and_its_state_are_shown_in_a_line():
    class Shop(CustomerModel):
        """A model of one's own."""

    model = Shop(Scenario(periods=3, population={"customers": 40}), seed=7)
    model.step()
    firms = "40 customers and 3 firms (north, east, south)"
    assert repr(model) == f"<Shop of {firms}, period 1 of 3, seed 7>"
    assert repr(model.world) == f"<World of {firms} over 3 periods>"
    columns = model.world.customers
    assert repr(columns) == f"<Columns: {', '.join([*columns][:12])}, … {len(columns)} in all>"
    assert repr(model.world.before) == "<Columns: none>"
