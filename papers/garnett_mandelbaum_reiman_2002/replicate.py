"""Callers who give up after an exponential patience, served one by one beside callers who never do."""

import numpy as np

from abm import Refusal, queue


def replicate(paper):
    """Return what each claim comes to: a measure and its standard error."""
    own, times = paper.settings, paper.settings["times"]
    if min(times.values()) < 1:
        raise Refusal("has a number below 1; each line is run once at least", place="paper.times")
    leaving = served(paper, {**own["centre"], **own["impatient"]}, times["centre"])
    staying = served(paper, own["centre"], times["centre"])
    patient = {key: value for key, value in own["quality"].items() if key != "patience"}
    quality, endless = served(paper, own["quality"]), served(paper, patient, times["tables"])
    efficiency, norm = served(paper, own["efficiency"], times["tables"]), served(paper, own["norm"])
    alone = served(paper, own["alone"])
    return {
        "share of callers who give up": leaving["p_abandon"],
        "mean wait where callers give up, minutes": leaving["mean_wait"],
        "wait that nine in ten stay below where callers give up, minutes": leaving["wait_90"],
        "mean line where callers give up": leaving["mean_line"],
        "agents busy where callers give up, share": leaving["busy"],
        "mean wait where nobody gives up, minutes": staying["mean_wait"],
        "wait that nine in ten stay below where nobody gives up, minutes": staying["wait_90"],
        "mean line where nobody gives up": staying["mean_line"],
        "agents busy where nobody gives up, share": staying["busy"],
        "wait where nobody gives up / where three in a hundred do": ratio(staying["mean_wait"], leaving["mean_wait"]),
        "share who wait, load 100, 110 agents, nobody gives up": endless["p_wait"],
        "share who give up, load 100, 110 agents": quality["p_abandon"],
        "share who wait, load 100, 90 agents": efficiency["p_wait"],
        "share who give up, load 100, 90 agents": efficiency["p_abandon"],
        "share who give up, one agent, arrivals, service and patience of one minute": alone["p_abandon"],
        "share who wait, 100 calls of 3 minutes in 30 minutes, 14 agents": norm["p_wait"],
        "share answered within 20 seconds, the same calls": norm["service_level"],
        "mean answer, the same calls, minutes": norm["mean_answer"],
        **by_rank(paper),
    }


def served(paper, line, times=1):
    """Return measures of a line, each with its standard error."""
    runs = [run(paper, line, nth) for nth in range(times)]
    rows = [one.summary.iloc[0] for one in runs]
    busy = np.concatenate([share_busy(one) for one in runs])
    names = ("p_abandon", "mean_wait", "wait_90", "mean_line", "p_wait", "service_level", "mean_answer")
    found = {name: mean([row[name] for row in rows], [row[f"{name}_se"] for row in rows]) for name in names}
    return {**found, "busy": busy}


def run(paper, line, nth=0):
    """Return who was served in a line, in all replications, with the luck of the nth time."""
    callers = paper.settings["callers"]
    return queue(
        line, customers=callers, warm_up=callers * paper.settings["warm_up"],
        replications=paper.study.replications, seed=paper.study.seed + nth,
    )  # fmt: skip


def share_busy(run):
    """Return the share of agents who are busy while counted callers come, by replication."""
    found = []
    for trace, first in zip(run.traces, run.left_out, strict=True):
        start, end = trace.arrival[first], trace.arrival[-1]
        inside = np.isfinite(trace.began)
        minutes = np.clip(trace.left[inside], start, end) - np.clip(trace.began[inside], start, end)
        found.append(minutes.sum() / (end - start) / run.queue.servers)
    return np.array(found)


def mean(values, errors):
    """Return the mean of independent measures, and its standard error."""
    return np.mean(values), np.sqrt(np.sum(np.square(errors))) / len(values)


def by_rank(paper):
    """Return the minutes in the system of each rank, by replication."""
    rows = run(paper, paper.settings["ranks"]).customers
    rows["inside"] = rows.left - rows.arrival
    inside = rows[rows.counted].pivot_table("inside", "replication", "kind")
    return {
        "minutes in the system of who goes first, two classes without interruption": inside["first"].to_numpy(),
        "minutes in the system of who goes second": inside["second"].to_numpy(),
    }


def ratio(above, below):
    """Return the ratio of two measures of lines of their own luck, and its standard error."""
    value = above[0] / below[0]
    return value, value * ((above[1] / above[0]) ** 2 + (below[1] / below[0]) ** 2) ** 0.5
