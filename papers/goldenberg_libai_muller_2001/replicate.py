"""News of a product passes strong ties inside circles and weak ties between them: how long until most have heard."""

import tempfile
from itertools import product
from pathlib import Path

import networkx as nx
import numpy as np

from abm.engine.engine import Engine

CELLS = {
    "5 strong and 29 weak ties": ("circle low", "weak high"), "29 strong and 5 weak ties": ("circle high", "weak low"),
    "little advertising": ("advertising low",), "much advertising": ("advertising high",),
    "weak ties of .015": ("weak_tie high",), "weak ties of .005": ("weak_tie low",),
    "strong ties of .07": ("strong_tie high",), "strong ties of .01": ("strong_tie low",),
}  # fmt: skip
FILE = "ties.csv"  # in a folder for the time being
DRAWS = 200  # of combinations, with replacement, for standard errors of coefficients


def replicate(paper):
    """Return what each claim comes to."""
    own = paper.settings
    middle = times(paper, own["middle"])
    cells = {words: own["middle"] | dict(changed(own, change) for change in CELLS[words]) for words in CELLS}
    cells |= {"all low": own["low"], "all high": own["high"]}
    return {
        **{f"periods to {words} %, middle of all": middle[:, k] for k, words in enumerate((16, 50, 95))},
        **{f"periods to 95 %, {words}": times(paper, cell)[:, 2] for words, cell in cells.items()},
        **effects(paper),
    }


def changed(own, change):
    """Return the name and value of what "circle low" changes."""
    name, level = change.split()
    return name, own[level][name]


def times(paper, cell, customers=None, replications=None):
    """Return after how many periods shares of customers know, (replications, shares)."""
    own, market = paper.settings, paper.study.scenario
    ties = circles(cell, customers or own["customers"], paper.study.seed)
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(Path(folder) / FILE, ties, "%d,%d,%g")
        changes = {
            "population.customers": int(ties[:, :2].max()) + 1, "network": {"kind": "file", "file": FILE},
            "word_of_mouth.discovery": cell["advertising"],
        }  # fmt: skip
        engine = Engine(market.replace(changes), paper.study.seed, folder=Path(folder))
        return np.array([known(engine, r, own["share"]) for r in range(replications or paper.study.replications)])


def circles(cell, customers, seed):
    """Return ties (ties, 3), from, to and what they pass on: each customer has strong ones to all of her circle.

    Weak ties are drawn at random, as many for each; those of two in the same circle are left out.
    """
    size = cell["circle"]
    n = size * round(customers / size)
    n += size * (n * cell["weak"] % 2)
    inside = [(at + i, at + k) for at in range(0, n, size) for i in range(size) for k in range(i)]
    drawn = np.array(nx.random_regular_graph(cell["weak"], n, seed).edges)
    between = drawn[drawn[:, 0] // size != drawn[:, 1] // size]
    weights = np.repeat([cell["strong_tie"], cell["weak_tie"]], [len(inside), len(between)])
    return np.column_stack([np.concatenate([inside, between]), weights])


def known(engine, replication, shares):
    """Return after how many periods each share of customers know the firm, in the luck of a replication."""
    engine.restart(replication)
    aware, found = engine.world.customers.aware[0], []
    for share in shares:
        while aware.mean() < share:
            engine.run(1)
        found.append(engine.t)
    return found


def effects(paper):
    """Return what claims say of standardised effects, each with its standard error."""
    own = paper.settings
    names, levels = list(own["middle"]), [own[level] for level in ("low", "middle", "high")]
    cells = [dict(zip(names, cell, strict=True)) for cell in product(*([level[n] for level in levels] for n in names))]
    found = np.array([times(paper, cell, own["factorial_customers"], 1)[0] for cell in cells])
    causes = np.array([[cell[name] for name in names] for cell in cells])
    draws = np.random.default_rng(paper.study.seed).integers(len(cells), size=(DRAWS, len(cells)))
    again = [read(names, causes[rows], found[rows]) for rows in draws]
    return {
        claim: (value, np.std([one[claim] for one in again])) for claim, value in read(names, causes, found).items()
    }


def read(names, causes, found):
    """Return what claims say, of times (cells, 3) by causes (cells, 5)."""
    early, whole, late = (
        dict(zip(names, standardised(causes, times), strict=True))
        for times in (found[:, 0], found[:, 2], found[:, 2] - found[:, 1])
    )
    ratio = (whole["weak"] + whole["weak_tie"]) / (whole["circle"] + whole["strong_tie"])
    return {
        "effect of weak ties on time to 95 % over that of strong ones": ratio,
        "the same, as another replication has it": ratio,
        "effect of advertising on time to 16 % less that on time from 50 to 95 %, in size": (
            abs(early["advertising"]) - abs(late["advertising"])
        ),
        "effect of the number of weak ties on time to 95 %": whole["weak"],
        "effect of the number of strong ties on time to 95 %": whole["circle"],
    }


def standardised(causes, result):
    """Return coefficients of a regression on causes (n, k), all in standard deviations."""
    scaled = [(x - x.mean(axis=0)) / x.std(axis=0) for x in (causes, result)]
    return np.linalg.lstsq(*scaled, rcond=None)[0]
