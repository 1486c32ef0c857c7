"""Which figures a study gets, and that equal results make equal files."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

import abm
from abm.view import figures, plots, summary
from abm.view.drawn import figure_of

mpl.use("Agg")


@pytest.fixture(scope="module")
def drawn(results):
    return figures.draw(results, summary.effects(results), 60, 8)


def test_which_figures(drawn):
    assert [(figure.file, figure.topic) for figure in drawn] == [
        ("effect_on_profit.png", "effect"), ("effects_on_other_measures.png", "measures"), ("criteria.png", "criteria"),
        ("profit_over_time.png", "time"), ("effect_by_factor.png", "unknown"),
    ]  # fmt: skip
    assert all(figure.image.startswith(b"\x89PNG") for figure in drawn)


def test_a_drawing_in_a_page_has_no_title_and_no_note_but_its_words_are_text(drawn):
    effects = drawn[0].svg
    assert effects.startswith("<svg ")
    assert effects.endswith("</svg>")
    assert ">service<" in effects
    assert ">cu per customer and year<" in effects
    for words in ("each arm minus none", "Dot: mean", "<metadata", "http"):
        assert words not in effects


@pytest.mark.parametrize("name", ["$\\frac{a}$", "$5_a_b off, then $10", "$^$"])
def test_dollars_in_a_title_are_no_formula(name):
    def titled(figure):
        figure.subplots().set_title(f"Profit of north under {name}, " * 4, wrap=True)

    assert figure_of("a.png", "", f"Minus {name}.", titled).image.startswith(b"\x89PNG")


def test_captions_say_what_an_interval_is(drawn):
    assert all("95 % interval" in figure.note for figure in drawn)
    assert "4 replications" in drawn[0].note
    assert "burn-in" in drawn[3].caption
    assert "burn-in" in drawn[3].note


def test_bands_over_time_are_said_to_be_of_the_mean(drawn):
    assert "95 % intervals of the mean over replications (above of none, below of the paired" in drawn[3].note
    assert "not the spread of single runs" in drawn[3].note


def test_factors_share_one_scale(monkeypatch):
    base = abm.Scenario(periods=12, population=abm.Population(customers=40))
    levels = {"choice.attraction": [1.0, 9.0], "word_of_mouth.contact_rate": [0.0, 0.1]}
    arms = {"none": {}, "dear": {"firms.north.price": 1.1}}
    study = abm.Experiment("two", base, arms, replications=2, kpis=("profit",), design=abm.grid(levels))
    results = abm.run(study, workers=1)
    kept = []
    monkeypatch.setattr(figures, "figure_of", lambda file, caption, *_: kept.append((file, caption, _[1])))
    list(figures._factors(results, summary.effects(results)))
    ((file, caption, draw_on),) = kept
    figure = plots.blank()
    draw_on(figure)
    first, second = figure.axes
    assert file == "effect_by_factor.png"
    assert first.get_ylim() == second.get_ylim()
    assert "under dear, minus none" in caption
    assert figure.get_suptitle() == "Profit of north by factor: dear minus none"
    assert not [ax for ax in figure.axes if ax.get_legend()]


def test_equal_results_make_equal_files(results, drawn):
    assert figures.draw(results, summary.effects(results), 60, 8) == drawn


def test_pyplot_holds_no_figure(results, drawn):
    before = plt.get_fignums()
    figures.draw(results, summary.effects(results), 60, 8)
    assert plt.get_fignums() == before


def test_written_in_place_of_those_before(drawn, tmp_path):
    figures.write(tmp_path, drawn)
    (tmp_path / "of_the_user.png").touch()
    assert {path.name for path in tmp_path.iterdir()} == {figure.file for figure in drawn} | {"of_the_user.png"}
    figures.write(tmp_path, drawn[:1])
    assert {path.name for path in tmp_path.iterdir()} == {drawn[0].file, "of_the_user.png"}


@pytest.mark.slow
def test_figures_say_which_arms_and_factors_they_leave_out(results, monkeypatch):
    monkeypatch.setattr(figures, "MOST_LINES", 2)
    *_, course, by_factor = figures.draw(results, summary.effects(results), 60, 8)
    assert course.caption.endswith(" The best 1 of 2 arms are drawn.")
    assert by_factor.caption.endswith(", by factor. The best 1 of 2 arms are drawn.")


@pytest.mark.parametrize(
    ("arms", "periods", "files"),
    [
        ({}, 30, ["profit_over_time.png"]),
        ({"a": {}, "b": {"firms.north.price": 1.1}}, 0, []),
        ({"a": {}, "b": {"firms.north.price": 1.1}}, 1, ["effect_on_profit.png"]),
    ],
)
def test_only_what_there_is_to_show(arms, periods, files):
    base = abm.Scenario(periods=periods, population=abm.Population(customers=30))
    results = abm.run(abm.Experiment("few", base, arms, replications=2, kpis=("profit",)), workers=1)
    drawn = figures.draw(results, summary.effects(results), periods, 0)
    assert [figure.file for figure in drawn] == files


def test_large_studies_have_no_course(results, monkeypatch):
    monkeypatch.setattr(summary, "MOST_ROWS", 100)
    assert "profit_over_time.png" not in [f.file for f in figures.draw(results, summary.effects(results), 60, 8)]


@pytest.mark.parametrize(
    ("kpi", "written"),
    [("csi", "CSI"), ("surveyed_csi", "Surveyed CSI"), ("nps", "NPS"), ("share_of_wallet", "Share of wallet")],
)
def test_names_are_written_as_people_write_them(kpi, written):
    assert plots.label(kpi) == written
