# %% [markdown]
# # How far does the verdict on loyalty programmes hang on weights that nobody has measured?
#
# Takes `experiments/loyalty_programs.toml`, scales one weight at a time, gives every arm its budget again in each of
# these markets, and says what each arm earns more than doing nothing, and at which weight the order of arms turns.
# `python analysis/loyalty_weights.py [--out FOLDER] [--customers N] [--replications N] [--weight PATH]`; the table goes
# to FOLDER/weights.csv. Runs are kept in FOLDER, so that the same command goes on where it was stopped.

# %%
import argparse
import sys
from pathlib import Path

import pandas as pd

import abm

ROOT = Path(__file__).resolve().parents[1]
SCALES = {  # by which each weight is multiplied
    "pricing.price_sensitivity": (0.5, 0.75, 1.5, 2.0),
    "choice.attraction": (0.5, 2.0),
    "taste.taste_spread": (0.5, 2.0),
    "perceived_value.value_weight": (0.5, 2.0),
    "switching_cost.switching_weight": (0.5, 2.0),
    "rewards.progress_weight": (0.5, 2.0),
    "rewards.gradient": (0.5, 2.0),
}
LEFT_OUT = ("stamp_card", "endowed_stamp_card")  # they earn what points earn, or nearly so
PAIRS = (("service_quality", "none"), ("service_quality", "price_cut"), ("price_cut", "none"), ("price_cut", "tiers"))

asked = argparse.ArgumentParser()
asked.add_argument("--out", type=Path, default=ROOT / "experiments" / "results" / "loyalty_weights")
asked.add_argument("--customers", type=int, default=2000)
asked.add_argument("--periods", type=int, default=156)
asked.add_argument("--replications", type=int, default=16)
asked.add_argument("--weight", action="append", choices=tuple(SCALES))
given = asked.parse_args()

# %%
study = abm.load(ROOT / "experiments" / "loyalty_programs.toml")
size = {"population.customers": given.customers, "periods": given.periods, "burn_in": given.periods // 3}
study = study.replace(
    scenario=study.scenario.replace(size),
    arms={name: settings for name, settings in study.arms.items() if name not in LEFT_OUT},
    expect=(),
    replications=given.replications,
)
arms = [name for name in study.arms if name != "none"]
weights = given.weight or list(SCALES)


def earned(weight: str, scale: float) -> dict[str, float]:
    """Return what each arm earns more than `none`, cu per customer and year, and half the width of its interval."""
    changes = {} if scale == 1 else {weight: study.scenario.value_at(weight) * scale}
    market = study.replace(scenario=study.scenario.replace(changes))
    store = given.out / (f"{weight}_{scale:g}" if changes else "as_shipped_1")
    try:
        market = abm.matched(market, store=store, workers=1).experiment
    except abm.Refusal as refusal:  # there is no such budget in this market
        print(f"{weight} x {scale:g}: {refusal}", file=sys.stderr)
        return {}
    results = abm.run(market, store=store, workers=1)
    pairs = {arm: results.paired("profit", arm, against="none") for arm in arms}
    return {arm: pair.mean for arm, pair in pairs.items()} | {
        f"{arm} +-": (pair.high - pair.low) / 2 for arm, pair in pairs.items()
    }


rows = []
for weight in weights:
    for scale in sorted((1.0, *SCALES[weight])):
        value = study.scenario.value_at(weight) * scale
        rows.append({"weight": weight, "scale": scale, "value": value, **earned(weight, scale)})
        print(f"{weight} = {value:g}", file=sys.stderr, flush=True)
table = pd.DataFrame(rows)
table["best"] = table[arms].assign(none=0.0).idxmax(axis=1)
given.out.mkdir(parents=True, exist_ok=True)
table.to_csv(given.out / "weights.csv", index=False)
print(table[["weight", "value", *arms, "best"]].round(3).to_string(index=False))


# %% [markdown]
# Where two arms change places: the weight at which the line between two neighbouring settings crosses 0.


# %%
def crossings(weight: str, first: str, second: str) -> list[float]:
    """Return the weights at which two arms earn the same, within what was tried."""
    tried = table[table["weight"] == weight].assign(none=0.0).dropna(subset=[first])
    ahead, at = (tried[first] - tried[second]).to_numpy(), tried["value"].to_numpy()
    turns = [k for k in range(len(ahead) - 1) if ahead[k] * ahead[k + 1] < 0]
    return [float(at[k] + (at[k + 1] - at[k]) * ahead[k] / (ahead[k] - ahead[k + 1])) for k in turns]


for weight in weights:
    for first, second in PAIRS:
        for value in crossings(weight, first, second):
            print(f"{weight}: {first} and {second} change places at {value:.3g}")
