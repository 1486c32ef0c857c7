"""Tables of text: what a reader sees in 100 columns."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from abm.core.errors import counted
from abm.view import summary, tables


def printed(thing, width=100):
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(thing)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        (None, "", "-"),
        (True, "", "yes"),
        (0.25, "", "0.25"),
        (1e-7, "", "1e-07"),
        ([0.0, 1.0], "bounds", "[0, 1]"),
        ([0, 1e9], "bounds", "[0, 1e9]"),
        ([0.01, 1000000.0], "bounds", "[0.01, 1e6]"),
        ([1, 2147483646], "bounds", "[1, 2147483646]"),
        ([1, 1e15], "bounds", "[1, 1e15]"),
        ([0, 100000.5], "bounds", "[0, 100000.5]"),
        ((1.0, 2.5), "", "1, 2.5"),
        ({"a": 1.0, "b": ["x"]}, "", "a = 1, b = x"),
    ],
)
def test_values_as_written(value, key, text):
    assert tables.written(value, key) == text


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "text"),
    [
        (1.26, 1, False, "1.3"),
        (1.26, 1, True, "+1.3"),
        (-0.04, 1, True, "0.0"),
        (float("nan"), 2, True, "-"),
        (-2, 0, True, "-2"),
    ],
)
def test_numbers_as_written(value, decimals, sign, text):
    assert tables.number(value, decimals, sign) == text


def test_counted():
    assert [counted(n, "run") for n in (0, 1, 1200)] == ["0 runs", "1 run", "1,200 runs"]
    assert counted(2, "process", "processes") == "2 processes"


def test_ranking_fits_100_columns_and_says_every_difference(results):
    text = printed(tables.effects(summary.effects(results), results.baseline))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert all(kpi in text for kpi in results.kpis)
    assert "cu/customer/year" in text
    for arm in ("points", "service"):
        pair = results.paired("profit", arm)
        assert any(arm in line and f"{pair.mean:+.0f}" in line for line in lines)
    assert sum(line.split()[-1] == "4" for line in lines if line.strip()) == 2 * len(results.kpis)


def test_long_names_stay_whole_in_100_columns(results):
    table = summary.effects(results)
    long = "a_programme_with_a_name_of_sixty_letters_which_is_the_most_60"
    table["arm"] = table["arm"].replace("points", long)
    text = printed(tables.effects(table, results.baseline))
    assert max(map(len, text.splitlines())) <= 100
    assert "a_programme_with_a_" in text
    assert "most_60" in text


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("points", ["points"]),
        ("a_programme_with_a_name_of_sixty_letters", ["a_programme_with_a_name_of_", "sixty_letters"]),
        ("firms.the-second-shop.service.failure_rate", ["firms.the-second-shop.", "service.failure_rate"]),
        ("x" * 60, ["x" * 28, "x" * 28, "xxxx"]),
        ("", [""]),
    ],
)
def test_long_names_are_broken_where_they_can_be(name, lines):
    assert tables.broken(name).split("\n") == lines


def test_what_is_explained_below_a_ranking():
    text = tables.explained("north", "none", "csi")
    assert text.startswith("KPIs of north, the best arm in csi first. Differences from none are paired")
    assert text.endswith("in percent of none; * marks a 95% interval that excludes 0. cu: units of currency.")
    measured = tables.explained("north", "none", "csi", measured=["csi", "profit"])
    assert measured.endswith(" Intervals of csi and profit allow for stopping as soon as they are narrow enough.")


def test_a_star_marks_intervals_that_exclude_zero():
    row = {"arm": "a", "mean": 5.0, "difference": 1.0, "low": 0.5, "high": 1.5, "pairs": 9, "decimals": 1}
    row["share"] = 0.25
    assert tables.effect_cells(row, "none") == ["a", "5.0", "+1.0", "+25.0", "[+0.5, +1.5]", "*", "9"]
    assert tables.effect_cells(row | {"low": -0.5}, "none")[5] == ""
    assert tables.effect_cells(row, "a") == ["a", "5.0", "", "", "", "", ""]
    unbounded = row | {"low": float("-inf"), "high": float("inf"), "pairs": 1}
    assert tables.effect_cells(unbounded, "none")[4:] == ["-", "", "1"]


def test_details_leave_out_what_is_empty():
    text = printed(tables.details({"name": "x", "source": "", "bounds": None, "default": 0.0}))
    assert "source" not in text
    assert "bounds" not in text
    assert "default" in text


def test_parameters_two_lines_each():
    row = {
        "parameter": "a.b", "default": 0.5, "unit": "share", "bounds": [0, 1], "meaning": "what it is", "source": "",
        "required": False,
    }  # fmt: skip
    lines = str(tables.parameters([row, row | {"source": "Who 1999, p. 1", "required": True}])).splitlines()
    assert lines[0].split() == ["a.b", "0.5", "share", "[0,", "1]"]
    assert lines[1] == "    what it is"
    assert lines[2].split()[1] == "required"
    assert lines[3] == "    what it is; Who 1999, p. 1"


SOBOL = {
    "factor": "a.b", "first_order": 0.5, "first_order_low": 0.4, "first_order_high": 0.6, "total_order": 0.7,
    "total_order_low": 0.61, "total_order_high": 0.8, "luck": float("nan"),
}  # fmt: skip
MORRIS = {
    "factor": "a.b", "mu_star": 12.34, "mu_star_low": 11.0, "mu_star_high": 13.0, "mu": -12.34,
    "sigma": 0.5, "luck": 0.1,
}  # fmt: skip
TORNADO = {
    "factor": "a.b",
    "base": 3,
    "setting": "ring",
    "difference": 0.01234,
    "low": 0.01,
    "high": 0.02,
    "swing": 0.0123,
}


@pytest.mark.parametrize(
    ("method", "row", "cells"),
    [
        ("sobol", SOBOL, ["a.b", "0.700", "[0.610,", "0.800]", "0.500", "[0.400,", "0.600]", "-"]),
        ("morris", MORRIS, ["a.b", "12.3", "[11.0,", "13.0]", "-12.3", "0.5", "0.1"]),
        ("tornado", TORNADO, ["a.b", "3", "ring", "0.0123", "[0.0100,", "0.0200]"]),
        ("tornado", TORNADO | {"base": 0.125, "swing": 50.0}, ["a.b", "0.125", "ring", "0.0", "[0.0,", "0.0]"]),
    ],
)
def test_influence_shows_three_digits_of_the_largest(method, row, cells):
    lines = printed(tables.influence(pd.DataFrame([row]), method)).splitlines()
    assert lines[0].split()[0] == "factor"
    assert lines[-1].split() == cells


def test_a_factor_is_named_once():
    text = printed(tables.influence(pd.DataFrame([TORNADO, TORNADO | {"setting": "complete"}]), "tornado"))
    assert text.count("a.b") == 1
