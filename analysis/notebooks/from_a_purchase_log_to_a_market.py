# %% [markdown]
# # From a purchase log to a market
#
# **Question.** A shop has a list of who bought when and for how much. What does it say of its customers, can
# simulated customers stand in for them, and whom would a programme move?
#
# The shipped log `cdnow` has 18 months of purchases in an online shop. We fit its first 39 weeks and look at the
# rest.

# %%
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, REPLICATIONS, COPIES = 2000, 104, 52, 10, 10

# %% [markdown]
# ## What the log says

# %%
people = abm.Population(customers=CUSTOMERS, log="cdnow", log_until="1997-09-30")
reading = people.log_file(None).reading()
print(reading.describe())
reading.fit.estimates()

# %% [markdown]
# Each customer has a purchase rate, a basket and a chance of dropping out; the estimates say how these are spread. A
# wide interval is something the log does not know.

# %% [markdown]
# ## Do simulated customers behave like these?
#
# The model was fitted until the dotted line. What lies to its right was not used.

# %%
track = abm.against_log(people, seed=1, copies=COPIES)
weeks = track.weeks.reset_index()
long = weeks.melt("week", ["observed", "simulated"], "whose", "repeat purchases")
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
sns.lineplot(long, x="week", y="repeat purchases", hue="whose", ax=left)
left.axvline(weeks.loc[weeks["fitted"], "week"].max(), color="0.5", linestyle=":")
track.counts.rename(index={7: "7+"}).plot.bar(
    ax=right, rot=0, xlabel="repeat purchases of a customer", ylabel="customers"
)
plt.show()
print(f"off at the end of the log: {100 * track.error(int(weeks['week'].max())):+.1f} %")

# %% [markdown]
# **What one sees.** Left, repeat purchases added up: where the two lines part to the right of the dots, the forecast
# is off. Right, how many customers bought again how often: most never did. A model that gets both is good enough to
# ask what a policy does to such customers; it is no proof that it would do so in a shop of today.

# %% [markdown]
# ## Whom would a programme move?
#
# Customers of the log drop out, so newcomers take their places. Groups are the same persons in every arm.

# %%
study = abm.Experiment(
    name="from_a_log",
    scenario=abm.Scenario(population=people, renewal={"vacancy": 0, "every": 26}, periods=PERIODS, burn_in=BURN_IN),
    arms={"none": {}, "points": {"firms.north.program": abm.points_program()}},
    groups={"rate": {"by": "purchase_rate", "parts": 3}},
    kpis=("profit", "share_of_wallet"),
    replications=REPLICATIONS,
    seed=4,
)
results = abm.run(study, workers=1)
rows = [
    (group, kpi, effect.mean, effect.low, effect.high)
    for group in results.groups
    for kpi in ("share_of_wallet", "profit")
    for effect in [results.paired(kpi, "points", against="none", firm="north", group=group)]
]
effects = pd.DataFrame(rows, columns=["group", "kpi", "difference", "low", "high"])
effects.round(3)

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
for ax, (kpi, part) in zip(axes, effects.groupby("kpi"), strict=True):
    ax.hlines(part["group"], part["low"], part["high"], linewidth=3)
    ax.plot(part["difference"], part["group"], "o", color="black")
    ax.axvline(0, color="0.5")
    ax.set_title(f"{kpi}: points minus none")
plt.show()

# %% [markdown]
# **What one sees.** The thirds differ in how much there is to move. Profit is per customer of the group, and heavy
# buyers buy more, so the same change of share is worth more with them, and so are the rewards that would have been
# earned anyway.

# %% [markdown]
# ## Exercises
#
# 1. Fit the whole log (leave `log_until` out). Which estimate moves most, in its own standard errors?
# 2. What is the share of revenue of the heaviest fifth, in the log and in the simulated market (`top_fifth_share`)?
# 3. Use a log of yours: columns are found by their headings (`docs/how-to/purchase-logs.md`).
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
early, whole = reading.fit.estimates(), abm.Population(log="cdnow").log_file(None).reading().fit.estimates()
moved = (whole["estimate"] - early["estimate"]) / early["standard_error"]
print(moved.sort_values(key=abs, ascending=False).round(1))

# %% tags=["solution"] jupyter={"source_hidden": true}
from abm.logs.concentration import top_share
from abm.logs.purchases import read_log, shipped

log = read_log(shipped("cdnow"))
spent = log.groupby("customer")["amount"].sum()
market = abm.simulate(study.scenario, seed=1, kpis=["top_fifth_share"])
print(f"log {top_share(spent, 0.2):.2f}, market {market['top_fifth_share'].mean():.2f}")

# %% tags=["solution"] jupyter={"source_hidden": true}
print("abm.Population(log='purchases.csv', log_columns={'customer': 'Kunde'}, log_dates='day_first')")
