# %% [markdown]
# # Which loyalty programme or service strategy?
#
# Reads the results of `patronage run experiments/loyalty_programs.toml` and looks where the report does not: what each
# arm returns per unit of money spent on its lever, and whether profit and satisfaction point the same way.
# The cells (`# %%`) open as a notebook in editors that know the percent format, and the file runs as a script:
# `python analysis/loyalty_programs.py [RESULTS] [PICTURE]`.

# %%
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import abm
from abm.view import plots, summary

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = [Path(a) for a in sys.argv[1:]]
FOLDER = ARGUMENTS[0] if ARGUMENTS else ROOT / "experiments" / "results" / "loyalty_programs"
PICTURE = ARGUMENTS[1] if len(ARGUMENTS) > 1 else None

# %%
results = abm.read(FOLDER)
effects = summary.effects(results)
wide = effects.pivot(index="arm", columns="kpi", values="difference").drop(index=results.baseline)

# %% [markdown]
# Return on the lever: profit gained per cu spent, both per customer of the market and year, against the same luck.

# %%
returns = pd.DataFrame(
    {
        "profit": wide["profit"],
        "spent": wide["lever_cost"],
        "profit_per_cu": wide["profit"] / wide["lever_cost"],
    }
).sort_values("profit_per_cu", ascending=False)
print(returns.round(3).to_string())

# %%
palette = plots.colours(results.arms, results.baseline)
with plots.style():
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    plots.effect_of_arms(effects, "profit", results.baseline, left, palette, numbers=False)
    for arm, row in wide.iterrows():
        right.scatter(row["csi"], row["profit"], color=palette[arm], s=60, zorder=3)
    right.axhline(0.0, color="0.6", linewidth=1)
    right.axvline(0.0, color="0.6", linewidth=1)
    right.margins(0.15)
    right.set_title("Profit and satisfaction, same colours", loc="left", fontweight="bold")
    right.set_xlabel(f"difference in CSI ({summary.unit('csi')})")
    right.set_ylabel("difference in profit (cu per customer and year)")
if PICTURE is not None:
    figure.savefig(PICTURE, dpi=110)
