"""Charts: what ECharts is to draw, as plain tables of options.   Knows nothing of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from abm.scenario.measures import BY_NAME
from abm.view import words
from abm.view.page import paint, theme
from abm.view.page.course import Sight
from abm.view.page.exploration import MOST_EARLIER, Exploration

Options = dict[str, Any]

_INK, _FAINT = "#262626", "#e0e0e0"
_TEXT = {"fontFamily": 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif', "color": _INK, "fontSize": 12}
_DIGITS = 4  # of numbers that are drawn
_FEW = 12  # points of a line, which are marked
_SIZE = 1000  # of the plane of the network: the lines of a small one are rounded away
_WIDTHS = (4.2, 1.9)  # of the arms' lines, so that both are seen where they are equal


def courses(exploration: Exploration, kpi: str, firm: str, together: int = 1) -> Options:
    """Return a KPI of a firm over time: both arms, and the runs before in pale grey; dates of changes are marked.

    The series are always as many, so that the chart is moved, not built anew.
    """
    earlier = [one.sight for one in exploration.earlier]
    series = [
        _line(f"before {k}", _points(earlier[k] if k < len(earlier) else None, kpi, firm, together), theme.EARLIER, 1.0)
        for k in range(MOST_EARLIER)
    ]
    for k, arm in enumerate(exploration.arms):
        line = _line(
            names(exploration)[k], _points(exploration.sights[k], kpi, firm, together), theme.ARMS[k], _WIDTHS[k]
        )  # fmt: skip
        line["markLine"] = _dates([(change.start, change.name) for change in arm.scenario.changes], theme.ARMS[k])
        series.append(line)
    series[-1]["markArea"] = _burn_in(exploration.base.burn_in)
    made = _frame(exploration.periods, unit_of(kpi))
    return made | {"series": series, "aria": {"enabled": True, "description": told(exploration, kpi, firm)}}


def names(exploration: Exploration) -> tuple[str, str]:
    """Return what the two arms are called, so that they can be told apart."""
    first, second = exploration.arms
    return first.label, second.label if second.label != first.label else f"{second.label} (2)"


def unit_of(kpi: str) -> str:
    """Return the unit of a KPI as people read it."""
    return words.in_words(BY_NAME[kpi].unit) if kpi in BY_NAME else ""


def told(exploration: Exploration, kpi: str, firm: str) -> str:
    """Return in words what the chart shows at the moment."""
    said = [f"{words.label(kpi)} of {firm} over time."]
    for name, sight in zip(names(exploration), exploration.sights, strict=True):
        known = [] if sight is None else [value for value in sight.measured(kpi, firm).tolist() if np.isfinite(value)]
        said.append(f"{name}: {known[-1]:.{_DIGITS}g} in the latest period." if known else f"{name}: no value yet.")
    return " ".join(said)


def network(sight: Sight, painted: paint.Painted, chosen: int) -> Options:
    """Return the network of the customers who are looked at, painted, with one of them marked."""
    places = sight.sample.places()
    data = [
        {"name": str(k), "x": round(_SIZE * x), "y": round(-_SIZE * y), "itemStyle": {"color": painted.colours[code]}}
        for k, ((x, y), code) in enumerate(zip(places.tolist(), painted.codes.tolist(), strict=True))
    ]
    data[chosen] |= {"symbolSize": 17}
    data[chosen]["itemStyle"] |= {"borderColor": "#000000", "borderWidth": 2.5}
    series = {
        "type": "graph", "layout": "none", "roam": True, "preserveAspect": True, "animation": False, "data": data,
        "symbolSize": 8,
        "links": [{"source": a, "target": b} for a, b in sight.sample.links.tolist()],
        "itemStyle": {"borderColor": "#555555", "borderWidth": 0.6, "opacity": 1},
        "lineStyle": {"color": "#c4c4c4", "width": 1, "opacity": 1},
        "emphasis": {"scale": 1.5}, "cursor": "pointer", "left": 8, "right": 8, "top": 8, "bottom": 8,
    }  # fmt: skip
    return {"series": [series], "tooltip": {"show": False}}


def history(table: pd.DataFrame, column: str, firms: Sequence[str], periods: int) -> Options:
    """Return a column of one customer over time, a line per firm, or one."""
    made = _frame(periods, "")
    series = []
    for j, firm in enumerate(firms):
        own = table.get(f"{column}.{firm}")
        points = [] if own is None else _pairs(table["period"], own)
        series.append(_line(firm, points, theme.of_firm(j), 1.8) | {"step": "end"})
    alone = table.get(column)
    series.append(_line(column, [] if alone is None else _pairs(table["period"], alone), _INK, 1.8) | {"step": "end"})
    return made | {"series": series}


def _points(sight: Sight | None, kpi: str, firm: str, together: int) -> list[list[float | None]]:
    if sight is None or firm not in sight.record.firms:
        return []
    values = sight.measured(kpi, firm, together)
    return _pairs(np.arange(len(values)) * together + (together + 1) / 2, values)


def _pairs(x: Any, y: Any) -> list[list[float | None]]:
    return [
        [float(at), float(f"{value:.6g}") if np.isfinite(value) else None]
        for at, value in zip(np.asarray(x, float), np.asarray(y, float), strict=True)
    ]


def _line(name: str, points: list[list[float | None]], colour: str, width: float) -> Options:
    return {
        "type": "line", "name": name, "data": points, "showSymbol": len(points) <= _FEW,
        "connectNulls": True, "animation": False,
        "lineStyle": {"color": colour, "width": width}, "itemStyle": {"color": colour},
        "silent": colour == theme.EARLIER, "z": 1 if colour == theme.EARLIER else 3,
        "emphasis": {"disabled": True},
    }  # fmt: skip


def _frame(periods: int, unit: str) -> Options:
    axis = {
        "axisLine": {"lineStyle": {"color": "#999999"}},
        "splitLine": {"show": False},
        "axisLabel": _TEXT | {"hideOverlap": True},
    }
    return {
        "animation": False, "textStyle": _TEXT,
        "grid": {"left": 64, "right": 20, "top": 34, "bottom": 44},
        "tooltip": {"trigger": "axis", "confine": True, "textStyle": _TEXT},
        "xAxis": axis | {"type": "value", "min": 0, "max": max(periods, 1), "name": "period", "nameLocation": "middle",
                         "nameGap": 26, "nameTextStyle": _TEXT},
        "yAxis": axis | {"type": "value", "scale": True, "name": unit, "nameTextStyle": _TEXT | {"align": "left"},
                         "splitLine": {"show": True, "lineStyle": {"color": _FAINT}}},
    }  # fmt: skip


def _dates(dates: Sequence[tuple[int, str]], colour: str) -> Options:
    return {
        "silent": True, "symbol": "none", "animation": False,
        "lineStyle": {"color": colour, "type": "dashed", "width": 1.2},
        "label": {"formatter": "{b}", "color": colour, "fontSize": 11, "position": "end"},
        "data": [{"xAxis": date, "name": name} for date, name in dates],
    }  # fmt: skip


def _burn_in(periods: int) -> Options:
    area = [[{"xAxis": 0, "name": "burn-in"}, {"xAxis": periods}]] if periods else []
    return {
        "silent": True, "animation": False, "itemStyle": {"color": "#f2f2f2"}, "data": area,
        "label": {"color": "#767676", "position": "insideTopLeft", "fontSize": 11},
    }  # fmt: skip
