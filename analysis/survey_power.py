# %% [markdown]
# # How far can the interval of a satisfaction index be trusted, and what difference does a survey see?
#
# Reads the results of `patronage run experiments/survey_power.toml`, with answers of a quarter. Every replication is
# a survey of its own, of other people, so that what a firm would conclude from one can be counted over all of them.
# The interval is the naive one: of answers as if they were a random sample of independent people.
# The cells (`# %%`) open as a notebook in editors that know the percent format, and the file runs as a script:
# `python analysis/survey_power.py [RESULTS] [PICTURE]`.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

import abm
from abm.value.indices import satisfaction_index
from abm.view import plots

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = [Path(a) for a in sys.argv[1:]]
FOLDER = ARGUMENTS[0] if ARGUMENTS else ROOT / "experiments" / "results" / "survey_power"
PICTURE = ARGUMENTS[1] if len(ARGUMENTS) > 1 else None
CONFIDENCE = 0.95
SAMPLING = "firms.north.survey.sampling"
ITEMS = ["answer_overall", "answer_expected", "answer_ideal"]
POINTS = {"as_usual": 0, "plus_1": 1, "plus_2": 2, "plus_5": 5}

# %% [markdown]
# The index of each survey, with its naive standard error, and what all visitors of the same weeks felt.

# %%
results = abm.read(FOLDER)
log = results.visits
log = log[log["firm"] == "north"]
keys = [SAMPLING, "arm", "replication"]
by_week = results.periods[results.periods["firm"] == "north"].set_index([*keys, "period"])["csi"]
visits = log.groupby([*keys, "period"], observed=True).size()
felt = (by_week.reindex(visits.index) * visits).groupby(level=keys, observed=True).sum()
felt /= visits.groupby(level=keys, observed=True).sum()


def error_by_person(said: pd.DataFrame, index: float) -> float:
    """Return the standard error of the index if people, and not their answers, are independent."""
    own = (said[ITEMS].mean(axis=1) - 1.0) / 9.0 * 100.0 - index
    people = own.groupby(said["customer"]).sum()
    return float(np.sqrt((people**2).sum() * len(people) / max(len(people) - 1, 1)) / len(said))


rows = []
for key, said in log[log["answered"] > 0].groupby(keys, observed=True):
    if len(said) > 1:
        index = satisfaction_index(said[ITEMS])
        by_person = error_by_person(said, index.value)
        rows.append((*key, index.n, index.value, index.standard_error, by_person, felt[key]))
surveys = pd.DataFrame(
    rows, columns=["sampling", "arm", "replication", "answers", "index", "error", "by_person", "felt"]
)
largest = surveys["sampling"].max()
at_random = surveys[(surveys["arm"] == "at_random") & (surveys["sampling"] == largest)]["index"].mean()

# %% [markdown]
# Coverage: how often the naive interval holds what it is taken for. `felt` is the mean satisfaction of all visitors,
# which two of the three questions are not about; `everybody` the index if all answered alike readily (mean of
# `at_random`, largest sample); `own` the mean of the surveys themselves, so that only chance is left; `own_by_person`
# the same with the error that counts people, of whom some answer several times, and not answers.

# %%
z = float(ndtri(0.5 + CONFIDENCE / 2))


def holds(truth: pd.Series | float, part: pd.DataFrame, error: str = "error") -> float:
    """Return how often the interval holds a truth, share of surveys."""
    return float((np.abs(part["index"] - truth) <= z * part[error]).mean())


table = []
for (sampling, arm), part in surveys[surveys["arm"].isin(["as_usual", "at_random"])].groupby(["sampling", "arm"]):
    mean, spread = part["index"].mean(), part["index"].std(ddof=1)
    means = {"answers": part["answers"].mean(), "naive_error": part["error"].mean()}
    means |= {"error_by_person": part["by_person"].mean(), "true_error": spread}
    biases = {"less_felt": (part["index"] - part["felt"]).mean(), "less_everybody": mean - at_random}
    shares = {"felt": holds(part["felt"], part), "everybody": holds(at_random, part), "own": holds(mean, part)}
    shares["own_by_person"] = holds(mean, part, "by_person")
    table.append({"sampling": sampling, "arm": arm, **means, **biases, **shares, "surveys": len(part)})
coverage = pd.DataFrame(table)
print("coverage of the naive interval")
print(coverage.round(3).to_string(index=False))

# %% [markdown]
# Power: how often two independent surveys, one before and one after service was better by so many points of what is
# felt, differ significantly. Each pair of surveys is of two replications, so of other people; 0 points is false alarm.

# %%
found = []
for sampling, part in surveys.groupby("sampling"):
    before = part[part["arm"] == "as_usual"].set_index("replication")
    for arm, points in POINTS.items():
        after = part[part["arm"] == arm].set_index("replication")
        pairs = [(i, j) for i in before.index for j in after.index if i != j]
        one, two = before.loc[[i for i, _ in pairs]], after.loc[[j for _, j in pairs]]
        differ = two["index"].to_numpy() - one["index"].to_numpy()
        error = np.hypot(one["error"].to_numpy(), two["error"].to_numpy())
        seen = 2 * (1 - ndtr(np.abs(differ) / np.where(error > 0, error, np.nan))) < 1 - CONFIDENCE
        found.append(
            {
                "sampling": sampling,
                "points": points,
                "seen_difference": differ.mean(),
                "power": (seen & (differ > 0)).mean() if points else seen.mean(),
                "pairs": len(pairs),
            }
        )
power = pd.DataFrame(found)
print("\npower of two surveys to see a difference (of 0 points: false alarms)")
print(power.round(3).to_string(index=False))

# %%
with plots.style():
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    usual = coverage[coverage["arm"] == "as_usual"]
    for name in ("felt", "everybody", "own"):
        left.plot(usual["sampling"], usual[name], marker="o", label=name)
    left.axhline(CONFIDENCE, color="0.6", linewidth=1)
    left.set_title("How often the interval holds what it is taken for", loc="left", fontweight="bold")
    left.set_ylabel("share of surveys")
    for points, part in power[power["points"] > 0].groupby("points"):
        right.plot(part["sampling"], part["power"], marker="o", label=f"{points} points")
    right.set_title("How often a difference is seen", loc="left", fontweight="bold")
    right.set_ylabel("share of pairs of surveys")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xticks(usual["sampling"], [f"{share:g}" for share in usual["sampling"]])
        axes.minorticks_off()
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("visitors who are asked (share)")
        axes.legend()
if PICTURE is not None:
    figure.savefig(PICTURE, dpi=110)
