# %% [markdown]
# # Satisfaction is not loyalty
#
# **Question.** Two firms keep their customers equally well: one by serving better, one by making it costly to leave.
# Are these customers equally loyal? Take the barrier away, and see.

# %%
import matplotlib.pyplot as plt
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, OPENING, REPLICATIONS = 1500, 208, 52, 130, 12

# %% [markdown]
# In the arm `service` north serves better throughout. In the arm `barrier` it takes a fee of 20 (a basket is 30 on
# average) from whoever ends the relation, and drops it in the week `OPENING`: say that a law forbids it.

# %%
market = abm.Scenario(population=abm.Population(customers=CUSTOMERS), periods=PERIODS, burn_in=BURN_IN)
study = abm.Experiment(
    name="loyalty",
    scenario=market,
    arms={
        "none": {},
        "service": {"firms.north.service.quality": 0.82},
        "barrier": {"from": 0, "until": OPENING, "firms.north.exit_fee": 20.0},
    },
    kpis=("repeat_rate", "csi", "loyalist_share", "hostage_share", "profit"),
    replications=REPLICATIONS,
    seed=5,
)
results = abm.run(study)

# %% [markdown]
# ## As long as the fee holds, and after it

# %%
weeks = results.periods[results.periods["firm"] == "north"]
weeks = weeks[weeks["period"] >= BURN_IN]
weeks = weeks.assign(part=weeks["period"].lt(OPENING).map({True: "fee", False: "no fee"}))
means = weeks.groupby(["part", "arm"], observed=True)[["repeat_rate", "csi", "loyalist_share", "hostage_share"]].mean()
means.round(3)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
quarters = weeks.assign(week=weeks["period"] // 13 * 13)
sns.lineplot(quarters, x="week", y="repeat_rate", hue="arm", hue_order=list(study.arms), marker="o", ax=left)
left.axvline(OPENING, color="0.5", linestyle=":")
left.set(title="occasions on which north is chosen again", xlabel="week (means of thirteen)")
sns.move_legend(left, "upper left")
sns.barplot(weeks, x="part", y="csi", hue="arm", hue_order=list(study.arms), ax=right, legend=False)
right.set_ylim(60, 90)
right.set_title("satisfaction of its visitors")
plt.show()

# %% [markdown]
# **What one sees.** With the fee the two arms look alike from outside: customers come again about equally often.
# Their satisfaction does not. When the fee falls, the repeat rate of `barrier` falls at once, and even below that of
# `none`, whose customers had been free all along to find the firm that suits them. Those who were served better stay.
#
# A repeat rate is behaviour. What it rests on shows in the table: `loyalist_share` is buyers who are satisfied and
# come on half their visits or more, `hostage_share` those who are not and come all the same.

# %% [markdown]
# ## What it earns

# %%
for arm in ("service", "barrier"):
    print(results.paired("profit", arm, against="none", firm="north"))

# %% [markdown]
# Fees are revenue, and they are paid by those who leave. Profit alone does not say which firm one would rather own in
# the week after the law.

# %% [markdown]
# ## Exercises
#
# 1. Let the fee be larger (60). How far does the repeat rate fall when it is dropped?
# 2. What if a rival, and not a law, tries them: keep the fee, and let `east` cut its price by 15 % from `OPENING` on.
#    Which of the two arms loses more repeat purchases to it?
# 3. Is the drop in `barrier` more than luck? Give an interval for the change of its difference from `none`
#    (`results.before_after`).
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
dear = study.replace(arms={"none": {}, "barrier": {"from": 0, "until": OPENING, "firms.north.exit_fee": 60.0}})
after = abm.run(dear).periods.query("firm == 'north' and period >= @BURN_IN")
print(after.groupby([after["period"] >= OPENING, "arm"], observed=True)["repeat_rate"].mean().round(3))

# %% tags=["solution"] jupyter={"source_hidden": true}
rival = {"name": "rival", "from": OPENING, "set": {"firms.east.price": 0.85}}
attacked = study.replace(
    scenario=market.replace({"changes": [rival]}),
    arms={"none": {}, "service": study.arms["service"], "barrier": {"firms.north.exit_fee": 20.0}},
)
after = abm.run(attacked).periods.query("firm == 'north' and period >= @BURN_IN")
print(after.groupby([after["period"] >= OPENING, "arm"], observed=True)["repeat_rate"].mean().round(3))

# %% tags=["solution"] jupyter={"source_hidden": true}
print(results.before_after("repeat_rate", "barrier", against="none").T)
