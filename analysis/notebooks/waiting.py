# %% [markdown]
# # Waiting, and what is felt of it
#
# **Question.** Customers do not judge a wait by the clock. What makes it feel long, what may it cost to make it feel
# shorter, and how many servers does a counter need in the first place?
#
# All sizes of what is felt are assumed: this notebook shows how such a claim is worked with, and not that one of its
# remedies is better than a server.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

import abm
from abm.queues.impatience import impatient_line
from abm.queues.planning import servers_for

sns.set_theme(style="whitegrid", palette="colorblind")
studies = Path(abm.__file__).parents[1] / "experiments"

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, REPLICATIONS = 1200, 104, 52, 4

# %% [markdown]
# ## How many servers? The formula, and the day
#
# In this market visitors join whatever they see and leave when their patience ends (20 minutes in the mean), which is
# the line of Erlang A. The planner answers from the rate of arrivals alone; the simulated day begins empty, ends, and
# has visitors who come less often to a firm at which they could not stay.

# %%
SERVICE, PATIENCE, WITHIN = 8.0, 20.0, 5.0
counter = abm.Scenario(
    population=abm.Population(customers=CUSTOMERS),
    periods=PERIODS,
    burn_in=BURN_IN,
    waiting_line={"service_minutes": SERVICE, "patience_minutes": PATIENCE, "served_within": WITHIN, "balking": "none"},
    perceived_wait={},
)
LINE = ("occupancy", "lost_visit_share", "abandonment_rate", "mean_wait", "service_level")
staffing = abm.Experiment(
    name="staffing",
    scenario=counter,
    arms={f"servers_{c}": {"firms.north.waiting_line.servers": c} for c in (2, 3, 4, 5)},
    kpis=LINE,
    replications=REPLICATIONS,
    seed=3,
)
staffed = abm.run(staffing, workers=1)


def level(results, kpi, arm, point=None, firm="north"):
    """Return the mean of a KPI over replications, at one point of the design or all."""
    block = results.block(kpi, arm, firm)
    return float(pd.Series((block if point is None else block[point]).ravel()).mean())  # of runs that have a value


rows = []
for c in (2, 3, 4, 5):
    found = {kpi: level(staffed, kpi, f"servers_{c}") for kpi in LINE}
    rate = found["occupancy"] * c / SERVICE / (1 - found["lost_visit_share"])  # visitors a minute who came
    line = impatient_line(rate, SERVICE, c, PATIENCE)
    by_formula = (line.p_abandon, line.mean_wait, float(line.answered_within(WITHIN)))
    for source, numbers in (("formula", by_formula), ("simulated day", [found[kpi] for kpi in LINE[2:]])):
        rows.append((c, source, rate, *numbers))
lines = pd.DataFrame(rows, columns=["servers", "source", "visitors a minute", *LINE[2:]])
print(lines.set_index(["servers", "source"]).round(3).to_string())
busiest = float(lines["visitors a minute"].max())
needed = servers_for(busiest, SERVICE, share=0.8, within=WITHIN, patience=PATIENCE)
print(f"for 80 % within {WITHIN:g} minutes at {busiest:.3f} visitors a minute the planner asks for {needed} servers")

# %% [markdown]
# Formula and day differ by little: the day begins with nobody there, which shortens its waits. The formula takes
# the rate as given. That it depends on the servers, as who has to wait goes elsewhere the next time, it cannot know.

# %% [markdown]
# ## What makes a wait feel long
#
# Six states lengthen a wait, each for a part of it: nothing to do, nobody has taken notice, nobody says how long it
# will take, nobody says why, others are served first, and what may be the wrong line. They follow from what happened
# to *her*, or from what the firm does. Each arm takes away one of them.

