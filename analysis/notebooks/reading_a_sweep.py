# %% [markdown]
# # Reading a sweep
#
# **Question.** Nobody knows how often people talk, nor how much they mind prices. Is points or better service the
# better choice *wherever* the truth may lie?
#
# A sweep compares the arms at many points of what nobody knows. This notebook goes from its tables to an answer with
# pandas and seaborn.

# %%
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, POINTS, REPLICATIONS = 500, 104, 26, 24, 4

# %%
TALK, PRICE = "word_of_mouth.contact_rate", "pricing.price_sensitivity"
study = abm.Experiment(
    name="sweep",
    scenario=abm.Scenario(population=abm.Population(customers=CUSTOMERS), periods=PERIODS, burn_in=BURN_IN),
    arms={
        "none": {},
        "points": {"firms.north.program": abm.points_program()},
        "service": {"firms.north.service.quality": 0.8},
    },
    design=abm.latin_hypercube({TALK: (0.0, 0.5), PRICE: (3.0, 14.0)}, points=POINTS),
    kpis=("profit", "market_share", "csi"),
    replications=REPLICATIONS,
    seed=11,
)
results = abm.run(study, workers=1)
print(len(study), "runs;", len(results.runs), "rows, one for each run and firm")
results.runs.head(3)

# %% [markdown]
# ## From rows to paired differences
#
# Arms share their luck within a point and a replication, so subtract there, before anything is averaged.

# %%
north = results.runs[results.runs["firm"] == "north"]
wide = north.pivot(index=["point", "replication", TALK, PRICE], columns="arm", values="profit")
gain = wide[["points", "service"]].sub(wide["none"], axis=0).reset_index()
gain.head(3)

# %% [markdown]
# What would be lost without pairing? The spread of a difference between two runs of different luck is that of the
# levels.

# %%
paired = gain.groupby("point")["service"].std().mean()
unpaired = (north.groupby(["arm", "point"], observed=True)["profit"].std().groupby("point").mean() * 2**0.5).mean()
print(f"standard deviation within a point: {paired:.2f} paired, {unpaired:.2f} if luck were not shared")

# %% [markdown]
# ## Where does which arm win?

# %%
by_point = gain.groupby(["point", TALK, PRICE])[["points", "service"]].mean().reset_index()
long = by_point.melt(["point", TALK, PRICE], ["points", "service"], "arm", "gain")
figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
for ax, factor in zip(axes, (TALK, PRICE), strict=True):
    sns.scatterplot(long, x=factor, y="gain", hue="arm", hue_order=list(study.arms), ax=ax, legend=factor == TALK)
    ax.axhline(0, color="0.5", linewidth=1)
axes[0].set_ylabel("profit minus none (cu per customer and year)")
plt.show()

# %%
best = (
    by_point.set_index([TALK, PRICE])[["points", "service"]]
    .assign(none=0.0)
    .idxmax(axis=1)
    .rename("best")
    .reset_index()
)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
sns.scatterplot(best, x=TALK, y=PRICE, hue="best", hue_order=list(study.arms), s=90, ax=ax)
ax.set_title("the arm with the highest mean profit at each point")
sns.move_legend(ax, "upper left", bbox_to_anchor=(1, 1))
plt.show()
best["best"].value_counts().to_frame("points of the design")

# %% [markdown]
# **What one sees.** Along the price sensitivity the dots of both arms lie on a line, along the talk they scatter:
# prices decide, talk does not. Where customers mind prices little, points are given away to people who would have
# come anyway. The more they mind, the smaller the difference: dear firms lose customers whatever they do. The map
# says where which arm leads *on average over few replications*; where the arms are close, points may change hands
# with more of them.
#
# How surely? `abm.comparisons` judges all differences together, and `patronage compare --each-point` runs as many
# replications as each verdict takes.

# %%
overall = pd.DataFrame(
    [
        (arm, found.mean, found.low, found.high)
        for arm in ("points", "service")
        for found in [results.paired("profit", arm, against="none", firm="north")]
    ],
    columns=["arm", "difference", "low", "high"],
)
overall.round(3)

# %% [markdown]
# ## Exercises
#
# 1. Which of the two factors moves the gain of `service` more? Give a number for each.
# 2. Bin the price sensitivity into three equal parts and give the mean gain of each arm in each.
# 3. What is the regret of choosing `service` everywhere: what is lost, at the worst point, against the arm that is
#    best there?
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
print(by_point[[TALK, PRICE, "service"]].corr("spearman")["service"].drop("service").round(2))

# %% tags=["solution"] jupyter={"source_hidden": true}
thirds = pd.cut(by_point[PRICE], 3)
print(by_point.groupby(thirds, observed=True)[["points", "service"]].mean().round(2))

# %% tags=["solution"] jupyter={"source_hidden": true}
everywhere = by_point[["points", "service"]].assign(none=0.0)
regret = everywhere.max(axis=1) - everywhere["service"]
print(f"regret of service: {regret.mean():.2f} on average, {regret.max():.2f} at the worst point")
