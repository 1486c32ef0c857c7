"""Figures of what happens inside a market, under the baseline and the best other arm: of a Snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.errors import Refusal, counted
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.storage.results import Results
from abm.view import (
    customers,
    design_point,
    flows,
    money,
    neighbours,
    plots,
    programmes,
    retention,
    snapshot,
    summary,
    tables,
    twins,
)  # fmt: skip
from abm.view.drawn import Drawn, figure_of
from abm.view.plots import Colours
from abm.view.snapshot import GONE, Snapshot
from abm.world.network.graphs import positions

FILES = (
    "where_profit_comes_from.png", "programme_economics.png", "satisfaction_and_trust.png", "flows_between_firms.png",
    "effect_on_persons.png", "network.png", "flows_between_tiers.png", "warning_lift.png",
)  # fmt: skip
MONEY, PERSONS = "money", "persons"
EFFECT_UNIT = "contribution, cu a year"


def shown_arm(results: Results, table: pd.DataFrame) -> str:
    """Return the arm that is held beside the baseline: the best of the others.    table : as of summary.effects"""
    return next((arm for arm in summary.ranked_arms(results, table) if arm != results.baseline), "")


def draw(results: Results, table: pd.DataFrame, study: Experiment, palette: Colours) -> Iterator[Drawn]:
    """Draw the figures that take a look inside, if the market is small enough to be run again.

    table : as of summary.effects
    """
    arm = shown_arm(results, table)
    arms = [results.baseline, *([arm] if arm else [])]
    try:
        found = snapshot.of_results(results, study, arms)
    except Refusal:
        return
    of_point = f" of {design_point.said(study.design)}" if len(study.design) > 1 else ""
    luck = f"Replication {found.replications[0]}{of_point}, run again."
    if arm:
        yield from _waterfall(found, results, arm, of_point)
        yield from _programme(found, of_point)
    yield from _distributions(found, palette, luck)
    if len(results.firms) > 1 and found.flows["customers"].sum():
        yield _flows(found, study, luck)
    if arm:
        yield from _persons(found, arm, luck)
    if len(found.ties) and len(results.firms) > 1:
        yield _network(found, list(results.firms), luck)
    yield from _tiers(found, luck)
    yield from _warnings(found, palette, luck)


def effects_on_persons(found: Snapshot) -> pd.Series:
    """Return what the second arm adds to each customer's contribution a year, of those who are there under both."""
    wide = found.persons.pivot(index="customer", columns="arm", values="contribution").dropna()
    effects = wide[found.arms[-1]] - wide[found.arms[0]]
    return effects / found.years if found.years else effects


def _waterfall(found: Snapshot, results: Results, arm: str, of_point: str) -> Iterator[Drawn]:
    table = money.steps(found.accounts, arm, found.arms[0])
    if not table["amount"].abs().sum():
        return

    def bars(figure: Figure) -> None:
        ax = figure.subplots()
        figure.set_size_inches(plots.WIDTH, money.height(len(table) + 1) + 0.2)
        money.waterfall(table, arm, found.arms[0], ax=ax, firm=found.firm)

    count = counted(len(found.replications), "replication")
    note = f"Each bar begins where the one above it ends. Means of {count}{of_point}"
    if "profit" in results.kpis and len(found.replications) < results.sheet.replications:
        whole = results.paired("profit", arm, point=0)
        note += f", run again; over all {whole.pairs} profit differs by {whole.mean:+.3g}".replace("-", "−")
    caption = f"Where the difference in profit of {found.firm} comes from: {arm} minus {found.arms[0]}."
    yield figure_of("where_profit_comes_from.png", caption, f"{note}.", bars, MONEY)


