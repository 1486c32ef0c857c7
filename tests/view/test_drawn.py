"""Figures in two forms: what is said of letters that a font does not have."""

from __future__ import annotations

import warnings

from abm.view import drawn, plots


def named(words):
    """Return what draws an axis of that name."""
    return lambda figure: figure.subplots().set_xlabel(words)


def test_letters_that_are_missing_are_said_once(monkeypatch):
    """A Chinese label gave a warning for each of its letters, in each figure."""
    monkeypatch.setattr(plots, "_families", lambda: [plots.FONT])
    drawn._say_that_letters_are_missing.cache_clear()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for file in ("a.png", "b.png"):
            page = drawn.figure_of(file, "", "", named("积分计划")).svg
    assert [str(one.message).partition(",")[0] for one in said] == ["figures are written in DejaVu Sans"]
    assert "积分计划" in page


def test_other_warnings_stay():
    def draw(figure):
        figure.subplots().text(0, 0, "x").set_path_effects([Grumbling()])

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        drawn.figure_of("a.png", "", "", draw)
    assert {str(one.message) for one in said} == {"not like this"}


class Grumbling:
    """Warns when it is drawn."""

    def draw_path(self, renderer, *rest):
        """Draw as usual."""
        warnings.warn("not like this", stacklevel=1)
        renderer.draw_path(*rest)


def test_the_first_font_comes_first():
    assert plots._families()[0] == plots.FONT
