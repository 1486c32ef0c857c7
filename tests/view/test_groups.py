"""Groups as people look at them: words, the table by arm and group, the figure."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from rich.console import Console

import abm
from abm.study.plan.groups import Grouping
from abm.view import figures, groups, plots, summary
from tests.view.conftest import STUDY
from tests.view.readable import assert_readable

mpl.use("Agg")
LONG = ("light_buyers_who_hardly_ever_think_of_the_category", "middle", "heavy_buyers_of_the_category")
GROUPS = {
    "rate": {"by": "purchase_rate", "parts": 3, "names": LONG},
    "member": {"by": "member", "arm": "points", "at": 52},
    "fan": {"by": "satisfaction", "levels": [0.7]},
}
ARMS = {f"service_of_a_quality_of_0_{digit}": {"firms.north.service.quality": digit / 10} for digit in (6, 8, 9)}
STUDY = STUDY | {"arms": STUDY["arms"] | ARMS, "groups": GROUPS, "design": {}, "expect": []}


@pytest.fixture(scope="module")
def study():
    return abm.Experiment.from_dict(STUDY)


@pytest.fixture(scope="module")
def grouped(study):
    return abm.run(study, workers=1)


@pytest.fixture(scope="module")
def table(grouped):
    return groups.effects(grouped, summary.effects(grouped))


@pytest.mark.parametrize(
    ("grouping", "said"),
    [
        ({"by": "purchase_rate", "parts": 3}, "g by purchase_rate in 3 equal parts, before the first period"),
        ({"by": "basket", "quantiles": [0.8]}, "g by basket cut at quantile 0.8, before the first period"),
        (
            {"by": "year_spend", "firm": "south", "levels": [10, 20], "at": 52},
            "g by year_spend at south cut at 10, 20, after 52 periods under none",
        ),
        ({"by": "member", "at": 1, "arm": "points"}, "g by member, after 1 period under points"),
        ({"by": "trust", "levels": [0.5], "arm": "a"}, "g by trust cut at 0.5, before the first period under a"),
        ({"share": 0.3, "names": ["b", "c"]}, "g (b, c) by lot, 0.3 of the customers"),
        ({"ids": [3, 5]}, "g by a list of 2 customers"),
    ],
)
def test_words(grouping, said):
    assert groups.in_words("g", Grouping.parse(grouping), "none") == said


def test_a_row_for_each_kpi_arm_and_group_in_the_order_of_the_ranking(grouped, table):
    whole = summary.effects(grouped)
    assert list(table["arm"].unique()) == list(whole["arm"].unique())
    assert list(table["kpi"].unique()) == summary.kpis_shown(grouped)
    assert list(table["group"][:7]) == list(grouped.groups)
    assert len(table) == 4 * 6 * 7
    for row in table[table["arm"] == "service"].to_dict("records"):
        pair = grouped.paired(row["kpi"], "service", group=row["group"])
        np.testing.assert_equal([row["difference"], row["low"], row["pairs"]], [pair.mean, pair.low, pair.pairs])


def test_the_baseline_is_shown_only_if_it_is_alone(table, study):
    assert {row[0] for row in groups.rows(table, "profit", "none")} == set(study.arms) - {"none"}
    one = abm.run(study.replace(arms={"none": {}}, groups={"fan": GROUPS["fan"]}, replications=2), workers=1)
    rows = groups.rows(groups.effects(one, summary.effects(one)), "profit", "none")
    assert [row[:2] for row in rows] == [("none", "fan_low"), ("none", "fan_high")]
    assert figures.draw(one, summary.effects(one), 60, 8, study.groups)[0].file != "effect_by_group.png"


def test_a_terminal_shows_as_many_arms_as_there_is_room_for(grouped, table):
    console = Console(file=io.StringIO(), width=100)
    console.print(groups.printed(grouped, table))
    lines = console.file.getvalue().splitlines()
    best = list(dict.fromkeys(row[0] for row in groups.rows(table, "profit", "none")))
    assert sum("middle" in line for line in lines) == 3
    assert lines[2].startswith(best[0][:20])
    assert groups.left_out(grouped, table) == "14 further lines are in the report. "
    few = table[table["arm"].isin(["none", *best[:3]])]
    assert groups.left_out(grouped, few) == ""


def test_what_is_not_told_apart_is_not_shown(results):
    assert groups.effects(results, summary.effects(results)).empty
    assert groups.records(groups.effects(results, summary.effects(results))) == []


def test_the_figure_has_a_panel_for_each_arm_and_can_be_read(grouped, study, table, monkeypatch):
    drawing = {}
    monkeypatch.setattr(
        figures, "figure_of", lambda file, _, note, draw_on, __: drawing.update({file: (note, draw_on)})
    )
    figures.draw(grouped, summary.effects(grouped), 60, 8, study.groups)
    note, draw_on = drawing["effect_by_group.png"]
    assert "member by member, after 52 periods under points" in note
    with plots.style():
        figure = plots.blank()
        FigureCanvasAgg(figure)
        draw_on(figure)
        assert_readable(figure)
    shown = table[(table["kpi"] == "profit") & (table["arm"] != "none")]
    assert len(figure.axes) == 5
    for ax, (_, rows) in zip(figure.axes, shown.groupby("arm", sort=False), strict=True):
        dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
        np.testing.assert_array_equal(dots, rows["difference"])


@pytest.mark.slow
def test_of_more_dots_than_a_reader_follows_the_best_arms_are_drawn(grouped, study, monkeypatch):
    monkeypatch.setattr(figures, "MOST_DOTS", 7)
    drawn = figures.draw(grouped, summary.effects(grouped), 60, 8, study.groups)
    (caption,) = [one.caption for one in drawn if one.file == "effect_by_group.png"]
    assert caption.endswith("minus none. The best 3 of 5 arms are drawn.")