def _distributions(found: Snapshot, palette: Colours, luck: str) -> Iterator[Drawn]:
    columns = [name for name in ("satisfaction", "trust") if found.persons[name].notna().any()]
    if not columns:
        return

    def panels(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 2.9)
        grid = figure.subplots(1, len(columns), squeeze=False)[0]
        for ax, name in zip(grid, columns, strict=True):
            customers.distribution(found.persons, name, f"{name} (scale 0–1)", ax, palette, plots.label(name))
            ax.set_ylabel("share of customers" if name == columns[0] else "")
        plots.legend(grid[-1], found.arms, palette)
        plots.headline(figure, f"Customers who have used {found.firm}")

    note = f"Share of customers by {' and '.join(columns)} when the run ends. Dashed: medians. {luck}"
    under = " and ".join(found.arms)
    caption = f"How satisfied customers who have used {found.firm} are, and how far they trust it, under {under}."
    yield figure_of("satisfaction_and_trust.png", caption, note, panels, PERSONS)


def _flows(found: Snapshot, study: Experiment, luck: str) -> Drawn:
    def panels(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 3.4)
        for ax, arm in zip(figure.subplots(1, len(found.arms), squeeze=False)[0], found.arms, strict=True):
            flows.switching(found.flows[found.flows["arm"] == arm], ax, f"Under {tables.broken(arm, 24)}")
            ax.title.set_fontsize(9.5)
        plots.headline(figure, "Where customers of each firm are a year later")

    world = study.scenario
    span = min(world.periods_per_year, world.periods - world.burn_in)
    when = "a year later" if span == world.periods_per_year else f"{span} periods later"
    note = (
        "Row: firm of the latest occasion before the last year; column: at the end. New and gone: customers who have "
        f"come to the market, or left it, since. {luck}"
    )
    return figure_of("flows_between_firms.png", f"Where customers of each firm are {when}.", note, panels, PERSONS)


def _persons(found: Snapshot, arm: str, luck: str) -> Iterator[Drawn]:
    effects = effects_on_persons(found)
    if not effects.any():
        return

    def bars(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 3.2)
        twins.effects_on_persons(effects.to_numpy(), arm, found.arms[0], EFFECT_UNIT, figure.subplots())

    note = (
        "Effect: what a customer has brought after the burn-in (paid less goods and what levers cost on her visits) "
        f"under {arm}, minus the same of the same customer with the same luck under {found.arms[0]}. Of customers who "
        "are there at the end under both. Hatched: all effects beyond the range that is drawn, which holds all but a "
        f"fiftieth on either side of those that are not 0. {luck}"
    )
    none = f" For {(effects == 0).mean():.0%} of customers nothing changes."
    caption = f"What {arm} does to what each customer brings {found.firm}.{none}"
    yield figure_of("effect_on_persons.png", caption, note, bars, PERSONS)


def _network(found: Snapshot, firms: list[str], luck: str) -> Drawn:
    people, pairs = neighbours.around(found.ties)
    at = positions(pairs, len(people))
    colours = flows.colours(firms)

    def panels(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 4.0)
        for ax, arm in zip(figure.subplots(1, len(found.arms), squeeze=False)[0], found.arms, strict=True):
            own = found.persons[found.persons["arm"] == arm].set_index("customer")["provider"]
            where = list(own.reindex(people, fill_value=GONE))
            flows.network(at, pairs, where, colours, ax, f"Under {tables.broken(arm, 24)}")
        plots.headline(figure, "Customers by firm, and who talks to whom")

    all_of_them = np.unique(found.ties).size
    note = (
        "Dot: a customer, in the colour of the firm of her latest occasion. Hollow: she went to no firm. Cross: she "
        f"has left the category or the market. Line: a tie. {luck}"
    )
    caption = f"{len(people)} of {all_of_them:,} customers who have ties, about the one who has most."
    return figure_of("network.png", caption, note, panels, PERSONS)


def has_programme(world: Scenario) -> bool:
    """Return whether the focal firm has a programme."""
    return world.firms[0].program is not None


def has_tiers(world: Scenario) -> bool:
    """Return whether the focal firm's programme has tiers."""
    return world.firms[0].program is not None and bool(world.firms[0].program.tier_threshold)


def knows_customers(world: Scenario) -> bool:
    """Return whether the focal firm can identify customers."""
    own = world.firms[0].information
    return world.information is not None and (own.data_coverage > 0 or own.omniscient)


