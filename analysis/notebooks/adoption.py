# %% [markdown]
# # How a category is adopted, and who knows whom
#
# **Question.** Sales of something new begin slowly, rise and level off. How much of that curve is what each customer
# would do anyway, and how much is who knows whom?
#
# Rates of adoption are assumed here, within what has been published for durables.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, REPLICATIONS = 2000, 780, 4

# %% [markdown]
# ## The curve of Bass
#
# By `rule = "bass"` a customer adopts with a hazard of p a year, and q more once all her neighbours have. If everybody
# knows everybody, this is the curve that Bass wrote down: F' = (p + q F)(1 - F).

# %%
P, Q = 0.03, 0.38
new = abm.Scenario(
    periods=PERIODS,
    burn_in=0,
    population=abm.Population(customers=CUSTOMERS),
    adoption={"initial_adopters": 0.0, "innovation": P, "imitation": Q},
)
NETWORKS = {
    "random, 8 ties": {"kind": "erdos_renyi", "neighbours": 8},
    "small world, 8 ties": {"kind": "watts_strogatz", "neighbours": 8, "rewiring": 0.1},
    "ring, 2 ties": {"kind": "ring", "neighbours": 2},
}


def adopted(scenario, kpi="adoption_share"):
    """Return a measure of the market by year, in the mean over replications."""
    tables = [abm.simulate(scenario, seed=21, replication=k) for k in range(REPLICATIONS)]
    first = pd.concat([table[table["firm"] == table["firm"].iloc[0]] for table in tables])
    course = first.groupby("period")[kpi].mean()
    course.index = (course.index + 1) / scenario.periods_per_year
    return course


years = np.arange(PERIODS) / new.periods_per_year
grown = np.exp(-(P + Q) * years)
curves = {name: adopted(new.replace(network=network)) for name, network in NETWORKS.items()}
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.plot(years, (1 - grown) / (1 + Q / P * grown), color="0.3", linestyle="--", label="Bass, all know all")
for name, curve in curves.items():
    ax.plot(curve, label=name)
ax.plot(years, 1 - np.exp(-P * years), color="0.3", linestyle=":", label="nobody knows anybody")
ax.set(xlabel="years", ylabel="share who have adopted", title="The same customers on three graphs, and two limits")
ax.legend()
plt.show()

# %% [markdown]
# **What one sees.** All curves lie between two that can be written down: everybody knows everybody, and nobody knows
# anybody. The fewer and the more local the ties, the later the curve rises, as adopters have neighbours who have
# adopted already. A rate that is fitted to such a curve takes what the graph does for what customers are.

# %% [markdown]
# ## Thresholds: all, or hardly anybody
#
# By `rule = "threshold"` a customer adopts when the share of her neighbours who have reaches her own threshold. Nothing
# is left to chance but who begins: one customer in two hundred.

# %%
DEGREES = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12)
ends = []
for degree in DEGREES:
    cascade = new.replace(
        periods=60,
        network={"kind": "erdos_renyi", "neighbours": degree},
        adoption={"rule": "threshold", "threshold": 0.18, "initial_adopters": 0.005},
    )
    for k in range(REPLICATIONS):
        ends.append((degree, abm.simulate(cascade, seed=22, replication=k)["adoption_share"].iloc[-1]))
reached = pd.DataFrame(ends, columns=["ties", "share"])
figure, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
ax.plot(reached.groupby("ties")["share"].mean(), color="0.7", zorder=0)
ax.scatter(reached["ties"], reached["share"], alpha=0.7)
ax.set(xlabel="ties a customer, in the mean", ylabel="share in the end", title="Threshold 0.18, one in 200 begins")
plt.show()

# %% [markdown]
# With very few ties the graph falls apart and most are never reached. With many, one adopter is too small a part of
# anybody's neighbours. Between the two everybody follows, and the edge on the right is sharp: two markets that hardly
# differ end at opposite ends.

# %% [markdown]
# ## Stages
#
# Firms see none of this. They see sales, and call a market young, growing, mature or in decline by how these move.

# %%
grows = new.replace(network=NETWORKS["small world, 8 ties"])
figure, axes = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
axes[0].plot(adopted(grows, "adoption_rate").rolling(26).mean())
axes[0].set(ylabel="adoptions a year of\nthose who could")
table = abm.simulate(grows, seed=21)
stage = table[table["firm"] == table["firm"].iloc[0]].set_index("period")["life_cycle_stage"]
axes[1].step((stage.index + 1) / grows.periods_per_year, stage, where="post")
axes[1].set(xlabel="years", yticks=range(4), yticklabels=("introduction", "growth", "maturity", "decline"))
plt.show()

# %% [markdown]
# The hazard rises as long as neighbours adopt, and is noisy at the end, when few are left who could. The stage is told
# from two years of visits, so there is none at first; the market is called mature years after sales begin to level off.

# %% [markdown]
# ## Exercises
#
# 1. How many years does it take until half have adopted on each graph, and by the formula?
# 2. Let thresholds differ (`adoption.threshold_spread = 0.1`) at 8 ties. What becomes of the sharp edge?
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
formula = pd.Series((1 - grown) / (1 + Q / P * grown), index=years)
for name, curve in {"formula": formula, **curves}.items():
    half = curve[curve >= 0.5]
    print(f"{name:>20}: {half.index[0]:.1f} years" if len(half) else f"{name:>20}: not in {years[-1]:.0f} years")

# %% tags=["solution"] jupyter={"source_hidden": true}
for spread in (0.0, 0.05, 0.1):
    differing = new.replace(
        periods=60,
        network={"kind": "erdos_renyi", "neighbours": 8},
        adoption={
            "rule": "threshold", "threshold": 0.18, "threshold_spread": spread, "initial_adopters": 0.005,
        },
    )  # fmt: skip
    shares = [abm.simulate(differing, seed=22, replication=k)["adoption_share"].iloc[-1] for k in range(REPLICATIONS)]
    print(f"spread {spread:g}: {np.mean(shares):.3f} have adopted")
print("A few with low thresholds carry on what would have stopped.")
