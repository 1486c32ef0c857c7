"""What a sensitivity analysis says in words."""

import math

import pandas as pd
import pytest

from abm.study.sensitivity.influence import not_above_luck, sentence

OUTPUT = {"sd": 1.0, "noise_share": 0.04, "replications": 6, "left_out": 0, "samples": 8, "dropped": 0}
SOBOL = pd.DataFrame(
    [("a", 0.5, 0.61, 0.5, 0.72, 0.1), ("b", 0.2, 0.3, 0.2, 0.4, 0.1), ("c", 0.0, 0.1, 0.05, 0.15, 0.1)],
    columns=["factor", "first_order", "total_order", "total_order_low", "total_order_high", "luck"],
)
MORRIS = pd.DataFrame(
    [("a", 2.0, 1.5, 2.5, -2.0, 0.5, 0.1), ("b", 0.1, 0.05, 0.2, 0.1, 0.1, 0.1)],
    columns=["factor", "mu_star", "mu_star_low", "mu_star_high", "mu", "sigma", "luck"],
)
TORNADO = pd.DataFrame(
    [("a", 0.0, -1.0, -1.5, -0.5, 3.0), ("a", 1.0, 2.0, 1.0, 3.0, 3.0), ("b", "ring", 0.2, -0.1, 0.5, 0.2)],
    columns=["factor", "setting", "difference", "low", "high", "swing"],
)


@pytest.mark.parametrize(
    ("method", "table", "said"),
    [
        (
            "sobol",
            SOBOL,
            "a (total order 0.61 [0.50, 0.72], first order 0.50) matters most, then b (total order 0.30 [0.20, 0.40], "
            "first order 0.20). Not shown to matter more than luck: c.",
        ),
        (
            "morris",
            MORRIS,
            "a (mu* 2 [1.5, 2.5] cu, mu -2, sigma 0.5) matters most. Not shown to matter more than luck: b.",
        ),
        (
            "tornado",
            TORNADO,
            "a (-1 [-1.5, -0.5] at 0.0, +2 [+1, +3] at 1.0; cu) matters most. Not shown to matter more than luck: b.",
        ),
    ],
)
def test_what_matters(method, table, said):
    assert (
        sentence(method, table, OUTPUT, "cu") == f"{said} Luck is 4.0% of the variance of the means of 6 replications."
    )


def test_what_may_matter_more_is_not_passed_over():
    wide = SOBOL.assign(total_order_low=[-0.2, 0.2, 0.05])
    assert sentence("sobol", wide, OUTPUT, "").startswith(
        "b (total order 0.30 [0.20, 0.40], first order 0.20) is shown to matter. a may matter more; more samples would "
        "tell. Not shown to matter more than luck: a, c."
    )


def test_nothing_is_shown():
    weak = SOBOL.assign(luck=0.9)
    assert not_above_luck("sobol", weak) == ["a", "b", "c"]
    assert sentence("sobol", weak, OUTPUT, "").startswith(
        "no factor is shown to matter more than luck; the strongest is a"
    )


def test_many_weak_factors_are_counted():
    rows = [("a", 1.0, 1.0, 1.0, 1.0, 0.0), *((f"f{k}", 0, 0, 0, 0, 0) for k in range(7))]
    table = pd.DataFrame(rows, columns=SOBOL.columns)
    assert " Not shown to matter more than luck: 7 of 8 factors. " in sentence("sobol", table, OUTPUT, "")


def test_nothing_moves():
    flat = SOBOL.assign(total_order=math.nan)
    assert sentence("sobol", flat, OUTPUT | {"sd": 0.0}, "") == "the same at every point, so no factor moves it."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"noise_share": math.nan}, " With one replication luck cannot be told from influence; take several."),
        (
            {"noise_share": 0.25},
            " Luck is 25.0% of the variance of the means of 6 replications; more replications would",
        ),
        ({"dropped": 2}, " 2 of 10 samples are left out, as a value is missing."),
        ({"left_out": 3}, " 3 replications are left out, as most of their values are missing."),
    ],
)
def test_how_sure_that_is(changes, said):
    assert said in sentence("sobol", SOBOL, OUTPUT | changes, "")


def test_without_replications_the_interval_must_leave_zero():
    assert not_above_luck("morris", MORRIS.assign(luck=math.nan)) == []
    assert not_above_luck("morris", MORRIS.assign(luck=math.nan, mu_star_low=0.0)) == ["a", "b"]
