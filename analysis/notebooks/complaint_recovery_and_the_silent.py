# %% [markdown]
# # Complaints, recovery, and those who say nothing
#
# **Question.** Most dissatisfied customers do not complain. What do amends to those who do bring back, and what can a
# firm do about the others?

# %%
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, REPLICATIONS = 2000, 130, 52, 12

# %% [markdown]
# ## A market in which customers can speak
#
# Four sections switch on who complains, what amends restore, who turns her back, and a count of who comes back after
# which kind of visit.

# %%
market = abm.Scenario(
    population=abm.Population(customers=CUSTOMERS),
    periods=PERIODS,
    burn_in=BURN_IN,
    complaint={},
    recovery={},
    exit={},
    aftermath={},
)
amends = {"compensation": 0.5, "empathy": 0.6, "answer_speed": 0.7, "solution_speed": 0.7}
channels = {"counter_ease": 0.6, "phone_ease": 0.6, "online_ease": 0.6}
as_amends = {f"firms.north.recovery.{lever}": value for lever, value in amends.items()}
as_channels = {f"firms.north.voice.{lever}": value for lever, value in channels.items()}
returns = {
    "return_undisturbed": "it went well",
    "return_after_recovery": "complained, made good",
    "return_after_silence": "dissatisfied, silent",
    "return_after_complaint": "complained in vain",
}
study = abm.Experiment(
    name="voice",
    scenario=market,
    arms={"none": {}, "amends": as_amends, "ease": as_channels, "both": as_amends | as_channels},
    kpis=("profit", "csi", "voice_share", "silent_dissatisfied_share", "lever_cost", *returns),
    replications=REPLICATIONS,
    seed=1,
)
results = abm.run(study)

# %%
own = results.runs[results.runs["firm"] == "north"]
levels = own.groupby("arm", observed=True)[["voice_share", "silent_dissatisfied_share", "csi"]].mean()
levels.reindex(study.arms).round(3)

# %% [markdown]
# **What one sees.** `voice_share` is how many of the dissatisfied speak; the rest are the silent. Where complaining
# is easy more of them do. Amends alone hardly change who speaks, and reach only these.

# %% [markdown]
# ## Who comes back?

# %%
long = own.melt(["arm", "replication"], list(returns), "after", "share").replace({"after": returns})
figure, ax = plt.subplots(figsize=(9, 3.8), layout="constrained")
sns.pointplot(long, x="share", y="after", hue="arm", order=list(returns.values()), linestyle="none", dodge=0.4, ax=ax)
ax.set_xlabel("share who come back with their next visit")
ax.set_ylabel("the last visit")
plt.show()

# %% [markdown]
# **What one sees.** A complaint that was made good brings customers back more often than silence does, but not as
# often as a visit on which nothing went wrong. Where a firm makes no amends, those who spoke come back less often
# than those who kept silent: to have complained in vain is worse than not to have complained. Where it does make
# some, even a handling that did not win them over is better than none. (An arm without amends has no visits that were
# made good, and so no point there.)

# %% [markdown]
# ## Does it pay?

# %%
rows = [
    (arm, kpi, found.mean, found.low, found.high)
    for arm in ("amends", "ease", "both")
    for kpi in ("csi", "lever_cost", "profit")
    for found in [results.paired(kpi, arm, against="none", firm="north")]
]
paired = pd.DataFrame(rows, columns=["arm", "kpi", "difference", "low", "high"])
paired.round(3)

# %% [markdown]
# **What one sees.** To make complaining easy without making amends costs money and leaves satisfaction where it was:
# read the `csi` of `ease` beside that of `both`. Whether amends pay is what the interval of `profit` says and no
# more; if it holds 0, this study cannot tell.

# %% [markdown]
# ## Exercises
#
# 1. Giving back more (`compensation` 1.5) restores more. What does it do to profit?
# 2. In an arm, let failures be rarer instead (`firms.north.service.failure_rate` 0.02). Which is dearer?
# 3. How far do the silent matter? Let everybody be as ready to speak as can be (`complaint.base` = 2) and look at
#    `voice_share` and at what amends are worth then.
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
generous = study.replace(
    arms={"none": {}, "amends": as_amends, "generous": as_amends | {"firms.north.recovery.compensation": 1.5}}
)
answer = abm.run(generous)
for arm in ("amends", "generous"):
    print(answer.paired("profit", arm, against="none", firm="north"))

# %% tags=["solution"] jupyter={"source_hidden": true}
reliable = study.replace(arms={"none": {}, "amends": as_amends, "reliable": {"firms.north.service.failure_rate": 0.02}})
answer = abm.run(reliable)
for kpi in ("csi", "lever_cost", "profit"):
    print(answer.paired(kpi, "reliable", against="none", firm="north"))

# %% tags=["solution"] jupyter={"source_hidden": true}
outspoken = study.replace(scenario=market.replace({"complaint.base": 2.0}))
answer = abm.run(outspoken)
print(answer.runs.query("firm == 'north'").groupby("arm", observed=True)["voice_share"].mean().round(2))
print(answer.paired("profit", "amends", against="none", firm="north"))
