"""Figures of results by name, as `results.plot.effects()`: each asks one question, and all arguments may be left out.

Those of what tables of results have are here; accessor_inside.py has those for which runs are done again.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.errors import Refusal, did_you_mean
from abm.study.comparison.judgement import judge
from abm.study.replications.multiple import comparisons
from abm.study.storage.failures import because
from abm.view import (
    by_group,
    claims,
    dates,
    factors,
    groups,
    hints,
    levels,
    money,
    over_time,
    plots,
    radar,
    summary,
    winners,
)  # fmt: skip
from abm.view.accessor_inside import PlotsInside

_LINES = 40  # points of a line over time, about
_OF_STAFF = ("staff_knowledge", "staff_skill", "staff_emotion", "staff_morale")


class Plots(PlotsInside):
    """Figures of results; arms go by their labels, the best first, and each has one colour in all figures."""

    def effects(self, kpi: str | None = None, firm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw by how much each arm differs from the baseline: paired differences with their 95 % intervals."""
        kpi, table = self._valued(kpi), self._effects if firm is None else summary.effects(self._results, firm)
        self._check_compared(table, [kpi])
        return plots.effect_of_arms(table, kpi, self._results.baseline, ax, self._palette)

    def ranking(self, kpi: str | None = None, firm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the same with intervals that hold all together at 95 %, the best arm on top (`abm.comparisons`)."""
        kpi, results = self._valued(kpi), self._results
        found = comparisons(results, kpi, firm)
        less = results.better(kpi) == "less"
        table = found.sort_values("difference", ascending=less).assign(kpi=kpi, firm=firm or results.firms[0])
        self._check_compared(table, [kpi])
        table["decimals"] = summary.decimals(table.assign(mean=table["difference"]))
        ax = plots.effect_of_arms(table, kpi, results.baseline, ax, self._palette)
        plots.retitle(ax, f"{ax.get_title(loc='left')} (intervals hold together)")
        return ax

    def measures(self, kpis: Sequence[str] | None = None) -> list[Axes]:
        """Draw the effects on several KPIs, a panel each."""
        shown = [self._kpi(kpi) for kpi in kpis or summary.kpis_shown(self._results)]
        self._check_compared(self._effects, shown)
        return plots.effects_on_kpis(self._effects, shown, self._results.baseline, self._palette)

    def levels(self, kpi: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw what a KPI is at each firm under each arm, with intervals."""
        kpi = self._valued(kpi)
        return levels.levels(levels.table(self._results, kpi), kpi, summary.unit(kpi, self._results), ax)

    def over_time(self, kpi: str | None = None, together: int | None = None) -> list[Axes]:
        """Draw a KPI over time by arm: its level, and below its difference from the baseline.

        together : periods of which means are drawn; None = as many as make about 40 points
        """
        kpi, results = self._kpi(kpi), self._results
        periods, burn_in = results.sheet.periods, results.sheet.burn_in
        lines = summary.courses(results, kpi, together or max(1, round(periods / _LINES)))
        if lines.empty:
            raise Refusal(f"no period has a value of {kpi}{because(results)}")
        own = kpi == summary.judged_by(results)
        moving = hints.said(hints.moving(results, periods, burn_in)) if own else {}
        panels = over_time.courses(
            lines, kpi, results.baseline, self._palette, burn_in, unit=self._unit_of_time, moving=moving
        )
        with plots.style():
            dates.mark(panels, dates.moments(results, results.arms), plots.GREY)
        return panels

    def staff_states(self, together: int | None = None) -> list[Axes]:
        """Draw knowledge, skill, emotional competence and morale of the focal firm's staff over time, by arm.

        together : periods of which means are drawn; None = as many as make about 40 points
        """
        results = self._results
        missing = [kpi for kpi in _OF_STAFF if kpi not in results.kpis]
        if missing:
            raise Refusal(f"the study does not measure {', '.join(missing)}; name them in kpis")
        periods, burn_in = results.sheet.periods, results.sheet.burn_in
        together = together or max(1, round(periods / _LINES))
        tables = {kpi: summary.courses(results, kpi, together) for kpi in _OF_STAFF}
        if any(table.empty for table in tables.values()):
            raise Refusal("the market has no staff; give the scenario a section [scenario.staff] (in Python staff={})")
        return over_time.states(tables, self._palette, burn_in, self._unit_of_time)

    def by_factor(self, factor: str | None = None, kpi: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how far the effects hang on a factor of the design: a response to the dose of it.

        factor : None = the one on which they hang most
        """
        kpi, results = self._valued(kpi), self._results
        if factor is None:
            ranked = factors.strongest(results, kpi, list(results.factors))
            if not ranked:
                raise Refusal(
                    "the study has no factors; give it a [design] (in Python design=abm.grid({path: levels}))"
                )
            factor = ranked[0]
        return plots.effect_by_factor(results, kpi, factor, ax, self._palette)

    def winners(
        self, kpi: str | None = None, x: str | None = None, y: str | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw which arm leads at each point of the design, over two factors; None = those that matter most."""
        kpi, results = self._valued(kpi), self._results
        first, second = (x, y) if x and y else winners.two_factors(results, kpi)
        for factor in (first, second):
            if factor not in results.factors:
                raise Refusal(f"no factor {factor!r} in the results{did_you_mean(factor, results.factors)}")
        arms = list(self._effects["arm"].unique())
        return winners.winners(winners.by_point(results, kpi), first, second, arms, ax, self._palette)

    def spend_and_profit(self, spend: str = "lever_cost", earn: str = "profit", ax: Axes | None = None) -> Axes:
        """Draw what each arm spends and what it earns, each minus the baseline."""
        if {spend, earn} <= {*self._results.kpis}:
            self._check_compared(self._effects, [spend, earn])
        return money.spend_and_profit(self._effects, self._results.baseline, spend, earn, ax, self._palette)

    def criteria(self) -> list[Axes]:
        """Draw what the study claims, and what came out."""
        expect = self._results.sheet.expect
        judged = judge(self._results)
        shown = [(row, one.bounds) for row, one in zip(judged.to_dict("records"), expect, strict=True)]
        known = [(row, bounds) for row, bounds in shown if abs(row["high"] - row["low"]) < float("inf")]
        if not known:
            raise Refusal("the study claims nothing; write what you expect as [[expect]] (in Python expect=[{…}])")
        with plots.style():
            return claims.draw(plots.sized(None, 1.0), known)

    def attributes(self) -> Figure:
        """Draw the radar of attributes as customers answer: firms under the baseline, the focal firm by arm."""
        best = [arm for arm in self._effects["arm"].unique() if arm != self._results.baseline]
        shown = radar.panels(self._results, best[: radar.MOST_LINES - 1], self._palette)
        if not shown:
            raise Refusal("the study does not measure all attributes; name their scores in kpis")
        with plots.style():
            figure = plots.sized(None, 4.0)
            radar.draw(figure, shown)
        return figure

    def by_group(self, kpi: str | None = None) -> list[Axes]:
        """Draw the effects in each group of customers that the study tells apart, an arm a panel."""
        kpi, results = self._valued(kpi), self._results
        found = groups.effects(results, self._effects)
        if found.empty:
            raise Refusal("the study tells no groups of customers apart; give it [groups] (in Python groups={…})")
        found = found[(found["kpi"] == kpi) & (found["arm"] != results.baseline)]
        arms, title = list(found["arm"].unique()), f"{plots.label(kpi)} of {results.firms[0]} by group"
        with plots.style():
            panels = by_group.draw(plots.sized(None, 1.0), found, arms, self._palette)
            plots.headline(panels[0].figure, f"{title}: each arm minus {results.baseline}")  # type: ignore[arg-type]
        return panels
