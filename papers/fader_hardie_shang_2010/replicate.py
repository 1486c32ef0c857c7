"""Supporters of a charity: each year one gives or not by a chance of her own, until she leaves without a word."""

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import betaincinv

import abm
from abm.core.streams import philox, stream_key, uniform_fine
from abm.engine.engine import Engine
from abm.engine.visit_log import room, taken, visit_log
from abm.logs.bgbb import fit_bgbb
from abm.world.population import drawn_traits


@abm.kernel
def leave_before_occasion(exited, own_chance, customer_id, key, replication, lo, hi, t):
    """Let each leave before the occasion with her own chance.  exited (n,)  period of leaving [written]"""
    for i in range(lo, hi):
        word = philox(customer_id[i], t, 0, replication, key)[0]
        if (exited[i] < 0) & (uniform_fine(word) < own_chance[i]):
            exited[i] = t


@abm.kernel
def add_inclination(utility, inclination, lo, hi):
    """Add how much she is inclined to give.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += inclination[i]


class Supporters(abm.Mechanism):
    """Chances of giving on an occasion and of leaving before one, each Beta over customers."""

    name = "supporters"
    owns: ClassVar = (
        abm.Column("own_chance", ("customer",), 0.0, "0-1", "chance of leaving before an occasion", "float64"),
        abm.Column("inclination", ("customer",), 0.0, "logit units", "log odds of giving on an occasion"),
    )
    writes = ("exited",)
    shapes: tuple[float, ...] = abm.param((1.0,) * 4, unit="shape", evidence="assumed", doc="alpha, beta, gamma, delta")

    def schedule(self, policies):
        """Return who leaves before the occasion, and what giving is worth."""
        return ((abm.Phase.NEED, leave_before_occasion), (abm.Phase.VALUATION, add_inclination))

    def begin(self, world, seed):
        """Draw the chances."""
        c, (alpha, beta, gamma, delta) = world.customers, self.shapes
        people = drawn_traits(c.customer_id, stream_key(seed, self.name), world.replication, draw=1)
        for rows, luck in people:  # draw 0 of year 0 decides who leaves then
            c.own_chance[rows] = betaincinv(gamma, delta, luck[0])
            give = betaincinv(alpha, beta, luck[1])
            none = betaincinv(beta, alpha, 1 - luck[1])  # 1 - give, without loss of digits where that is small
            c.inclination[rows] = np.log(np.maximum(give, 1e-30)) - np.log(np.maximum(none, 1e-30))


def replicate(paper):
    """Return what each claim comes to."""
    data = pd.read_csv(paper.folder / paper.settings["data"])
    model = fit_bgbb(*(data[name] for name in ("frequency", "recency", "periods", "weights")))
    found = [measured(paper, model, replication) for replication in range(paper.study.replications)]
    return {
        "BG/BB on six years of gifts: alpha": model.alpha,
        **{f"BG/BB: {name}": getattr(model, name) for name in ("beta", "gamma", "delta")},
        **{name: np.array([one[name] for one in found]) for name in found[0]},
    }


def measured(paper, model, replication):
    """Return the measures of a replication."""
    years, n = paper.settings["fitted_years"], paper.study.scenario.population.customers
    gave, exited = lives(paper, model, replication)
    seen = gave[:, :years]
    x, last = seen.sum(axis=1), (seen * np.arange(1, years + 1)).max(axis=1)
    there = (exited < 0) | (exited > years)
    histories, many = np.unique(np.column_stack([x, last]), axis=0, return_counts=True)
    again = fit_bgbb(*histories.T, np.full(len(many), years), many)
    share = model.n / n
    simulated, refitted = "simulated supporters:", "BG/BB refitted to simulated supporters:"
    return {
        f"{simulated} of 11,104, those who give in none of six years": share * (x == 0).sum(),
        f"{simulated} of 11,104, those who give in all six years": share * (x == years).sum(),
        f"{simulated} share still there in the seventh year, of who never gave": there[x == 0].mean(),
        f"{simulated} the same, of who gave twice, the last time in year 4": there[(x == 2) & (last == 4)].mean(),
        f"{simulated} the same, of who gave every year": there[x == years].mean(),
        f"{simulated} gifts of 11,104 in the next five years": share * gave[:, years:].sum(),
        f"{refitted} alpha": again.alpha,
        f"{refitted} delta": again.delta,
    }


def lives(paper, model, replication):
    """Return whether each supporter gave in each year (n, years), and the year before which she left, -1 = has not."""
    scenario = paper.study.scenario
    n = scenario.population.customers
    shapes = (model.alpha, model.beta, model.gamma, model.delta)
    market = scenario.adding(Supporters(shapes=shapes)).adding(visit_log((), room(n, scenario.periods)))
    engine = Engine(market, paper.study.seed, replication)
    engine.run(scenario.periods)
    visits = taken(engine.world, ())
    gave = np.zeros((n, scenario.periods), np.int64)
    gave[visits["customer"], visits["period"]] = visits["firm"] >= 0
    return gave, np.asarray(engine.world.customers.exited)
