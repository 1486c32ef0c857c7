"""What charts are told to draw."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from abm.view.page import charts, export, paint, theme
from abm.view.page.exploration import MOST_EARLIER


@pytest.fixture
def seen(exploration):
    """An exploration after 10 periods, with an earlier run, and a change at period 6."""
    exploration.step(10)
    exploration.wait()
    exploration.change(1, lambda arm: arm.setting("firms.north.price", 0.8, since=6))
    exploration.wait()
    return exploration


def test_courses(seen):
    options = charts.courses(seen, "profit", "north")
    json.dumps(options, allow_nan=False)
    series = options["series"]
    assert len(series) == MOST_EARLIER + 2
    first, second = series[-2:]
    assert (first["name"], second["name"]) == ("none", "better service")
    assert [y for _, y in first["data"]] == pytest.approx(seen.sights[0].measured("profit", "north"), rel=1e-5)
    assert [x for x, _ in first["data"]] == [t + 1 for t in range(10)]
    assert series[0]["data"]
    assert not series[1]["data"]
    assert series[0]["lineStyle"]["color"] == theme.EARLIER
    assert second["markLine"]["data"] == [{"xAxis": 6, "name": "from_6"}]
    assert options["xAxis"]["max"] == seen.periods


def test_readings_have_values_where_books_close_only(seen):
    points = charts.courses(seen, "gini_of_spend", "north")["series"][-1]["data"]
    assert [x for x, y in points if y is not None] == [seen.base.burn_in]


def test_arms_of_one_name_are_told_apart(seen):
    seen.change(1, lambda arm: seen.arms[0])
    assert charts.names(seen) == ("none", "none (2)")


def test_in_words(seen):
    said = charts.told(seen, "profit", "north")
    assert said.startswith("Profit of north over time. none: ")
    assert "better service: " in said
    seen.reset()
    seen.wait()
    assert charts.told(seen, "profit", "north").count("no value yet") == 2


def test_network(seen):
    sight = seen.sights[0]
    painted = paint.satisfaction(sight, 0)
    series = charts.network(sight, painted, 4)["series"][0]
    assert [item["itemStyle"]["color"] for item in series["data"]] == [painted.colours[code] for code in painted.codes]
    assert len(series["links"]) == len(sight.sample.links)
    assert [k for k, item in enumerate(series["data"]) if "symbolSize" in item] == [4]


def test_history(seen):
    sight = seen.sights[0]
    options = charts.history(sight.history(2), "trust", ["north", "south"], 30)
    assert [one["name"] for one in options["series"]] == ["north", "south", "trust"]
    assert [len(one["data"]) for one in options["series"]] == [11, 11, 0]
    alone = charts.history(sight.history(2), "switching_cost", ["north", "south"], 30)
    assert [len(one["data"]) for one in alone["series"]] == [0, 0, 11]
    json.dumps(options, allow_nan=False)


def test_table_and_csv(seen):
    table = export.table(seen, "trust")
    assert list(table.columns) == ["arm", "firm", "period", "trust", "profit", "csi", "share_of_wallet"]
    assert len(table) == 2 * 2 * 10
    read = pd.read_csv(io.BytesIO(export.csv(seen, "trust")))
    np.testing.assert_allclose(read["profit"], table["profit"])
    own = read[(read["arm"] == "better service") & (read["firm"] == "south")]
    np.testing.assert_allclose(own["csi"], seen.sights[1].measured("csi", "south"))


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_figures(seen, kind, begins):
    assert export.figure(seen, "profit", "north", kind).startswith(begins)
