# %% [markdown]
# # A mechanism of your own
#
# **Question.** Suppose customers grow fond of variety: after several visits in a row to the same firm they long for a
# change. What does that do to repeat purchase, and does a loyalty programme still pay?
#
# You will write the theory as an equation, a loop around it, and a class that says when it acts; let it be checked
# entry by entry; and compare two markets that differ in nothing else.

# %%
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, REPLICATIONS = 1000, 104, 26, 10

# %% [markdown]
# ## 1. The equation
#
# Satiation grows with every visit to the same firm and is gone after a visit elsewhere. What it takes from the
# utility of the provider approaches a ceiling. A function of numbers can be checked by hand, and drawn.


# %%
@abm.equation
def longing(run, half, ceiling):
    """Return the utility lost to satiation after a run of visits to the same firm."""
    return ceiling * run / (run + half)


assert abs(float(longing(np.float32(3.0), np.float32(3.0), np.float32(2.0))) - 1.0) < 1e-6
runs = np.arange(0, 21, dtype=np.float32)
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(runs, [longing(run, np.float32(3.0), np.float32(1.5)) for run in runs], "o-")
ax.set_xlabel("visits in a row to the same firm")
ax.set_ylabel("utility lost (logit units)")
plt.show()

# %% [markdown]
# ## 2. The kernels
#
# What a parameter is called is what it is: `visit_firm` is the firm of each visit, `visit_provider` the customer's
# provider before it, `utility` a sum to which every theory adds its own term.


# %%
@abm.kernel
def count_the_run(same_again, visit_count, visit_customer, visit_firm, visit_provider):
    """Count visits in a row to the same firm.  same_again (n,)  visits  [written]"""
    for v in range(visit_count[0]):
        i = visit_customer[v]
        same_again[i] = same_again[i] + 1.0 if visit_firm[v] == visit_provider[v] else 0.0


@abm.kernel
def long_for_change(utility, same_again, provider, half, ceiling, lo, hi):
    """Take longing off the utility of the provider.  utility (m, tile)  logit units  [written]"""
    for i in range(lo, hi):
        if provider[i] >= 0:
            utility[provider[i], i - lo] -= longing(same_again[i], half, ceiling)


# %% [markdown]
# ## 3. The mechanism


# %%
class Variety(abm.Mechanism):
    """Customers long for a change after several visits to the same firm."""

    name = "variety"
    owns: ClassVar = (abm.Column("same_again", ("customer",), 0.0, "visits", "visits in a row to the same firm"),)
    half: float = abm.param(
        3.0, unit="visits", bounds=(0.1, 100), evidence="assumed", doc="visits after which half of it is felt"
    )
    ceiling: float = abm.param(
        1.5, unit="logit units", bounds=(0, 10), evidence="assumed", doc="utility lost in the end"
    )

    def schedule(self, policies):
        """Return the term of utility, and the count."""
        return ((abm.Phase.VALUATION, long_for_change), (abm.Phase.LEARNING, count_the_run))


usual = abm.Scenario(population=abm.Population(customers=CUSTOMERS), periods=PERIODS, burn_in=BURN_IN)
fickle = usual.adding(Variety())
abm.check_kernels(fickle)  # follows every kernel entry by entry; says nothing if nothing is wrong

# %% [markdown]
# ## 4. Two markets that differ in nothing else
#
# The luck of all other theories is what it was without the new one, so a difference is the theory's doing.

# %%
arms = {"none": {}, "points": {"firms.north.program": abm.points_program()}}
kpis = ("repeat_rate", "share_of_wallet", "market_share", "profit")
found = {}
for title, scenario in (("usual", usual), ("fickle", fickle)):
    study = abm.Experiment(name=title, scenario=scenario, arms=arms, kpis=kpis, replications=REPLICATIONS, seed=3)
    found[title] = abm.run(study, workers=1)
for title, results in found.items():
    own = results.runs.query("firm == 'north' and arm == 'none'")
    print(
        f"{title:7} repeat rate {own['repeat_rate'].mean():.3f}   share of wallet {own['share_of_wallet'].mean():.3f}"
    )

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for ax, kpi in zip(axes, ("share_of_wallet", "profit"), strict=True):
    for title, results in found.items():
        effect = results.paired(kpi, "points", against="none", firm="north")
        ax.plot([effect.low, effect.high], [title] * 2, linewidth=3)
        ax.plot(effect.mean, title, "o", color="black")
    ax.axvline(0, color="0.5")
    ax.set_title(f"{kpi}: points minus none")
    ax.margins(y=0.5)
plt.show()

# %% [markdown]
# **What one sees.** The repeat rate falls, and wallets are shared out more. Whether the programme earns more or less
# than in the usual market is told by the two intervals; where they overlap widely, the theory has not changed the
# verdict.

# %% [markdown]
# ## Exercises
#
# 1. Let customers be fickle in degrees: sweep `variety.ceiling` from 0 to 3 and draw the repeat rate. What must it be
#    at 0, and is it?
# 2. Make a KPI: the mean run of visits of each firm's customers.
# 3. Break it on purpose: read `visit_firm[visit_count[0]]` in a copy of `count_the_run`. What does `check_kernels`
#    say?
#
# Solutions are below, folded. How a study file names such a theory: `docs/how-to/own-theories-in-studies.md`.

# %% tags=["solution"] jupyter={"source_hidden": true}
levels = abm.Experiment(
    name="degrees", scenario=fickle, design=abm.grid({"variety.ceiling": [0.0, 1.0, 2.0, 3.0]}), kpis=("repeat_rate",),
    replications=3, seed=3,
)  # fmt: skip
rows = abm.run(levels, workers=1).runs.query("firm == 'north'")
print(rows.groupby("variety.ceiling")["repeat_rate"].mean().round(3))
plain = abm.Experiment(name="degrees", scenario=usual, kpis=("repeat_rate",), replications=3, seed=3)
at_zero = rows[rows["variety.ceiling"] == 0.0]["repeat_rate"].to_numpy()
print(
    "the usual market, to the last bit:", (abm.run(plain).runs.query("firm == 'north'")["repeat_rate"] == at_zero).all()
)


# %% tags=["solution"] jupyter={"source_hidden": true}
@abm.reading(unit="visits")
def mean_run(world):
    """Mean run of visits of customers whose provider is the firm."""
    of = [world.customers.same_again[world.customers.provider == j] for j in range(len(world.customers.trust))]
    return np.array([run.mean() if run.size else np.nan for run in of])


measured = abm.Experiment(name="runs", scenario=fickle, kpis=("repeat_rate", mean_run), replications=2, seed=3)
print(abm.run(measured, workers=1).runs[["replication", "firm", "repeat_rate", "mean_run"]].round(2))


# %% tags=["solution"] jupyter={"source_hidden": true}
@abm.kernel
def read_too_far(same_again, visit_count, visit_customer, visit_firm):
    """Read a visit that is not on the list.  same_again (n,)  visits  [written]"""
    for v in range(visit_count[0]):
        same_again[visit_customer[v]] = visit_firm[v + 1]


class Broken(Variety):
    """Reads one visit too far."""

    def schedule(self, policies):
        """Return the broken kernel."""
        return ((abm.Phase.LEARNING, read_too_far),)


try:
    abm.check_kernels(usual.adding(Broken()))
except abm.Refusal as refusal:
    print(refusal)
