"""Fit the pull of nearness to one published figure, and predict another:   python papers/goal_gradient/fit.py

`rewards.gradient` is fitted so that visits just before the goal of a stamp card, against the same customers' in the
same weeks without one, are as much above those at its start as was published; all else stays as in the default market.
What two stamps given do to completion is then predicted. Takes a minute or two; writes results.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from abm.facts.laboratory import Laboratory
from abm.facts.programmes import endowed_progress, goal_gradient
from abm.mechanisms.loyalty.program import stamp_card
from abm.scenario.scenario import Scenario

CUSTOMERS, REPLICATIONS, SEED = 6000, 6, 5
GRID = (0.0, 0.2, 0.4)
PLACEBO = {  # nothing that depends on what has been earned is left
    "rewards.gradient": 0.0, "rewards.acceleration": 0.0, "rewards.begun": 0.0, "rewards.out_of_mind": 0.0,
}  # fmt: skip
NEAR, AFTER = "rate near the goal / at the start", "rate after the reward / near the goal"
COMPLETION = "completion, two given / none given"


def measured(changes: Mapping[str, float]) -> pd.DataFrame:
    """Return the mean of each measure and its standard error, in the default market with some values changed."""
    scenario = Scenario(population={"customers": CUSTOMERS}).replace(dict(changes))
    laboratory = Laboratory(scenario, REPLICATIONS, SEED)
    found = {**goal_gradient(laboratory), **endowed_progress(laboratory)}
    rows = [(name, x.mean(), x.std(ddof=1) / np.sqrt(len(x))) for name, x in found.items()]
    return pd.DataFrame(rows, columns=["measure", "ours", "standard_error"]).set_index("measure")


def more_often() -> pd.DataFrame:
    """Return how much more often all would have to come for 34 % of cards to be full when 19 % of plain ones are.

    Who comes x times as often has filled her card after 1 / x of the time.
    """
    laboratory = Laboratory(Scenario(population={"customers": CUSTOMERS}), REPLICATIONS, SEED)
    found = []
    for log in laboratory.logs(launched={"program": stamp_card(enrolment="automatic", goal=8.0)}):
        here = (log.firm == 0) & (log.period >= laboratory.launch)
        weeks = int(log.period.max()) + 1 - laboratory.launch
        came = np.zeros((weeks, log.people), np.int64)
        np.add.at(came, (log.period[here] - laboratory.launch, log.customer[here]), 1)
        full = (came.cumsum(axis=0) > 8).sum(axis=1) / (came.cumsum(axis=0) > 0).sum(axis=1)  # joins on the first visit
        found.append(np.argmax(full >= 0.34) / np.argmax(full >= 0.19))
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    return pd.DataFrame(
        {"measure": ["visits more often, as would do it"], "ours": np.mean(found), "standard_error": error}
    )


def fitted(target: float) -> float:
    """Return the gradient at which visits near the goal are `target` times those at the start, between points."""
    found = [measured({"rewards.gradient": gradient}).ours[NEAR] for gradient in GRID]
    if not min(found) <= target <= max(found):
        raise SystemExit(f"{target:.4g} lies outside what the gradients reach: {min(found):.4g} to {max(found):.4g}")
    return float(np.interp(target, found, GRID))


def main() -> None:
    """Fit, predict, and write what was found."""
    targets = pd.read_csv(Path(__file__).with_name("targets.csv"))
    gradient = fitted(float(targets.theirs[targets.use == "fitted"].iloc[0]))
    settings = {
        "placebo": PLACEBO,
        "placebo, baskets alike": {**PLACEBO, "population.basket_spread": 0.0},
        "placebo, no cost of switching": {**PLACEBO, "switching_cost.switching_weight": 0.0},
        "default": {},
        "fitted": {"rewards.gradient": gradient},
        "fitted, nothing begun": {"rewards.gradient": gradient, "rewards.begun": 0.0, "rewards.out_of_mind": 0.0},
    }
    tables = {name: measured(changes) for name, changes in settings.items()} | {"plain cards": more_often()}
    found = pd.concat({name: table.reset_index() for name, table in tables.items()}, names=["setting", "row"])
    found = found.reset_index()[["setting", "measure", "ours", "standard_error"]]
    found["gradient"] = found.setting.map(lambda name: settings.get(name, {}).get("rewards.gradient", np.nan))
    found.round(4).to_csv(Path(__file__).with_name("results.csv"), index=False)
    print(found.round(4).to_string(index=False))


if __name__ == "__main__":
    main()