# %%
parallel = {"servers": 3, "lines": "parallel"}
crowded = counter.replace({"waiting_line.service_minutes": 10.0, "firms.north.waiting_line": parallel})
REMEDIES = {
    "none": {},
    "something_to_do": {"firms.north.perceived_wait.occupation": 0.9},
    "greeting": {"firms.north.perceived_wait.greeting": 60.0},
    "reason": {"firms.north.perceived_wait.explanation": 0.9},
    "announcement": {"firms.north.waiting_line.announcement": 1.0},
    "numbers": {"firms.north.waiting_line.lines": "numbers"},
    "one_more_server": {"firms.north.waiting_line.servers": 4},
}
FELT = ("mean_wait", "mean_perceived_wait", "wait_overestimation", "waiting_loss", "csi", "profit", "life_waiting")
felt = abm.run(
    abm.Experiment(
        name="felt", scenario=crowded, arms=REMEDIES, kpis=FELT, replications=REPLICATIONS, seed=4,
    ),
    workers=1,
)  # fmt: skip
means = pd.DataFrame({arm: {kpi: level(felt, kpi, arm) for kpi in FELT} for arm in REMEDIES}).T
means.round(3)

# %%
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
bars = means[["mean_wait", "mean_perceived_wait"]].rename(
    columns={"mean_wait": "by the clock", "mean_perceived_wait": "felt"}
)
bars.rename(index=lambda arm: arm.replace("_", " ")).plot.barh(ax=ax)
ax.invert_yaxis()
ax.set(xlabel="minutes a visitor", title="A remedy shortens what is felt; a server, and numbers, also the clock")
plt.show()

# %% [markdown]
# **What one sees.** Something to do, a greeting and a reason leave the clock as it is, or even a little slower, as more
# people come. An announcement takes the uncertainty away and still lengthens what is felt: who waits beyond it feels
# those minutes twice. What it lowers is the satisfaction lost, as what was announced is acceptable. One line behind
# numbers is served by all, so that it is quicker too, and nobody is overtaken. (The clock counts visitors who gave up,
# what is felt only those who were served.)

# %% [markdown]
# ## An announcement is a promise
#
# Who is told how long it takes waits without doubt, and takes what she was told as acceptable. Beyond it each minute
# weighs more. So how much of the expected wait should be announced? Here visitors look before they join.

# %%
part = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0]
told = abm.run(
    abm.Experiment(
        name="told",
        scenario=crowded.replace({"waiting_line.balking": "by_wait"}),
        arms={f"part_{100 * one:.0f}": {"firms.north.waiting_line.announcement": one} for one in part},
        kpis=("csi", "overrun_share", "balking_rate", "profit", "waiting_loss"),
        replications=REPLICATIONS,
        seed=5,
    ),
    workers=1,
)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), layout="constrained")
for ax, kpi in zip(axes, ("overrun_share", "waiting_loss", "balking_rate"), strict=True):
    ax.plot(part, [level(told, kpi, f"part_{100 * one:.0f}") for one in part], marker="o")
    ax.set(xlabel="announced, of the expected wait", title=kpi.replace("_", " "))
plt.show()

# %% [markdown]
# Nothing announced is at 0. A low announcement lets more people join and is overrun by half of
# those who wait, or more; a generous one is kept, and sends people away.

# %% [markdown]
# ## What a remedy may cost
#
# The shipped study `waiting_remedies`, smaller. Its remedies have no price, so that what they earn more than one server
# more is the price at which the two are worth the same. It depends on the load, and on how much the six states weigh,
# which nobody has measured here.

# %%
shipped = abm.load(studies / "waiting_remedies.toml")
sizes = {"population.customers": CUSTOMERS, "periods": PERIODS, "burn_in": BURN_IN}
prices = abm.run(
    shipped.replace(scenario=shipped.scenario.replace(sizes), expect=(), replications=REPLICATIONS), workers=1
)
rows = []
for point, values in enumerate(shipped.design.points):
    if values["perceived_wait.overrun_weight"] == 2.0:
        for arm in ("announce", "occupy", "numbers", "express"):
            found = prices.paired("profit", arm, against="server", firm="north", point=point)
            rows.append((values["waiting_line.service_minutes"], values["perceived_wait.unoccupied"], arm, found.mean))
price = pd.DataFrame(rows, columns=["minutes of service", "weight", "remedy", "price"])
grid = sns.relplot(
    price, x="minutes of service", y="price", hue="remedy", col="weight", kind="line", marker="o", height=3.2, aspect=1
)
grid.set_axis_labels("minutes of service", "price, cu/customer/year")
for ax in grid.axes.flat:
    ax.axhline(0, color="0.5")
