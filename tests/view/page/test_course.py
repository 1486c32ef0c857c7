"""A course shows the very market that a study runs, and what was kept of single customers."""

import numpy as np
import pytest

import abm
from abm.engine.engine import Engine
from abm.view.page.accounts import accounts
from abm.view.page.course import Course


@pytest.fixture(scope="module")
def sight(study):
    """What there is to see of the study's first arm after 12 periods."""
    course = Course(study.scenario, study.seed, most=25)
    course.advance(12)
    return course.sight()


def test_the_same_numbers_as_a_run(study, sight):
    table = abm.simulate(study.scenario, seed=study.seed)
    own = table[(table["firm"] == "north") & (table["period"] < 12)]
    np.testing.assert_array_equal(sight.measured("profit", "north"), own["profit"])
    np.testing.assert_array_equal(sight.measured("csi", "north"), own["csi"])


def test_means_of_several_periods(sight):
    each = sight.measured("profit", "south")
    np.testing.assert_allclose(sight.measured("profit", "south", 5), each[:10].reshape(2, 5).mean(axis=1))
    assert sight.measured("profit", "south", 13).size == 0


def test_the_history_of_a_customer_is_what_her_columns_were(study, sight):
    engine = Engine(study.scenario, study.seed)
    row = int(sight.sample.rows[3])
    wanted = []
    for _ in range(12):
        engine.run(1)
        customers = engine.world.customers
        wanted.append((customers.trust[0, row], customers.provider[row], customers.encounters[:, row].sum()))
    table = sight.history(3)
    assert table["period"].tolist() == list(range(13))
    trust, provider, visits = zip(*wanted, strict=True)
    np.testing.assert_array_equal(table["trust.north"][1:], trust)
    np.testing.assert_array_equal(table["provider"][1:], provider)
    np.testing.assert_array_equal(table[["visits.north", "visits.south"]].sum(axis=1).cumsum()[1:], visits)


def test_later_periods_do_not_change_what_was_seen(study):
    course = Course(study.scenario, study.seed, most=10)
    course.advance(3)
    before = course.sight()
    profit = before.measured("profit", "north").copy()
    history = before.history(0)
    course.advance(3)
    np.testing.assert_array_equal(before.measured("profit", "north"), profit)
    assert before.history(0).equals(history)
    assert course.sight().periods == 6


def test_a_restart_is_a_new_course(study):
    course = Course(study.scenario, study.seed, most=10)
    course.advance(8)
    course.restart(2)
    course.advance(5)
    new = Course(study.scenario, study.seed, 2, most=10)
    new.advance(5)
    first, second = course.sight(), new.sight()
    np.testing.assert_array_equal(first.measured("profit", "north"), second.measured("profit", "north"))
    assert first.history(4).equals(second.history(4))


def test_accounts_add_up_to_the_profit(study, sight):
    table = accounts([("none", sight)], "north")
    amounts = dict(zip(table["item"], table["none"], strict=True))
    rows = table[table["account"].isin(["Cost of goods", "Cost of levers", "Fixed cost"])]
    assert amounts[""] == pytest.approx(amounts["revenue"] - rows["none"].sum())
    assert table["account"].iloc[-1] == "Profit"
    per_customer = sight.measured("profit", "north") / study.scenario.periods_per_year
    assert amounts[""] == pytest.approx(per_customer.sum() * study.scenario.population.customers)


def test_accounts_of_two_arms_leave_out_what_neither_has(study, sight):
    world = study.scenario.replace({"firms.north.price": 0.9})
    course = Course(world, study.seed, most=10)
    course.advance(12)
    table = accounts([("none", sight), ("cut", course.sight())], "north").set_index("item")
    assert table.loc["price cuts", "none"] == 0 < table.loc["price cuts", "cut"]
    assert "rewards cost" not in table.index
