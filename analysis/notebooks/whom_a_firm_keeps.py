# %% [markdown]
# # Whom a firm keeps
#
# **Question.** Members of a loyalty programme buy more than others, and customers who have been silent for long are
# the likeliest to be lost. What does a firm get wrong that takes the first for the effect of its programme, and the
# second for a list of whom to write to?
#
# In both halves the firm sees what firms see, and we also run the same market without the programme or the letter: the
# same customers with the same luck. What differs between the two runs is the true effect.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

import abm
from abm.facts.card import FACTS, findings, table

sns.set_theme(style="whitegrid", palette="colorblind")
studies = Path(abm.__file__).parents[1] / "experiments"

# %% tags=["parameters"]
CUSTOMERS, PERIODS, BURN_IN, REPLICATIONS = 1000, 156, 52, 4

# %% [markdown]
# ## Members and others
#
# The shipped study `member_gap`, smaller: north starts a points programme when the burn-in ends. Who has joined by the
# end is counted apart in *both* arms, so that `none` shows what the same persons do without a programme.

# %%
sizes = {"population.customers": CUSTOMERS, "periods": PERIODS, "burn_in": BURN_IN}
shipped = abm.load(studies / "member_gap.toml")
club = shipped.replace(
    scenario=shipped.scenario.replace(sizes),
    arms={"none": {}, "points": {**shipped.arms["points"], "from": BURN_IN}},
    groups={"member": {"by": "member", "arm": "points", "at": PERIODS}},
    kpis=("share_of_wallet", "member_gap", "market_share", "naive_programme_roi", "profit", "programme_cost"),
    expect=(),
    replications=REPLICATIONS,
)
members = abm.run(club, workers=1)


def level(results, kpi, arm, group="all", point=None):
    """Return the mean of a KPI of north over replications, at one point of the design or all."""
    block = results.block(kpi, arm, "north", group)
    return float(pd.Series((block if point is None else block[point]).ravel()).mean())  # of runs that have a value


gap = level(members, "member_gap", "points")
effect = members.paired("share_of_wallet", "points", against="none", firm="north", group="member")
without = level(members, "market_share", "none", "member") - level(members, "market_share", "none", "not_member")
print(f"members' share of wallet less that of others: {gap:.3f}")
print(f"of the same two groups without a programme:   {without:.3f}")
print(f"true effect on members:                       {effect.mean:.3f} [{effect.low:.3f}, {effect.high:.3f}]")
print(f"the gap is {gap / effect.mean:.0f} times the effect; {without / gap:.0%} of it is there without a programme")

# %%
members.plot.by_group("share_of_wallet")
plt.show()

# %% [markdown]
# **What one sees.** The figure has the true effect on those who join and on those who do not. It is small beside the
# gap that a comparison of members with others finds, and the second of the printed lines says why: most of the gap is
# there without any programme. Who buys at north more than others do joins; she is not made so by joining.

# %% [markdown]
# ## What it seems to return, and what it returns
#
# `naive_programme_roi` is the return on cost as a firm would work it out that takes its other buyers for what members
# would have spent. The true return sets the paired difference of profit against the same cost.

# %%
cost = members.block("programme_cost", "points", "north")
gained = members.block("profit", "points", "north") - members.block("profit", "none", "north")  # cost is taken off it
naive = level(members, "naive_programme_roi", "points")
true = float((gained / cost).mean())
returns = pd.Series({"naive": naive, "true": true}, name="gain less cost, over cost")
print(members.paired("profit", "points", against="none", firm="north"))
print(f"1 cu spent on the programme seems to return {1 + naive:.1f} cu, and in truth returns {1 + true:.2f} cu")
returns.round(2)

# %% [markdown]
# No larger sample of members brings the two together. The naive return is not imprecise: it takes for a gain what these
# customers spent more than others before there was a programme.

# %% [markdown]
# ## When a lot decides who is a member
#
# Fact 9 of `patronage evidence` runs the programme a second time, with every second customer made a member and nobody
# else let in. The last line is the gap between members and others less the true effect, less also what the two halves
# differ in by chance without a programme. (Its programme is the default one, which pays more, in the second year of the
# same market.)

# %%
ninth = [fact for fact in FACTS if fact.number == 9]
by_lot = table(findings(club.scenario, ninth, REPLICATIONS, seed=club.seed))
by_lot[["part", "target", "ours", "low", "high", "verdict"]].round(4)

# %%
chosen = gap - effect.mean
drawn = float(by_lot["ours"].iloc[-1])
print(f"gap less true effect: {chosen:+.3f} where customers choose, {drawn:+.4f} where a lot decides")

# %% [markdown]
# With a lot, members and others are alike but for the programme, and comparing them is right. A firm that cannot draw
# lots for membership can do so for something smaller: an invitation, a welcome gift, the date of the start in a town.