def programme_economics(found: Snapshot, ax: Axes | None = None) -> Axes:
    """Draw what the programme under the second arm costs and brings against the first.

    Raises Refusal if the arms differ in no item of a programme.
    """
    baseline, arm = found.arms[0], found.arms[-1]
    table = programmes.economics(found.accounts, found.forgone, arm, baseline)
    return programmes.programme_economics(table, arm, baseline, _returns(found), found.firm, ax)


def _returns(found: Snapshot) -> str:
    """Return the naive and the true return on the programme under the second arm in words."""
    baseline, arm = found.arms[0], found.arms[-1]
    naive = found.measures.loc[found.measures["arm"] == arm, "naive_programme_roi"]
    true = programmes.true_return(found.accounts, found.forgone, arm, baseline)
    return programmes.returns(programmes.naive_return(naive.to_numpy(float)), true)


def warnings_under(found: Snapshot, arm: str) -> tuple[pd.DataFrame, float]:
    """Return the gains of the focal firm's warnings under an arm, and which share of those it knows have gone.

    Raises Refusal if it knows nobody, or nobody whom it knows has gone.
    """
    own = found.persons[found.persons["arm"] == arm]
    return retention.gains(own, found.firm), retention.gone_share(own, found.firm)


def _programme(found: Snapshot, of_point: str) -> Iterator[Drawn]:
    baseline, arm = found.arms[0], found.arms[-1]
    try:
        table = programmes.economics(found.accounts, found.forgone, arm, baseline)
    except Refusal:  # no programme makes a difference
        return

    def bars(figure: Figure) -> None:
        ax = figure.subplots()
        figure.set_size_inches(plots.WIDTH, money.height(len(table) + 1) + 0.6)
        programme_economics(found, ax)

    several = (
        " In brackets: 95 % intervals, of the mean and of the ratio of means." if len(found.replications) > 1 else ""
    )
    note = (
        "Custom won or lost: the rest of the difference in profit, at prices before discounts. Naive return: members "
        "compared with other buyers, as the firm's books allow. True return: mean difference in profit over mean cost. "
        f"Means of {counted(len(found.replications), 'replication')}{of_point}.{several}"
    )
    caption = f"What the programme of {found.firm} costs and brings: {arm} minus {baseline}. {_returns(found)}."
    yield figure_of("programme_economics.png", caption, note, bars, MONEY)


def _tiers(found: Snapshot, luck: str) -> Iterator[Drawn]:
    sizes = found.tiers.groupby("arm", sort=False)["customers"].sum() if len(found.tiers) else pd.Series(dtype=int)
    arms = [arm for arm in found.arms if sizes.get(arm, 0)]
    if not arms:
        return

    def panels(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 3.2)
        for ax, arm in zip(figure.subplots(1, len(arms), squeeze=False)[0], arms, strict=True):
            table = found.tiers[found.tiers["arm"] == arm]
            flows.switching(table, ax, f"Under {tables.broken(arm, 24)}", "members")
            ax.title.set_fontsize(9.5)
        plots.headline(figure, f"Tiers of {found.firm}: where members of a year before are at the end")

    note = (
        "Row: tier a year before the end, or when the burn-in ended if that is later; column: at the end. None: no "
        f"member any more. Gone: has left the category or the market. {luck}"
    )
    caption = f"Which members of {found.firm} have kept, won or lost their tier within the last year."
    yield figure_of("flows_between_tiers.png", caption, note, panels, PERSONS)


def _warnings(found: Snapshot, palette: Colours, luck: str) -> Iterator[Drawn]:
    shown = {}
    for arm in found.arms:
        with suppress(Refusal):  # it knows nobody, or nobody has gone
            shown[arm] = warnings_under(found, arm)
    if not shown:
        return

    def lines(figure: Figure) -> None:
        figure.set_size_inches(plots.WIDTH, 4.2)
        retention.warning_lift(shown, found.firm, figure.subplots(), palette)

    note = (
        "Customers whom the firm knows when the run ends, the surest warnings first. Gone: at another firm, or left "
        f"the category. Dashed: by lot; dotted: by the truth, which no firm knows. {luck}"
    )
    caption = f"How many of the customers who have gone {found.firm} finds by its warnings."
    yield figure_of("warning_lift.png", caption, note, lines, PERSONS)