plt.show()

# %% [markdown]
# A price above 0 does not say that the remedy earns more than a server. It may cost that much until the firm would
# be as well off with the server, whose wage is in the comparison. Where a server does not earn its wage, even something
# that changes nothing has a price above 0. With few replications lines cross by luck; the header of the study says what
# its forty show.

# %% [markdown]
# ## Where life's time goes
#
# A list that is told in courses on services. **Nobody has verified its numbers**, and it says of no country and no
# year: take it as a way to ask the question. Beside it what our customers spend in the lines of this one market.

# %%
YEARS = 75
told_of = {
    "red lights": 0.5,
    "advertising mail": 8 / 12,
    "looking for things": 1.0,
    "calling back in vain": 2.0,
    "housework": 4.0,
    "queueing": 5.0,
    "eating": 6.0,
}
ours = YEARS * sum(level(felt, "life_waiting", "none", firm=firm) for firm in ("north", "east", "south"))
spent = pd.Series({**told_of, "queueing, in this market": ours}, name="years of a life")
figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
# Dots, as a bar has no beginning on a logarithmic axis
ax.scatter(spent, spent.index, color=["0.6"] * len(told_of) + ["C0"], s=60)
ax.set(
    xscale="log",
    xlabel="years of a life, logarithmic",
    title=f"Told and not verified (grey); simulated, of {YEARS} years (blue)",
)
plt.show()
print(f"in the lines of this market: {ours * 365.25 * 24:.1f} hours of {YEARS} years, {ours / YEARS:.2e} of a life")
print(f"five years of a life are {5 / YEARS:.1%} of it, {5 / YEARS * 24 * 60:.0f} minutes a day")

# %% [markdown]
# One category of shops with a wait of a minute or two makes hours of a life, not years. Five years would be an hour and
# a half on every day: so large a number should be asked what it counts.

# %% [markdown]
# ## Exercises
#
# 1. Let the six states weigh nothing (all at 1). Which remedies still do something, and why?
# 2. Let two minutes be acceptable (`waiting_line.accepted_minutes = 2`), and let customers get used to waiting
#    (`perceived_wait.adaptation`). What becomes of the satisfaction that waits take?
# 3. What does it cost to occupy visitors, and what does it do to their satisfaction?
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
STATES = ("unoccupied", "pre_process", "uncertain", "unexplained", "unfair", "anxious")
plain = crowded.replace({f"perceived_wait.{state}": 1.0 for state in STATES})
again = abm.run(
    abm.Experiment(name="plain", scenario=plain, arms=REMEDIES, kpis=FELT, replications=REPLICATIONS, seed=4), workers=1
)
print(pd.DataFrame({arm: {kpi: level(again, kpi, arm) for kpi in FELT[:4]} for arm in REMEDIES}).T.round(4))
print("What is left is what changes minutes, servers and numbers, and that an announcement can be overrun.")

# %% tags=["solution"] jupyter={"source_hidden": true}
strict = crowded.replace({"waiting_line.accepted_minutes": 2.0})
used = {f"used_{100 * a:.0f}": {"perceived_wait.adaptation": a} for a in (0.0, 0.5, 1.0)}
resigned = abm.run(
    abm.Experiment(
        name="used", scenario=strict, arms=used, kpis=("waiting_loss", "csi"), replications=REPLICATIONS, seed=4
    ),
    workers=1,
)
print(resigned.table().query("firm == 'north'")[["arm", "kpi", "mean"]].to_string())

# %% tags=["solution"] jupyter={"source_hidden": true}
costly = {f"occupied_{100 * part:.0f}": {"firms.north.perceived_wait.occupation": part} for part in (0.3, 0.6, 0.9)}
paid = abm.run(
    abm.Experiment(
        name="paid", scenario=crowded, arms={"none": {}, **costly}, kpis=("csi", "lever_cost"),
        replications=REPLICATIONS, seed=4,
    ),
    workers=1,
)  # fmt: skip
for arm in costly:
    print(paid.paired("lever_cost", arm, against="none", firm="north"))
    print(paid.paired("csi", arm, against="none", firm="north"))