# %% [markdown]
# ## Who is warned of
#
# The shipped study `whom_to_save`, smaller. North knows most of its visitors and is warned of a customer who has been
# silent for three times her usual interval. `defection.exit_rate` is what it cannot know: whether customers leave the
# category altogether (at 0.004 a period about a fifth does within a year) or only go to rivals (0).

# %%
KEPT, EXIT = "kept_customers", "defection.exit_rate"
WARNINGS = ("warning_precision", "warning_recall", "warning_lift", "pseudo_churn_share")
shipped = abm.load(studies / "whom_to_save.toml")
campaigns = shipped.replace(
    scenario=shipped.scenario.replace(sizes),
    arms={arm: shipped.arms[arm] for arm in ("none", "risk", "uplift", "oracle")},
    design=abm.grid({EXIT: [0.0, 0.004]}),
    kpis=(KEPT, "profit", "save_contact_rate", *WARNINGS),
    groups={},
    expect=(),
    replications=REPLICATIONS,
)
saved = abm.run(campaigns, workers=1)
quality = pd.DataFrame(
    {
        f"exit rate {rate}": [level(saved, kpi, "none", point=k) for kpi in WARNINGS]
        for k, rate in enumerate([0.0, 0.004])
    },
    index=WARNINGS,
)
quality.round(3)

# %% [markdown]
# Of those whom north is warned of, `warning_precision` have really gone, to a rival or for good; the others, the pseudo
# churn, were silent because they needed nothing. `warning_recall` is the part of those who have gone that is found, and
# `warning_lift` the precision over that of a lot: how many of those whom north knows have gone. By precision and recall
# the warning does better where customers leave for good. Is it of more use there?

# %% [markdown]
# ## Whom to write to
#
# Every 13 weeks north picks a fifth of the customers it knows, holds some of them out, and sends the others a voucher.
# `risk` takes the surest warnings; `uplift` those like the customers with whom earlier letters did most, as the
# held-out show; `oracle` those with whom a letter truly does most, which no firm knows.

# %%
saved.plot.by_factor(EXIT, KEPT)
plt.show()

# %%
rows = []
for point, rate in enumerate([0.0, 0.004]):
    for arm in ("risk", "uplift", "oracle"):
        found = saved.paired(KEPT, arm, against="none", firm="north", point=point)
        letters = level(saved, "save_contact_rate", arm, point=point)
        rows.append((rate, arm, found.mean, found.low, found.high, 1000 * found.mean / letters))
kept = pd.DataFrame(rows, columns=["exit rate", "rule", "kept", "low", "high", "kept weeks per 1,000 letters"])
kept.set_index(["exit rate", "rule"]).round({"kept": 4, "low": 4, "high": 4, "kept weeks per 1,000 letters": 0})

# %%
for point, rate in enumerate([0.0, 0.004]):
    found = saved.paired(KEPT, "uplift", against="risk", firm="north", point=point)
    share = [kept.loc[3 * point + k, "kept"] / kept.loc[3 * point + 2, "kept"] for k in range(2)]
    print(f"exit rate {rate}: risk keeps {share[0]:.0%} and uplift {share[1]:.0%} of what the oracle keeps")
    print(f"  uplift less risk {found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]")
print(saved.paired("profit", "uplift", against="none", firm="north"))

# %% [markdown]
# The last line is what the letters earn, vouchers paid. Keeping customers and earning by it are two questions.

# %% [markdown]
# ## Why the surest warnings are of little use
#
# One more pair of arms: nobody gets a letter, and everybody whom north knows gets one, in the same week. The difference
# in a customer's visits in the next 13 weeks is what the letter did to *her*. North warns of nobody whose rhythm it
# does not know, having seen her in one week only; these come first.

# %%
LETTER = PERIODS // 13 * 13 - 13
everybody = campaigns.replace(
    scenario=campaigns.scenario.replace({"periods": LETTER + 13}),
    arms={
        "none": {},
        "all": {"from": LETTER, "firms.north.save.save_rate": 1.0, "firms.north.save.holdout": 0.0}
        | {"firms.north.save.targeting": "random"},
    },
    record={
        "persons": {
            "columns": ["known", "seen_gap", "warning", "exited", "provider", "visits_so_far"],
            "at": [LETTER, LETTER + 13],
        }
    },
    replications=2 * REPLICATIONS,
)
BINS = ("no rhythm", "to 0.5", "to 0.8", "to 0.95", "to 0.99", "to 0.999", "surer")


