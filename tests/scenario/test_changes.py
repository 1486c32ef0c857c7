"""Dated changes: what a scenario is between two dates, and what is refused."""

from __future__ import annotations

import pytest

from abm.core.errors import Refusal
from abm.scenario.scenario import Scenario

BASE = Scenario(periods=60)


def dated(*changes, **fields):
    return Scenario(periods=60, changes=[{"name": f"c{k}", **change} for k, change in enumerate(changes)], **fields)


def prices(scenario):
    return {t: still.firms[0].price for t, still in scenario.stretches()}


def test_a_scenario_without_dates_is_one_stretch():
    assert BASE.stretches() == ((0, BASE),)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"from": 20}, {0: 1.0, 20: 0.8}),
        ({"from": 20, "until": 30}, {0: 1.0, 20: 0.8, 30: 1.0}),
        ({"from": 0, "until": 30}, {0: 0.8, 30: 1.0}),
        ({"from": 59, "until": 60}, {0: 1.0, 59: 0.8}),
        ({"from": 20, "ramp": 4}, {0: 1.0, 20: 0.95, 21: 0.9, 22: 0.85, 23: 0.8}),
        ({"from": 20, "until": 30, "ramp": 2}, {0: 1.0, 20: 0.9, 21: 0.8, 30: 0.9, 31: 1.0}),
        ({"from": 58, "ramp": 4}, {0: 1.0, 58: 0.95, 59: 0.9}),
    ],
)
def test_values_hold_between_their_dates_and_numbers_go_there_in_equal_steps(change, expected):
    assert prices(dated({"set": {"firms.north.price": 0.8}, **change})) == pytest.approx(expected)


def test_changes_of_other_values_may_overlap_and_one_for_good_may_be_followed_by_another():
    scenario = dated(
        {"from": 10, "set": {"firms.north.price": 0.9}},
        {"from": 30, "set": {"firms.north.price": 0.8}},
        {"from": 20, "until": 40, "set": {"word_of_mouth.contact_rate": 0.5}},
    )
    assert prices(scenario) == {0: 1.0, 10: 0.9, 20: 0.9, 30: 0.8, 40: 0.8}
    rates = [still.word_of_mouth.contact_rate for _, still in scenario.stretches()]
    assert [rate == 0.5 for rate in rates] == [False, False, True, True, False]


def test_a_section_that_one_date_brings_may_be_changed_at_a_later_one():
    scenario = dated(
        {"from": 10, "set": {"firms.north.program": {"preset": "points"}}},
        {"from": 30, "set": {"firms.north.program.reward": 5.0}},
    )
    programs = [still.firms[0].program for _, still in scenario.stretches()]
    assert [program and program.reward for program in programs] == [None, 10.0, 5.0]


def test_whole_numbers_go_in_whole_steps_and_lists_entry_by_entry():
    tiers = {"preset": "tiers", "tier_discount": [0.0, 0.0]}
    scenario = dated(
        {"from": 10, "ramp": 2, "set": {"firms.0.program.tier_discount": [0.1, 0.2], "firms.0.program.expiry": 5}},
        firms=[{"name": "north", "program": tiers | {"expiry": 10}}],
    )
    half = scenario.stretches()[1][1].firms[0].program
    assert half.tier_discount == pytest.approx((0.05, 0.1))
    assert half.expiry == 8


def test_paths_lead_to_a_change_by_its_name():
    scenario = dated({"from": 20, "set": {"firms.north.price": 0.8}}).replace({"changes.c0.from": 25})
    assert prices(scenario) == {0: 1.0, 25: 0.8}


def test_what_is_there_at_any_date_is_known_from_the_start():
    coming = {"complaint": {}, "recovery": {}, "firms.0.program": {"preset": "points"}}
    mechanisms, steps = dated({"from": 20, "set": coming}).ever()
    assert "recovery" in [mechanism.name for mechanism in mechanisms]
    assert {"complain", "reward_visits"} <= {step.name for step in steps}
    assert "recovery" not in [mechanism.name for mechanism in BASE.ever()[0]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from": 60}, r"changes\.c1\.from = 60 lies beyond the run \(periods = 60\)"),
        ({"from": 9, "until": 61}, r"changes\.c1\.until = 61 lies beyond the run"),
        ({"from": 9, "until": 9}, r"until = 9 is not after from = 9"),
        ({"from": 9, "until": 12, "ramp": 4}, r"ramp = 4 is longer than the 3 periods"),
        ({"from": 35}, r"changes\.c1\.from: changes 'firms\.north\.price' from period 35, when 'c0' does so too"),
        ({"from": 30}, r"when 'c0' does so too"),
        ({"from": 9, "set": {}}, r"set = {} changes nothing"),
        ({"from": 9, "set": {"firms.north.prize": 1}}, r"c1\.set: no Firm parameter 'prize'.*did you mean 'price'"),
        ({"from": 9, "set": {"firms.north.price": -1}}, r"c1\.set\.firms\.north\.price = -1\.0 is outside"),
        ({"from": 9, "set": {"population.customers": 9}}, r"population\.customers: is fixed for the run"),
        ({"from": 9, "set": {"firms.north.name": "west"}}, r"c1.set.firms.north.name: is fixed for the run"),
        ({"from": 9, "set": {"periods": 9}}, r"set\.periods: is fixed for the run"),
        ({"from": 9, "set": {"firms.north.initial_awareness": 0.5}}, r"says how a run begins"),
        ({"from": 9, "set": {"waiting_line": {"resentment": 0.5}}}, r"makes no difference after the start"),
        ({"from": 9, "ramp": 3, "set": {"firms.north.program": {"preset": "points"}}}, r"no way in steps"),
        ({"from": 9, "set": {"need.process": "bernoulli"}}, r"at period 9 a change of need.process makes chances of"),
        ({"form": 9, "set": {"firms.north.price": 1.1}}, r"no Change parameter 'form'; did you mean 'from'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(change, said):
    first = {"from": 30, "until": 40, "set": {"firms.north.price": 0.8}}
    with pytest.raises(Refusal, match=said) as refusal:
        dated(first, {"set": {"firms.north.price": 0.7}, **change})
    assert "\n" not in str(refusal.value)


def test_two_changes_of_one_name_are_refused():
    change = {"name": "launch", "from": 3, "set": {"firms.north.price": 0.8}}
    with pytest.raises(Refusal, match="two changes are called 'launch'"):
        Scenario(periods=60, changes=[change, change | {"from": 9}])


def test_a_table_says_it_and_reads_it_back():
    scenario = dated({"from": 20, "until": 30, "set": {"firms.north.price": 0.8}})
    table = scenario.to_dict()
    assert table["changes"] == [{"name": "c0", "from": 20, "until": 30, "set": {"firms.north.price": 0.8}}]
    assert Scenario.parse(table) == scenario
