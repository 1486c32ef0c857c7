# %% [markdown]
# # A first hour
#
# **Question.** A firm can give points, or it can serve better. What do customers do, and which earns it more?
#
# You will run one market, look at it, compare three policies on the same customers with the same luck, and read the
# answer with its interval. Every cell takes seconds; the first one that runs a market compiles it, which takes
# longer.

# %%
import matplotlib.pyplot as plt
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, REPLICATIONS = 1000, 156, 52, 20

# %% [markdown]
# ## One market
#
# A scenario is the world: how many customers, which firms, how long. What you do not say has a default, and every
# default says what stands behind it.

# %%
scenario = abm.Scenario(
    population=abm.Population(customers=CUSTOMERS),
    periods=PERIODS,
    burn_in=BURN_IN,
    firms=(abm.Firm(name="north"), abm.Firm(name="south")),
)
scenario

# %%
weeks = abm.simulate(scenario, seed=1)  # tidy: a row per period and firm
weeks[["period", "firm", "market_share", "csi"]].tail(4)

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
for ax, kpi in zip(axes, ("market_share", "csi"), strict=True):
    sns.lineplot(weeks, x="period", y=kpi, hue="firm", ax=ax)
    ax.axvline(BURN_IN, color="0.6", linestyle=":")
    ax.set_title(kpi)
plt.show()

# %% [markdown]
# **What one sees.** Two firms that are alike share the market, and their shares wander with luck from week to week.
# Satisfaction begins where expectations were and settles with experience. What lies before the dotted line, the
# burn-in, is left out of every measurement below.

# %% [markdown]
# ## Three policies, the same luck
#
# An *arm* is what a firm chooses. All arms of a replication have the same customers with the same needs and moods, so
# that a difference between arms is what the policy did.

# %%
study = abm.Experiment(
    name="first_hour",
    scenario=scenario,
    arms={
        "none": {},
        "points": {"firms.north.program": abm.points_program()},
        "service": {"firms.north.service.quality": 0.8},
    },
    kpis=("profit", "share_of_wallet", "retention_rate", "csi", "lever_cost"),
    replications=REPLICATIONS,
    seed=2026,
)
results = abm.run(study)  # with store="results/first_hour" it is kept, and goes on where it stopped
results

# %%
for arm in ("points", "service"):
    print(results.paired("profit", arm, against="none", firm="north"))

# %%
table = results.table()  # a row per KPI and arm, with paired differences and their 95 % intervals
shown = table[table["arm"] != "none"]
grid = sns.FacetGrid(shown, col="kpi", sharex=False, height=2.6, aspect=1)
for kpi, ax in grid.axes_dict.items():
    for row in shown[shown["kpi"] == kpi].itertuples():
        ax.plot([row.low, row.high], [row.arm] * 2, linewidth=3)
        ax.plot(row.difference, row.arm, "o", color="black")
    ax.axvline(0, color="0.5")
    ax.set_title(kpi)
    ax.margins(y=0.5)
grid.set_axis_labels("minus none", "")
plt.show()

# %% [markdown]
# **What one sees.** An interval that does not touch the grey line is a difference that luck alone does not make. Read
# `profit` beside `lever_cost`: a policy can raise share of wallet and still cost more than it brings. Arms here do
# not cost the same; how they are given one budget is in `docs/how-to/budgets.md`.
#
# How much did it help that both arms had the same luck? `saving` says how many times as many runs the same precision
# would have taken with luck of their own.

# %%
print(f"saving: {results.paired('profit', 'service', against='none', firm='north').saving:.1f} times")

# %% [markdown]
# ## Exercises
#
# 1. Give `south` a points programme, too, in a fourth arm. Does it take back what north's points gained?
# 2. Halve the customers' price sensitivity (`pricing.price_sensitivity`). Does better service still pay?
# 3. Which arm is best, with 95 % confidence, if a difference of 2 cu per customer and year does not matter?
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
both = {"firms.north.program": abm.points_program(), "firms.south.program": abm.points_program()}
answer = abm.run(study.replace(arms={**study.arms, "both": both}))
print(answer.paired("share_of_wallet", "points", against="none", firm="north"))
print(answer.paired("share_of_wallet", "both", against="none", firm="north"))

# %% tags=["solution"] jupyter={"source_hidden": true}
usual = scenario.value_at("pricing.price_sensitivity")
insensitive = study.replace(scenario=scenario.replace({"pricing.price_sensitivity": usual / 2}))
print(abm.run(insensitive).paired("profit", "service", against="none", firm="north"))

# %% tags=["solution"] jupyter={"source_hidden": true}
print(abm.compare(study, "profit", zone=2.0, max_runs=90))
