"""Dates as people look at them: words, the table of before and after, lines in the figure over time."""

from __future__ import annotations

import matplotlib as mpl
import pytest

import abm
from abm.view import dates, figures, over_time, plots, summary, tables
from tests.view.conftest import STUDY
from tests.view.readable import assert_readable

mpl.use("Agg")
ARMS = {
    "none": {},
    "promotion": {"from": 20, "until": 30, "ramp": 4, "firms.north.price": 0.9},
    "campaign": {
        "changes": [
            {"name": "launch", "from": 25, "set": {"firms.north.program": {"preset": "points"}}},
            {"name": "service", "from": 40, "until": 60, "set": {"firms.north.service.quality": 0.9}},
        ]
    },
    "always": {"firms.north.price": 1.05},
}


@pytest.fixture(scope="module")
def dated():
    return abm.run(abm.Experiment.from_dict(STUDY | {"arms": ARMS, "expect": []}), workers=1)


def test_words():
    said = {name: dates.in_words(settings, tables.written) for name, settings in ARMS.items()}
    assert said == {
        "none": "",
        "promotion": "firms.north.price = 0.9, from period 20 until 30, in 4 equal steps",
        "campaign": "launch: firms.north.program = preset = points, from period 25; "
        "service: firms.north.service.quality = 0.9, from period 40 until 60",
        "always": "firms.north.price = 1.05",
    }


@pytest.mark.slow
def test_before_and_after_of_each_arm_that_starts_late(dated):
    table = dates.before_after(dated)
    rows = dates.rows(table)
    assert [row[:3] for row in rows] == [
        ("promotion", "promotion", "20-29"), ("promotion", "after", "30-59"),
        ("campaign", "launch", "25-39"), ("campaign", "launch, service", "40-59"),
    ]  # fmt: skip
    assert [float(row[3]) for row in rows] == [0, 0, 0, 0]
    (found,) = dated.before_after("profit", "promotion")[1:2].to_dict("records")
    assert float(rows[0][5]) == pytest.approx(found["change"], abs=0.6)
    assert rows[0][-1] == "4"


def test_where_no_arm_starts_late_there_is_nothing(results, monkeypatch, dated):
    assert dates.before_after(results).empty
    monkeypatch.setattr(summary, "MOST_ROWS", 100)
    assert dates.before_after(dated).empty


def named(ax):
    """Return the words of dates above a panel, without the names of the lines at their ends."""
    return [text.get_text() for text in ax.texts if text.xycoords == ("data", "axes fraction")]


def test_the_figure_marks_each_date_by_its_name_and_nothing_overlaps(dated):
    moments = dates.moments(dated, dated.arms)
    assert moments == {20: "promotion", 25: "launch", 30: "promotion ends", 40: "service"}
    lines = summary.courses(dated, "profit")
    with plots.style():
        panels = over_time.courses(lines, "profit", "none", plots.colours(dated.arms, "none"), 8)
        dates.mark(panels, moments, plots.GREY)
    for ax in panels:
        at = [
            line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2
        ]
        assert at == list(moments)
    assert named(panels[0]) == list(moments.values())
    assert_readable(panels[0].figure)


@pytest.mark.parametrize("last", [59, 33])
def test_names_of_dates_close_together_stay_apart(dated, last):
    lines = summary.courses(dated, "profit")
    with plots.style():
        panels = over_time.courses(lines, "profit", "none", plots.colours(dated.arms, "none"), 8)
        dates.mark(panels, {last - k: f"a_change_of_a_long_name_{k}" for k in range(6)}, plots.GREY)
    assert len(named(panels[0])) == 6
    assert_readable(panels[0].figure)


def test_more_dates_than_can_be_named_have_lines_only(dated):
    lines = summary.courses(dated, "profit")
    moments = {t: str(t) for t in range(10, 17)}
    panels = over_time.courses(lines, "profit", "none", plots.colours(dated.arms, "none"), 8)
    dates.mark(panels, moments, plots.GREY)
    assert not named(panels[0])
    assert dates.marked(moments) == " Dashed lines: 7 dates of changes, too many to name."


@pytest.mark.slow
def test_the_note_of_the_figure_says_what_the_lines_are(dated, results):
    notes = [
        next(f.note for f in figures.draw(one, summary.effects(one), 60, 8) if f.file == "profit_over_time.png")
        for one in (dated, results)
    ]
    assert notes[0].endswith("Dashed lines: dates of changes.")
    assert "Dashed" not in notes[1]
