# %% [markdown]
# # What rivals do about each other
#
# **Question.** A price cut that pays while rivals look on may not pay once they cut too. What would each firm do if it
# knew what the other does, and is it the same for a weak firm as for a strong one?
#
# How far a stance moves a lever is assumed throughout: the notebook shows how such a question is worked with.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

import abm
from abm.view.game import payoff

sns.set_theme(style="whitegrid", palette="colorblind")
studies = Path(abm.__file__).parents[1] / "experiments"

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, REPLICATIONS = 1000, 130, 52, 8

# %% [markdown]
# ## A table of profits
#
# Two firms may each stay as they are, cut their price by a tenth, or serve better. All nine combinations are run with
# the same customers and the same luck. A ring marks what is not shown to pay a firm less than something else in its
# column, a frame what is an equilibrium.

# %%
market = abm.Scenario(
    periods=PERIODS,
    burn_in=BURN_IN,
    population=abm.Population(customers=CUSTOMERS),
    firms=(abm.Firm(name="north"), abm.Firm(name="south")),
)
moves = abm.Experiment(
    name="moves",
    scenario=market,
    arms={
        "stay": {},
        "cut_price": {"firms.north.price": 0.9},
        "serve_better": {"firms.north.service.quality": 0.85},
    },
    replications=REPLICATIONS,
    seed=11,
)
found = abm.game(moves, ["north", "south"], workers=1)
figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for ax, firm in zip(axes, ("north", "south"), strict=True):
    payoff(found, firm, ax)
plt.show()
print(found.statement)

# %% [markdown]
# **What one sees.** To cut the price pays nobody, whatever the other does. If both serve better, neither gains by going
# back alone, and both earn less than if both had stayed as they are: what is best for each need not be best for both.
# With few replications best responses are undecided, and `found.responses` says which.

# %%
found.responses

# %% [markdown]
# ## The weak and the strong
#
# The shipped study `attack_defend_retreat`, smaller. North is weak: fewer know it, it serves less well and fails more
# often. East is strong. Each in turn takes a stance while the others watch.

# %%
shipped = abm.load(studies / "attack_defend_retreat.toml")
sizes = {"population.customers": CUSTOMERS, "periods": PERIODS, "burn_in": BURN_IN}
stances = abm.run(
    shipped.replace(
        scenario=shipped.scenario.replace(sizes), expect=(), replications=REPLICATIONS, design=abm.Design()
    ),
    workers=1,
)
rows = []
for firm, strength in (("north", "weak"), ("east", "strong")):
    for stance in ("attacks", "defends", "retreats"):
        against = stances.paired("profit", f"{strength}_{stance}", against="all_watch", firm=firm)
        rows.append((strength, stance, against.mean, against.low, against.high))
gains = pd.DataFrame(rows, columns=["firm", "stance", "gain", "low", "high"])
figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True, layout="constrained")
for ax, (strength, own) in zip(axes, gains.groupby("firm", sort=False), strict=True):
    ax.errorbar(own.stance, own.gain, [own.gain - own.low, own.high - own.gain], fmt="o", capsize=4)
    ax.axhline(0, color="0.5")
    ax.set(title=f"The {strength} firm")
axes[0].set_ylabel("profit against watching,\ncu/customer/year")
plt.show()

# %% [markdown]
# A lower price costs a strong firm the margin on all who would have come anyway; a weak one has few of those, and wins
# from the others. To retreat saves money and gives up customers, which a weak firm has too few of to lose.

# %% [markdown]
# ## What an attack looks like
#
# North attacks for half a year. Its share rises while it lasts, and part of it stays: who has come once remembers what
# it was like, and has something to lose by going.

# %%
begins = BURN_IN + (PERIODS - BURN_IN) // 4
fight = {"name": "fight", "from": begins, "until": begins + 26, "set": {"firms.north.competition.stance": "attack"}}
calm = shipped.scenario.replace({**sizes, "firms.north.competition.stance": "watch"})
shares = {}
for name, scenario in (("watches", calm), ("attacks for half a year", calm.replace({"changes": [fight]}))):
    tables = [abm.simulate(scenario, seed=12, replication=k) for k in range(REPLICATIONS)]
    north = pd.concat(tables).query("firm == 'north'").groupby("period")["visit_share"].mean()
    shares[name] = north.rolling(8).mean()
figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
pd.DataFrame(shares).plot(ax=ax)
ax.axvspan(begins, begins + 26, color="0.9", zorder=0)
ax.set(xlabel="period", ylabel="share of visits, mean of 8 weeks", title="North's share; grey: the attack")
plt.show()

# %% [markdown]
# ## Exercises
#
# 1. Does the price cut pay if the rival cuts too? Find it in `found.table`.
# 2. Let customers notice prices half as much again (`pricing.price_sensitivity`). What becomes of the best responses?
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
own = found.table.query("firm == 'north' and rivals == 'cut_price'")
print(own[["strategy", "rivals", "mean", "low", "high"]].round(2).to_string(index=False))
print("Compare cut_price with stay: both against a rival who cuts.")

# %% tags=["solution"] jupyter={"source_hidden": true}
keen = market.replace({"pricing.price_sensitivity": 1.5 * market.pricing.price_sensitivity})
again = abm.game(moves.replace(scenario=keen), ["north", "south"], workers=1)
print(again.responses.to_string(index=False))
