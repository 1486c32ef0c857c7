"""Customers who choose by logit, again and again, and whom leaving their last firm costs something."""

import numpy as np

from abm import Refusal
from abm.engine.kept import Kept
from abm.engine.recording import record


def replicate(paper):
    """Return what each claim comes to, by replication."""
    own, periods = paper.settings, paper.study.scenario.periods
    for name in ("choice", "last"):
        if not 1 <= own[name] <= periods:
            raise Refusal(f"= {own[name]} is not within the {periods} periods", place=f"paper.{name}")
    two = [0.0, -own["lead"]]
    by_cost = [chosen(paper, two, cost) for cost in own["cost"].values()]
    three, five = (chosen(paper, [0.0] * int(firms), cost) for firms, cost in own["alike"].items())
    shares = [share(paper, visits)[:, 0] for visits, _, _ in by_cost]
    return {
        **{f"leader's share, switching cost {k}": found for k, found in enumerate(shares)},
        "what a cost of 3 for all adds to the leader's share": shares[3] - shares[0],
        "leader's share at the fifth choice, switching cost 2": on_the_way(by_cost[2][0], own["choice"]),
        "repeat rate, switching cost 1": repeated(paper, by_cost[1]),
        "repeat rate, switching cost 2": repeated(paper, by_cost[2]),
        "repeat rate, three firms alike, switching cost 1": repeated(paper, three),
        "repeat rate, five firms alike, switching cost 2": repeated(paper, five),
        "share of the first of five firms alike, switching cost 2": share(paper, five[0])[:, 0],
    }


def chosen(paper, utilities, cost):
    """Return visits (replications, periods, firms), repeats and those who could repeat (replications, periods).

    utilities : of the firms, logit units      cost : of leaving, logit units; half of the weight is felt
    """
    base = paper.study.scenario
    firms = [base.firms[0].replace({"name": f"firm {j}", "price": 5.0 - u}) for j, u in enumerate(utilities)]
    scenario = base.replace({"firms": tuple(firms), "switching_cost.switching_weight": 2.0 * cost})
    visits, repeats, could, kept = [], [], [], Kept()
    for replication in range(paper.study.replications):
        tallies = record(scenario, paper.study.seed, replication, kept=kept).tallies
        visits.append(tallies["visits"][:, :-1])
        repeats.append(tallies["repeats"].sum(axis=1))
        could.append(tallies["repeat_base"].sum(axis=1))
    return np.array(visits), np.array(repeats), np.array(could)


def share(paper, visits):
    """Return the shares of visits (replications, firms) in the last periods."""
    total = visits[:, -paper.settings["last"] :].sum(axis=1)
    return total / total.sum(axis=1, keepdims=True)


def on_the_way(visits, choice):
    """Return the first firm's share of visits (replications,) at a choice, of which the first is 1."""
    there = visits[:, choice - 1]
    return there[:, 0] / there.sum(axis=1)


def repeated(paper, found):
    """Return the share of choices (replications,) that went to the firm of the last one, in the last periods."""
    last = slice(-paper.settings["last"], None)
    return found[1][:, last].sum(axis=1) / found[2][:, last].sum(axis=1)
