"""Export: what is seen as a figure and as a table."""

from __future__ import annotations

import importlib
from io import BytesIO

import numpy as np
import pandas as pd

from abm.view.page import charts
from abm.view.page.exploration import Exploration


def table(exploration: Exploration, kpi: str) -> pd.DataFrame:
    """Return the courses of both arms: a row per arm, firm and period, a column for each KPI of the study and `kpi`."""
    wanted = list(dict.fromkeys([kpi, *(one.name for one in exploration.study.kpis)]))
    parts = []
    for name, sight in zip(charts.names(exploration), exploration.sights, strict=True):
        for firm in sight.record.firms if sight is not None else ():
            assert sight is not None
            columns = {one: sight.measured(one, firm) for one in wanted}
            parts.append(pd.DataFrame({"arm": name, "firm": firm, "period": np.arange(sight.periods), **columns}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["arm", "firm", "period", *wanted])


def csv(exploration: Exploration, kpi: str) -> bytes:
    """Return `table` as a CSV file."""
    return table(exploration, kpi).to_csv(index=False, lineterminator="\n").encode()


def figure(exploration: Exploration, kpi: str, firm: str, kind: str) -> bytes:
    """Return the chart of a KPI as a file of a kind, "png" or "svg", drawn as in a report: one run of each arm."""
    plots, over_time = map(importlib.import_module, ("abm.view.plots", "abm.view.over_time"))  # slow; few want a figure
    first, second = charts.names(exploration)
    rows = table(exploration, kpi)
    rows = rows[rows["firm"] == firm].rename(columns={kpi: "level"})
    wide = rows.pivot_table(index="period", columns="arm", values="level", sort=False)
    base = rows["period"].map(wide[first]) if first in wide else np.nan
    rows = rows.assign(level_low=rows["level"], level_high=rows["level"], difference=rows["level"] - base)
    rows = rows.assign(low=rows["difference"], high=rows["difference"]).dropna(subset="level")
    drawn = plots.blank()
    palette = plots.colours([first, second], first)
    over_time.courses(rows, kpi, first, palette, exploration.base.burn_in, drawn)
    plots.footnote(drawn, f"One run of each arm, seed {exploration.study.seed}, replication {exploration.replication}.")
    file = BytesIO()
    drawn.savefig(file, format=kind, dpi=plots.DOTS)
    return file.getvalue()
