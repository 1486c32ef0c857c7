"""Figures of results by name, second part: of single customers, and of what happens inside the market."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from abm.core.errors import Refusal, did_you_mean, one_of
from abm.scenario.scenario import Scenario
from abm.study.storage.failures import because
from abm.study.storage.results import Results
from abm.view import (
    customers,
    dates,
    flows,
    inside,
    money,
    neighbours,
    plots,
    retention,
    snapshot,
    summary,
    twins,
)  # fmt: skip
from abm.view.snapshot import GONE, Snapshot
from abm.world.network.graphs import positions


class PlotsInside:
    """Figures of what happens inside a market.

    The first replications of the baseline and of one other arm are run again for them, once.
    """

    def __init__(self, results: Results) -> None:
        self._named, (self._results, _) = results, summary.readable(results)
        self._snapshots: dict[str, Snapshot] = {}

    def __dir__(self) -> list[str]:
        return [name for name in dir(type(self)) if not name.startswith("_")]

    def __repr__(self) -> str:
        return f"<figures of {self._results.sheet.name}: {', '.join(dir(self))}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no figure {name!r}{did_you_mean(name, dir(self))}")

    def cohorts(
        self, arm: str | None = None, length: int = 13, firm: str | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw which share of each cohort of first buyers buys again: of a study that logs visits.

        length : periods of first purchase that make a cohort        arm : None = the baseline
        """
        firm, arm = firm or self._results.firms[0], self._arm(arm, self._results.baseline)
        visits = self._results.visits
        table = flows.cohorts(visits[visits["arm"] == arm], firm, length)
        if table.empty:
            raise Refusal(f"no visit to {firm} is logged under {arm}")
        return flows.cohort_retention(table, firm, length, self._unit_of_time, ax)

    def switching(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw from firm to firm who went where.

        Between purchases, if the study logs visits; else between a year before the end and the end.
        arm : None = the baseline
        """
        arm = self._arm(arm, self._results.baseline)
        if "visits" in self._results.sheet.records:
            visits = self._results.visits
            table = flows.of_visits(visits[visits["arm"] == arm])
            return flows.switching(table, ax, f"From purchase to purchase: {arm}", "pairs of purchases")
        table = self._inside(arm).flows
        return flows.switching(table[table["arm"] == arm], ax, f"From a year before the end to the end: {arm}")

    def distribution(self, column: str = "satisfaction", arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how satisfaction, trust or preference is distributed over customers, under an arm and the baseline."""
        found, columns = self._inside(arm), ("satisfaction", "trust", "preference")
        if column not in columns:
            raise Refusal(f"no column {column!r}{did_you_mean(column, columns)}; there is {', '.join(columns)}")
        label, title = f"{column} (scale 0–1)", f"{plots.label(column)} of customers of {found.firm}"
        ax = customers.distribution(found.persons, column, label, ax, self._palette, title)
        plots.legend(ax, found.arms, self._palette)
        return ax

    def loyalty_curve(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how loyal customers of the focal firm are by how satisfied, under an arm and the baseline."""
        found = self._inside(arm)
        return customers.loyalty_curve(found.persons, found.firm, ax, self._palette)

    def loyalty_matrix(self, arm: str | None = None) -> list[Axes]:
        """Draw loyalists, hostages, mercenaries and defectors among buyers, under an arm and the baseline."""
        found = self._inside(arm)
        shares = found.measures.groupby("arm", sort=False)[[*customers.KINDS]].mean().reset_index()
        return customers.loyalty_matrix(shares, found.firm)

    def lorenz(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how spend at the focal firm is spread over its customers, under an arm and the baseline."""
        found = self._inside(arm)
        spent = found.persons[found.persons["spend"] > 0]
        amounts = {name: spent.loc[spent["arm"] == name, "spend"].to_numpy() for name in found.arms}
        return customers.lorenz_curves(amounts, f"spend at {found.firm}", ax, self._palette)

    def pyramid(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw classes A to D of the focal firm's customers by what they spend; arm : None = the baseline."""
        arm = self._arm(arm, self._results.baseline)
        found = self._inside(arm)
        own = found.persons[(found.persons["arm"] == arm) & (found.persons["spend"] > 0)]
        ax = customers.pyramid(own.set_index("customer")["spend"], f"spend at {found.firm}", ax=ax)
        plots.retitle(ax, f"{ax.get_title(loc='left')}: {arm}")
        return ax

    def effect_on_persons(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how an arm's effects on single customers are distributed: the same persons with the same luck."""
        found = self._inside(arm)
        effects = inside.effects_on_persons(found)
        return twins.effects_on_persons(effects.to_numpy(), found.arms[-1], found.arms[0], inside.EFFECT_UNIT, ax)

    def waterfall(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw where an arm's difference in profit comes from, item by item of the books."""
        found = self._inside(arm)
        table = money.steps(found.accounts, found.arms[-1], found.arms[0])
        return money.waterfall(table, found.arms[-1], found.arms[0], ax=ax, firm=found.firm)

    def programme_economics(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw what the focal firm's programme costs and brings against the baseline, item by item of the books.

        The title holds the return on its cost that the books suggest beside the true one.
        arm : None = the best other arm in which the focal firm has a programme
        """
        needed = "no arm but the baseline gives {firm} a programme; set firms.{firm}.program in an arm"
        found = self._inside(self._arm_with(arm, inside.has_programme, needed, of_baseline=False))
        return inside.programme_economics(found, ax)

    def tier_flows(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw in which tier of the focal firm's programme members of a year before the end are at the end.

        arm : None = the baseline, or the best arm, in which the programme has tiers
        """
        needed = "in no arm has {firm} a programme with tiers; set firms.{firm}.program.tier_threshold in an arm"
        arm = self._arm_with(arm, inside.has_tiers, needed)
        found = self._inside(arm)
        table = found.tiers[found.tiers["arm"] == arm]
        if not table["customers"].sum():
            raise Refusal(
                f"under {arm} {found.firm} has no tiers with members a year before the end; name an arm with tiers, or "
                "let the run last longer"
            )
        return flows.switching(table, ax, f"Tiers of {found.firm}, from a year before the end on: {arm}", "members")

    def warning_lift(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how many of those gone the focal firm finds if it contacts known customers, the surest warnings first.

        arm : None = the baseline, or the best arm, in which the firm knows customers
        """
        needed = (
            "{firm} knows no customer; give the scenario a section [scenario.information] "
            "(in Python information={{}}), and the firm information.data_coverage above 0"
        )
        arm = self._arm_with(arm, inside.knows_customers, needed)
        found = self._inside(arm)
        return retention.warning_lift({arm: inside.warnings_under(found, arm)}, found.firm, ax, self._palette)

    def network(self, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw a part of the network, customers in the colour of the firm they go to; arm : None = the baseline."""
        arm = self._arm(arm, self._results.baseline)
        found = self._inside(arm)
        people, pairs = neighbours.around(found.ties)
        if not len(people):
            raise Refusal("the market has no ties; give it a network")
        own = found.persons[found.persons["arm"] == arm].set_index("customer")["provider"]
        where = list(own.reindex(people, fill_value=GONE))
        colours = flows.colours(self._results.firms)
        return flows.network(positions(pairs, len(people)), pairs, where, colours, ax, f"Who talks to whom: {arm}")

    @cached_property
    def _effects(self) -> pd.DataFrame:
        return summary.effects(self._results)

    @cached_property
    def _palette(self) -> plots.Colours:
        arms, baseline = self._results.arms, self._results.baseline
        return plots.colours(arms, baseline, list(self._effects["arm"].unique()))

    @cached_property
    def _unit_of_time(self) -> str:
        try:
            return dates.unit_of_time(self._named.experiment.scenario.periods_per_year)
        except Refusal:  # of a study with theories of one's own, which are not there
            return "period"

    def _kpi(self, kpi: str | None) -> str:
        """Return a KPI of the results, None = the one that decides."""
        if kpi is not None and kpi not in self._results.kpis:
            raise Refusal(f"no KPI {kpi!r} in the results{did_you_mean(kpi, self._results.kpis)}")
        return kpi or summary.judged_by(self._results)

    def _valued(self, kpi: str | None) -> str:
        """Return a KPI of the results, None = the one that decides.  Raises Refusal for one without any value."""
        kpi = self._kpi(kpi)
        if self._results.runs[kpi].isna().all():
            raise Refusal(f"{kpi} has no value under any arm{because(self._results)}")
        return kpi

    def _check_compared(self, table: pd.DataFrame, kpis: Sequence[str]) -> None:
        """Refuse to draw differences of which none is known.  table : with columns kpi, arm, difference"""
        results, own = self._results, table[table["kpi"].isin(kpis) & (table["arm"] != self._results.baseline)]
        if own.empty:
            raise Refusal(f"there is only the arm '{results.baseline}', so there is nothing to compare; draw levels()")
        if own["difference"].isna().all():
            what = f"no difference of {one_of(kpis)} from '{results.baseline}' is known"
            raise Refusal(f"{what}{because(results)}")

    def _arm(self, arm: str | None, otherwise: str) -> str:
        """Return an arm under its label, by its name or its label; None = another one."""
        called = dict(zip(self._named.arms, self._results.arms, strict=True))
        arm = otherwise if arm is None else called.get(arm, arm)
        if arm not in self._results.arms:
            raise Refusal(f"no arm {arm!r} in the results{did_you_mean(arm, self._results.arms)}")
        return arm

    def _arm_with(self, arm: str | None, has: Callable[[Scenario], bool], needed: str, of_baseline: bool = True) -> str:
        """Return an arm; None = the baseline, or else the best arm, whose scenario has something at any date.

        needed : is said where none has it        of_baseline : whether the baseline is asked
        """
        if arm is not None:
            return self._arm(arm, "")
        called, study = dict(zip(self._results.arms, self._named.arms, strict=True)), self._named.experiment
        baseline = self._results.baseline
        others = [one for one in summary.ranked_arms(self._results, self._effects) if one != baseline]
        for one in [*([baseline] if of_baseline else []), *others]:
            if any(has(stretch) for _, stretch in study.scenario_of(called[one]).stretches()):
                return one
        raise Refusal(needed.format(firm=self._results.firms[0]))

    def _inside(self, arm: str | None) -> Snapshot:
        """Return the snapshot of the baseline and an arm, None = the best other one."""
        baseline = self._results.baseline
        arm = self._arm(arm, inside.shown_arm(self._results, self._effects) or baseline)
        if arm not in self._snapshots:
            arms = list(dict.fromkeys([baseline, arm]))
            self._snapshots[arm] = snapshot.of_results(self._results, self._named.experiment, arms)
        return self._snapshots[arm]