def by_customer(results):
    """Return who is known when letters go out, a row each: how sure the warning, where she is, what the letter did."""
    persons, key = results.persons, [EXIT, "replication", "customer"]
    start = persons[(persons["period"] == LETTER) & (persons["arm"] == "none")].set_index(key)
    end = persons[persons["period"] == LETTER + 13].set_index(key)
    visits = [end.loc[end["arm"] == arm, "visits_so_far.north"] for arm in ("all", "none")]
    edges = [-1, 0.5, 0.8, 0.95, 0.99, 0.999, 1]
    bins = pd.cut(start["warning.north"], edges, labels=list(BINS[1:])).cat.add_categories(BINS[0])
    bins = bins.mask(start["seen_gap.north"] == 0, BINS[0]).cat.reorder_categories(BINS)
    gone = start["exited"] >= 0
    start = start.assign(
        warning=bins,
        left=gone,
        rival=~gone & (start["provider"] != "north"),
        letter=visits[0] - visits[1],
    )
    return start[start["known.north"] > 0].reset_index()


letters = by_customer(abm.run(everybody, workers=1))
told = letters.groupby([EXIT, "warning"], observed=True).agg(
    customers=("left", "size"), left=("left", "mean"), rival=("rival", "mean"), letter=("letter", "mean")
)
told.round(3)

# %%
each = letters.groupby([EXIT, "warning", "replication"], observed=True)[["left", "letter"]].mean().reset_index()
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for ax, column, title in ((left, "left", "have left the category"), (right, "letter", "more visits by a letter")):
    sns.pointplot(each, x="warning", y=column, hue=EXIT, errorbar=("se", 1.96), palette=["C0", "C1"], ax=ax)
    ax.set(title=title, xlabel="warning when the letters go out", ylabel="")
    ax.tick_params(axis="x", rotation=30)
right.get_legend().remove()
right.axhline(0, color="0.5")
plt.show()

# %%
for rate, group in letters.groupby(EXIT):
    fifth = group["warning.north"].rank(pct=True, method="first") > 0.8  # whom `risk` would write to
    print(
        f"exit rate {rate}, the fifth with the surest warnings: {group.loc[fifth, 'left'].mean():.0%} have left, ",
        end="",
    )
    means = group.loc[fifth, "letter"].mean(), group.loc[~fifth, "letter"].mean()
    print(f"a letter brings {means[0]:.3f} visits, with the others {means[1]:.3f}")
lost = letters[letters["left"]]
print(f"a letter to who has left brings {lost['letter'].mean():.3f} visits ({len(lost)} customers)")

# %% [markdown]
# **What one sees.** The longer the silence, the surer the warning, and where customers leave the category the surer it
# is that she is one of them: the warning is right, and nothing brings her back. So its precision is high and its use
# small. Where nobody leaves the category, who is silent is mostly at a rival, and a voucher can bring her back for a
# visit: there letters to the riskiest do about as much as letters to others. What decides is what a letter changes,
# which held-out customers show and a warning does not.

# %% [markdown]
# ## Exercises
#
# 1. Let joining be a bother (`hassle = 6.0` beside `preset`). What becomes of the gap, the naive and the true return?
# 2. Let a letter bring no voucher (`save_offer = 0`) and take away more of a customer's inertia (`save.waking = 0.6`).
#    What does it then do to customers who are north's own, and to those who are at a rival?
# 3. Let warnings go by the chance that she has dropped out (`information.score = "alive"`). Are they better, and is the
#    surest fifth of them one to write to?
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
bother = {**club.arms["points"], "firms.north.program": {"preset": "points", "earn_rate": 0.02, "hassle": 6.0}}
again = abm.run(club.replace(arms={"none": {}, "bother": bother}, groups={}), workers=1)
gained = again.block("profit", "bother", "north") - again.block("profit", "none", "north")
print(
    f"gap {level(again, 'member_gap', 'bother'):.3f}, naive {level(again, 'naive_programme_roi', 'bother'):.2f}, ",
    end="",
)
print(f"true {(gained / again.block('programme_cost', 'bother', 'north')).mean():.2f}")

# %% tags=["solution"] jupyter={"source_hidden": true}
awake = {**everybody.arms["all"], "firms.north.save.save_offer": 0.0}
woken = everybody.replace(
    scenario=everybody.scenario.replace({"save.waking": 0.6}),
    arms={"none": {}, "all": awake},
    design=abm.grid({EXIT: [0.0]}),
)
found = by_customer(abm.run(woken, workers=1))
print(found.groupby(["rival", "replication"])["letter"].mean().groupby("rival").agg(["mean", "sem"]).round(3))

# %% tags=["solution"] jupyter={"source_hidden": true}
alive = everybody.replace(scenario=everybody.scenario.replace({"information.score": "alive"}))
results = abm.run(alive, workers=1)
for kpi in WARNINGS:
    print(kpi, [round(level(results, kpi, "none", point=k), 3) for k in range(2)])
for rate, group in by_customer(results).groupby(EXIT):
    fifth = group["warning.north"].rank(pct=True, method="first") > 0.8
    print(rate, group.groupby(fifth)[["left", "letter"]].mean().round(3).to_dict("index"))
