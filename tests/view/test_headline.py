"""The headline: what was found, as people speak."""

from __future__ import annotations

import pytest

import abm
from abm.view import headline, summary

WORLD = abm.Scenario(periods=30, burn_in=6, population={"customers": 80}, firms=[{"name": "north"}, {"name": "south"}])


def said(arms, kpis=("profit",), replications=6, **more):
    study = abm.Experiment("s", WORLD, arms, kpis=kpis, replications=replications, **more)
    results = abm.run(study, workers=1).labelled()
    return headline.headline(results, summary.effects(results), study), results


def test_the_best_arm_and_by_how_much_it_is_ahead():
    words, results = said({"none": {}, "cheap_goods": {"firms.north.unit_cost": 0.2}})
    row = summary.effects(results).set_index("arm").loc["cheap_goods"]
    share = 100 * row["difference"] / (row["mean"] - row["difference"])
    assert words == (
        f"Cheap goods earns north {row['mean']:.0f} per customer and year, {share:.0f}\u00a0% more than doing nothing."
    )


def test_a_baseline_that_is_best_is_held_against_the_closest():
    words, _ = said({"none": {}, "costly": {"firms.north.unit_cost": 0.7}, "worse": {"firms.north.unit_cost": 0.9}})
    assert words.startswith("Doing nothing earns north ")
    assert words.endswith("% more than costly, the closest.")


def test_a_baseline_that_sets_something_goes_by_its_label():
    arms = {"today": {"label": "As today", "firms.north.price": 1.0}, "thrift": {"firms.north.unit_cost": 0.2}}
    words, _ = said(arms, baseline="today")
    assert words.endswith("more than As today.")


def test_another_measure_has_no_money():
    words, results = said({"none": {}, "service": {"firms.north.service.quality": 0.98}}, ("csi",))
    mean = summary.effects(results).set_index("arm").loc["service", "mean"]
    assert words.startswith(f"Service gives north the highest satisfaction index, {mean:.1f}, ")


def test_what_cannot_be_told_is_said():
    arms = {"none": {}, "a": {"firms.north.price": 1.0001}, "b": {"firms.north.price": 0.9999}}
    words, results = said(arms, replications=2)
    assert summary.winner(results).arm is None
    assert words.startswith("No arm is shown to earn north most: ")
    assert words.endswith(" cannot be told from it yet.")


def test_arms_that_are_equal_are_said_to_be():
    words, _ = said({"none": {}, "same": {"firms.north.price": 1.0}})
    assert words == "Doing nothing and same do exactly the same for north in profit, and no other arm does better."


def test_without_any_value_no_arm_leads():
    nothing = abm.Scenario(periods=0, burn_in=0, population={"customers": 80}, firms=WORLD.firms)
    study = abm.Experiment("s", nothing, {"none": {}, "a": {"firms.north.price": 1.1}}, kpis=("profit",))
    results = abm.run(study, workers=1).labelled()
    words = headline.headline(results, summary.effects(results), study)
    assert words == "Profit of north has no value under any arm, so that no arms can be compared."


def test_a_single_arm_is_a_level():
    words, results = said({"one": {}}, ("penetration",))
    mean = results.block("penetration", "one", "north").mean()
    assert words.startswith(f"Penetration of north is {mean:.2g}"[:28])


def test_a_single_arm_without_a_value_says_so():
    study = abm.Experiment("s", WORLD.replace({"periods": 0, "burn_in": 0}), {"one": {}}, kpis=("csi",), replications=1)
    results = abm.run(study, workers=1)
    assert headline.headline(results, summary.effects(results)) == "Satisfaction index of north has no value."


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("cu/customer/year", " per customer and year"), ("share", ""), ("0-100", ""), ("1/visit", " per visit"),
        ("visits/buyer/year", " visits per buyer and year"), ("customers", " customers"),
    ],
)  # fmt: skip
def test_units_as_people_say_them(unit, words):
    assert headline._per(unit) == words
