"""What things are called, and in what order they are written down, decides nothing.

The order of firms is one in which luck is shared out: where it is, relations hold in the mean, test_in_the_mean.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run
from tests.metamorphic.scenarios import after, assert_same, changed, holds_over, markets

KPIS = ["profit", "visit_share", "csi", "retention_rate", "repeat_rate", "penetration"]


OF_PLACES = ("patronage", "story", "provider")  # columns that hold the place of a firm


@holds_over(markets())
def test_names_of_firms(market):
    """Luck is addressed by customer, period and decision, and levers by the place of a firm: by its name nothing."""
    other = {**market, "firms": [{**firm, "name": f"z{9 - j} & co"} for j, firm in enumerate(market["firms"])]}
    assert_same(after(market), after(other))


@holds_over(markets(("plain",), ("deterministic",)), st.randoms())
def test_order_of_firms(market, shuffled):
    """The best option is the best in any order.

    Exact where nothing is drawn or added up in the order of the firms: not under the rules that draw a firm; nor where
    beliefs, tastes or grievances are drawn firm by firm; nor where a preference, a weight over the sum of all, is read,
    as word of mouth does, or the mean of all prices, as perceived value does. Who is indifferent takes the earlier:
    prices have to differ for who has used no firm.
    """
    prices = [0.71 + 0.13 * j for j in range(len(market["firms"]))]
    firms = [
        {**firm, "price": price, "initial_awareness": 1.0} for firm, price in zip(market["firms"], prices, strict=True)
    ]
    off = ["word_of_mouth", "taste", "trust", "defection", "perceived_value"]
    plain = changed(market, off=off, firms=firms, switching_cost={"switching_weight": 0.0})
    plain["learning"] = {"spread_of_beliefs": 0.0}
    order = list(range(len(firms)))
    shuffled.shuffle(order)
    one, other = after(plain), after({**plain, "firms": [firms[j] for j in order]})
    for name in set(one.world.by_customer) - set(OF_PLACES):
        column = one.world.customers[name]
        if column.ndim == 2 and column.shape[0] == len(firms) and name != "preference":
            np.testing.assert_array_equal(column[order], other.world.customers[name], err_msg=name)
    for name in ("visits", "revenue", "repeats"):
        tallied = one.world.tallied(name)
        np.testing.assert_array_equal(tallied[:, [*order, -1]], other.world.tallied(name), err_msg=name)
    provider = one.world.customers.provider
    place = np.append(np.argsort(order), -1)
    np.testing.assert_array_equal(place[provider], other.world.customers.provider)


@holds_over(markets(), st.randoms())
def test_order_of_sections(market, shuffled):
    """What is done in a period follows from phases and theories, not from the place of a section in a file."""
    names = list(market)
    shuffled.shuffle(names)
    firms = [dict(sorted(firm.items(), reverse=shuffled.random() < 0.5)) for firm in market["firms"]]
    assert_same(after(market), after({name: {**market, "firms": firms}[name] for name in names}))


@holds_over(markets(), st.data())
def test_defaults_that_are_written_out(market, data):
    """A lever that says what holds anyway is the lever that is not written."""
    scenario = Scenario.parse(market)
    firm = data.draw(st.sampled_from(scenario.firms)).name
    quiet = Scenario.parse({"firms": [{"name": "any"}]}).firms[0]
    names = data.draw(
        st.lists(st.sampled_from(["price", "promise", "exit_fee", "fixed_cost"]), min_size=1, unique=True)
    )
    unset = [name for name in names if name not in market["firms"][0]]
    written = scenario.replace({f"firms.{firm}.{name}": getattr(quiet, name) for name in unset})
    assert_same(after(scenario), after(written))


def study_of(market, arms, kpis, replications=2):
    """Return the runs of a study as a table, a row per arm, replication and firm."""
    study = Experiment(
        name="any", scenario=Scenario.parse(market), arms=arms, replications=replications, seed=3, kpis=kpis
    )
    return run(study, workers=1).runs


def values(table, arm, kpi):
    """Return a KPI of an arm: by replication and firm."""
    return table[table.arm == arm].sort_values(["replication", "firm"])[kpi].to_numpy()


ARMS = {"none": {}, "dear": {"firms.north.price": 1.6}}


@holds_over(markets(("plain",), ("mnl",)))
def test_name_of_an_arm(market):
    """An arm is its settings: under another name they give the same numbers."""
    first = study_of(market, ARMS, KPIS)
    second = study_of(market, {"none": {}, "0_cheap": ARMS["dear"]}, KPIS)
    for kpi in KPIS:
        np.testing.assert_array_equal(values(first, "dear", kpi), values(second, "0_cheap", kpi), err_msg=kpi)


@holds_over(markets(("plain",), ("mnl",)))
def test_order_of_arms(market):
    """Runs share their luck, not their state: which arm is run first decides nothing."""
    first, second = (study_of(market, dict(arms), KPIS) for arms in (ARMS.items(), reversed(ARMS.items())))
    for arm in ARMS:
        for kpi in KPIS:
            np.testing.assert_array_equal(values(first, arm, kpi), values(second, arm, kpi), err_msg=kpi)


@holds_over(markets(("plain",), ("mnl",)), st.permutations(KPIS), st.integers(1, len(KPIS)))
def test_kpis_asked_beside_others(market, order, few):
    """A KPI is a function of what was counted: which others are asked for, and in what order, decides nothing."""
    first, second = study_of(market, ARMS, KPIS), study_of(market, ARMS, order[:few])
    for arm in ARMS:
        for kpi in order[:few]:
            np.testing.assert_array_equal(values(first, arm, kpi), values(second, arm, kpi), err_msg=kpi)


@holds_over(markets(("plain",), ("mnl",)))
def test_further_replications(market):
    """A replication has luck of its own, addressed by its number: more of them leave the earlier ones as they are."""
    few, many = (study_of(market, ARMS, KPIS, replications) for replications in (2, 4))
    for arm in ARMS:
        for kpi in KPIS:
            there = many[many.replication < 2]
            np.testing.assert_array_equal(values(few, arm, kpi), values(there, arm, kpi), err_msg=kpi)


@pytest.mark.parametrize("kpi", KPIS)
def test_studies_do_not_compare_nothing(kpi):
    """The market of the studies above moves when the price does, so that equal numbers say something."""
    market = {"periods": 20, "periods_per_year": 4, "population": {"customers": 200, "purchase_rate": 1.0}}
    table = study_of(market, ARMS, KPIS)
    assert not np.array_equal(values(table, "none", kpi), values(table, "dear", kpi), equal_nan=True)
