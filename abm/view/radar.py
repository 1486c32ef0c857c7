"""The radar of attributes: what customers answer of each, by firm and by arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from abm.mechanisms.measurement.attribute_survey import SCORES
from abm.study.storage.results import Results
from abm.view import plots, tables
from abm.world.attributes import ATTRIBUTES

FILE = "attribute_scores.png"
MOST_LINES = 6  # of a panel: more polygons cannot be followed
_STEP = 10.0  # of the scale: rings are multiples of it
_RINGS = 5  # at most, so that their numbers can be read

Scores = dict[str, np.ndarray]  # (5,) by name, in the order of ATTRIBUTES
Panel = tuple[str, Scores, plots.Colours]  # title, what is drawn, and in which colours


def panels(results: Results, best: Sequence[str], palette: plots.Colours) -> list[Panel]:
    """Return the panels of a study that measures all five: firms under the baseline, and the focal firm by arm.

    Scores are means over replications and points; who asks nobody is left out.      best : arms apart from the baseline
    """
    if not {score.name for score in SCORES} <= {*results.kpis}:
        return []
    baseline, focal = results.baseline, results.firms[0]
    firms = _known({firm: _means(results, baseline, firm) for firm in results.firms[:MOST_LINES]})
    arms = _known({arm: _means(results, arm, focal) for arm in [baseline, *best][:MOST_LINES]}) if best else {}
    named = (f"Firms under {baseline}", firms, plots.colours([*firms], ""))
    found = [named, (f"{focal}, by arm", arms, palette)]
    return [(tables.broken(title), scores, colours) for title, scores, colours in found if scores]


def ends(shown: Sequence[Panel]) -> tuple[float, float]:
    """Return the score at the centre and that at the rim: the tens around all scores, the centre well below them."""
    values = np.concatenate([[*scores.values()] for _, scores, _ in shown])
    low = max(0.0, _STEP * float(np.floor(values.min() / _STEP - 0.5)))
    return low, min(100.0, _STEP * float(np.floor(values.max() / _STEP + 1.0)))


def draw(figure: Figure, shown: Sequence[Panel]) -> None:
    """Draw panels side by side on one scale."""
    figure.set_size_inches(plots.WIDTH, 4.0)
    low, high = ends(shown)
    rings = np.arange(low, high + 1, _STEP * np.ceil((high - low) / _STEP / _RINGS))
    grid = figure.subplots(1, max(2, len(shown)), subplot_kw={"projection": "polar"}, squeeze=False)[0]
    for ax in grid[len(shown) :]:
        ax.remove()
    for ax, (title, scores, colours) in zip(grid, shown, strict=False):
        _polygons(ax, scores, colours)
        ax.set_rgrids(rings, [f"{ring:g}" for ring in rings], angle=36, fontsize=7.5, color=plots.GREY)
        ax.set_ylim(low, high)
        ax.set_title(title, fontsize=9.5, fontweight="bold", loc="center", pad=10)


def _polygons(ax: PolarAxes, scores: Scores, colours: plots.Colours) -> None:
    angles = np.linspace(0.0, 2.0 * np.pi, len(ATTRIBUTES) + 1)
    ax.set_theta_offset(np.pi / 2)
    ax.set_theta_direction(-1)
    for name, values in scores.items():
        closed = [*values, values[0]]
        ax.plot(angles, closed, "o-", color=colours[name], linewidth=1.8, markersize=3.5, label=tables.broken(name))
    ax.set_xticks(angles[:-1], [*ATTRIBUTES])
    for label, angle in zip(ax.get_xticklabels(), angles, strict=False):
        side = round(float(np.sin(angle)), 6)
        label.set(horizontalalignment="center" if side == 0 else "left" if side > 0 else "right", fontsize=8.5)
    ax.spines["polar"].set_visible(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncol=2, frameon=False, fontsize=8.5)


def _means(results: Results, arm: str, firm: str) -> np.ndarray:
    blocks = [results.block(score.name, arm, firm) for score in SCORES]
    return np.array([np.nanmean(block) if np.isfinite(block).any() else np.nan for block in blocks])


def _known(scores: Scores) -> Scores:
    return {name: values for name, values in scores.items() if np.isfinite(values).all()}
