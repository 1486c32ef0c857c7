# %% [markdown]
# # Word of mouth on graphs
#
# **Question.** A newcomer is known to one customer in twenty. Does it matter who talks to whom?
#
# Four graphs with the same number of customers and about the same number of ties: a ring, a small world, a random
# graph, and one with hubs. They come from networkx; any graph of yours goes the same way.

# %%
import matplotlib.pyplot as plt
import networkx as nx
import pandas as pd
import seaborn as sns

import abm

sns.set_theme(style="whitegrid", palette="colorblind")

# %% tags=["parameters"]
CUSTOMERS, PERIODS, REPLICATIONS = 1000, 104, 10

# %%
DEGREE = 8
graphs = {
    "ring": nx.watts_strogatz_graph(CUSTOMERS, DEGREE, 0.0, seed=1),
    "small world": nx.watts_strogatz_graph(CUSTOMERS, DEGREE, 0.1, seed=1),
    "random": nx.gnm_random_graph(CUSTOMERS, CUSTOMERS * DEGREE // 2, seed=1),
    "hubs": nx.barabasi_albert_graph(CUSTOMERS, DEGREE // 2, seed=1),
}
shape = pd.DataFrame(
    {
        "ties": {name: graph.number_of_edges() for name, graph in graphs.items()},
        "clustering": {name: nx.average_clustering(graph) for name, graph in graphs.items()},
        "most ties of one": {name: max(dict(graph.degree()).values()) for name, graph in graphs.items()},
    }
)
shape.round(3)

# %% [markdown]
# **What one sees.** On the ring and in the small world friends of friends are friends (clustering); hubs have many
# times as many ties as anybody else.

# %% [markdown]
# ## The newcomer on each graph
#
# The seed is the same, and luck is addressed by customer: whoever buys, is pleased or tells a story in week one does
# so on every graph. Only who hears of it differs.


# %%
def market(graph):
    """Return a market in which a newcomer meets an established rival."""
    return abm.Scenario(
        periods=PERIODS,
        population=abm.Population(customers=CUSTOMERS),
        network=abm.Network(graph=graph),
        firms=(abm.Firm(name="newcomer", initial_awareness=0.05), abm.Firm(name="established")),
    )


kpis = ("market_share", "stories_heard", "referral_share", "acquisitions")
by_graph = {}
for name, graph in graphs.items():
    study = abm.Experiment(name="newcomer", scenario=market(graph), kpis=kpis, replications=REPLICATIONS, seed=1)
    by_graph[name] = abm.run(study)

periods = pd.concat({name: results.periods for name, results in by_graph.items()}, names=["graph"]).reset_index("graph")
periods = periods[periods["firm"] == "newcomer"]

# %%
periods["triers"] = periods.groupby(["graph", "replication"])["acquisitions"].cumsum() / CUSTOMERS
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
sns.lineplot(periods, x="period", y="triers", hue="graph", ax=left)
left.set_title("who has tried the newcomer")
smooth = periods.assign(weeks=periods["period"] // 4 * 4)
sns.lineplot(smooth, x="weeks", y="market_share", hue="graph", ax=right, legend=False)
right.set(title="its market share", xlabel="period (means of four)")
plt.show()

# %%
runs = pd.concat({name: results.runs for name, results in by_graph.items()}, names=["graph"]).reset_index("graph")
runs[runs["firm"] == "newcomer"].groupby("graph", sort=False)[
    ["market_share", "referral_share", "stories_heard"]
].mean().round(3)

# %% [markdown]
# **What one sees.** `referral_share` says how many of those who learned of the newcomer learned of it through a tie:
# on every graph most of them. The graph matters, and not much: news runs fastest where there are hubs and slowest on
# the ring, but the lines lie close together, and the band around each is the 95 % interval over replications.
# Learning by oneself (`word_of_mouth.discovery`) goes on everywhere, and wherever it begins a few ties carry it on.

# %% [markdown]
# ## Exercises
#
# 1. Switch discovery off (`word_of_mouth.discovery` = 0), so that news comes through ties alone. Which graph is
#    slowest now, and why?
# 2. Give the newcomer the twenty customers with the most ties as its first users. (Hint: number the customers by
#    degree, and let `initial_awareness` be 0.02; compare with twenty at random.)
# 3. Use a graph of your own: `nx.les_miserables_graph()` has names and weights.
#
# Solutions are below, folded.

# %% tags=["solution"] jupyter={"source_hidden": true}
tried = {}
for name, graph in graphs.items():
    alone = market(graph).replace({"word_of_mouth.discovery": 0.0})
    weeks = abm.simulate(alone, seed=1, kpis=["acquisitions"])
    tried[name] = weeks[weeks["firm"] == "newcomer"].set_index("period")["acquisitions"].cumsum() / CUSTOMERS
print(pd.DataFrame(tried).iloc[[12, 25, -1]].round(3))
# On the ring news has to walk: there are no short cuts.

# %% tags=["solution"] jupyter={"source_hidden": true}
hubs = graphs["hubs"]
ranked = [node for node, _ in sorted(hubs.degree(), key=lambda pair: -pair[1])]
few = CUSTOMERS // 50
for title, first in (("hubs first", ranked[:few]), ("at random", list(range(1, CUSTOMERS, 50))[:few])):
    model = abm.CustomerModel(market(hubs).replace({"firms.newcomer.initial_awareness": 0.0}), seed=1)
    for customer in first:
        model.agents[customer].aware["newcomer"] = 1
    model.run_model()
    print(f"{title:12} {model.kpi('market_share', 'newcomer', over='run'):.3f}")

# %% tags=["solution"] jupyter={"source_hidden": true}
people = nx.les_miserables_graph()
small = market(people).replace({"population.customers": people.number_of_nodes()})
model = abm.CustomerModel(small, seed=1)
model.step()
print(model.graph["Napoleon"], model.agents[0].degree)
