"""NBD-Dirichlet: households of a market who differ in rate and in taste, and are loyal to nothing else."""

from typing import ClassVar

import numpy as np
from scipy.special import gammaincinv, gammaln

import abm
from abm.core.streams import stream_key
from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.logs.brands import ordered_purchases
from abm.logs.nbd import nbd_from_penetration
from abm.world.traits import drawn_traits

BRANDS = ("Colgate DC", "Macleans", "Close Up", "Signal", "ultrabrite", "Gibbs SR", "Boots", "Sainsbury")
COLGATE, SAINSBURY = 0, 7


@abm.kernel
def add_inclination(utility, inclination, lo, hi):
    """Add how much she is inclined to each firm.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += inclination[j, i]


class DirichletTaste(abm.Mechanism):
    """Lasting tastes whose logit shares are Dirichlet over customers: each is the logarithm of a Gamma variable."""

    name = "dirichlet_taste"
    owns: ClassVar = (
        abm.Column("inclination", ("firm", "customer"), 0.0, "logit units", "lasting taste for the firm"),
    )
    shapes: tuple[float, ...] = abm.param((1.0,), unit="shape", evidence="assumed", doc="of the Dirichlet, by firm")

    def schedule(self, policies):
        """Return the term of utility."""
        return ((abm.Phase.VALUATION, add_inclination),)

    def begin(self, world, seed):
        """Draw the tastes: one draw for each four firms."""
        c, shapes, key = world.customers, self.shapes, stream_key(seed, self.name)
        for first in range(0, len(shapes), 4):
            for rows, luck in drawn_traits(c.customer_id, key, world.replication, draw=first // 4):
                for j, shape in enumerate(shapes[first : first + 4]):
                    c.inclination[first + j, rows] = log_gamma(shape, luck[j])


def log_gamma(shape, u):
    """Return the logarithm of the quantile u of a Gamma; where that is too small for a number, by its first term."""
    quantile = gammaincinv(shape, u)
    small = quantile < 1e-200
    return np.where(small, (np.log(u) + gammaln(shape + 1)) / shape, np.log(np.where(small, 1.0, quantile)))


def replicate(paper):
    """Return what each claim comes to."""
    own = paper.settings
    category = nbd_from_penetration(own["penetration"], own["frequency"])
    found = [measured(paper, category, replication) for replication in range(paper.study.replications)]
    return {
        "category: mean purchases of a household in a quarter": category.mean_rate,
        "category: shape of rates": category.r,
        **{name: np.array([one[name] for one in found]) for name in found[0]},
    }


def purchases(paper, category, replication):
    """Return who bought what in each week of the year."""
    own, scenario = paper.settings, paper.study.scenario
    shares = np.array([*own["shares"], 1 - sum(own["shares"])])
    rate = category.mean_rate / own["quarter"]
    people = {"population.purchase_rate": rate, "population.rate_shape": category.r}
    market = scenario.replace(people).adding(DirichletTaste(shapes=tuple(own["spread"] * shares)))
    n = market.population.customers
    engine = Engine(market.adding(visit_log((), room(n, 1))), paper.study.seed, replication)
    found = logged_to_the_end(engine)
    return ordered_purchases(found["customer"], found["period"], found["firm"], n, len(shares))


def of_window(counts):
    """Return of each brand penetration, purchases per buyer, these in the category, and buyers of Colgate DC too.

    Beside them, the share of the buyers of Colgate DC who buy nothing else.  counts : (customers, firms)
    """
    buys = counts > 0
    buyers, total = buys.sum(axis=0), counts.sum(axis=1)
    colgate = buys[:, COLGATE]
    alone = (buys.sum(axis=1) == 1)[colgate].mean()
    return buyers / len(counts), counts.sum(axis=0) / buyers, buys.T @ total / buyers, buys[colgate].mean(axis=0), alone


def measured(paper, category, replication):
    """Return the measures of a quarter and of the year in one replication."""
    bought = purchases(paper, category, replication)
    quarter, year = of_window(bought.within(0, paper.settings["quarter"] - 1).counts), of_window(bought.counts)
    b, w, category_w, with_colgate, alone = quarter
    also = {name: with_colgate[BRANDS.index(name)] for name in ("Macleans", "Close Up", "Gibbs SR", "Sainsbury")}
    panel = "out of sample: penetration in a quarter as the panel had it,"
    law = "double jeopardy: purchases per buyer, the largest brand less the smallest"
    return {
        **{f"purchases per buyer in a quarter, {name}": w[j] for j, name in enumerate(BRANDS)},
        **{f"penetration in a quarter, {name}": b[BRANDS.index(name)] for name in (*BRANDS[:3], "Sainsbury")},
        **{f"{panel} {name}": b[j] for j, name in enumerate(BRANDS[:3])},
        "category purchases of a buyer of Colgate DC in a quarter": category_w[COLGATE],
        "category purchases of a buyer of Sainsbury in a quarter": category_w[SAINSBURY],
        **{f"share of the buyers of Colgate DC who also buy {name}": share for name, share in also.items()},
        "buyers of Colgate DC who buy nothing else in a quarter": alone,
        "buyers of Colgate DC who buy nothing else in a year": year[4],
        "penetration in a year, Colgate DC": year[0][COLGATE],
        "purchases per buyer in a year, Colgate DC": year[1][COLGATE],
        law: w[COLGATE] - w[SAINSBURY],
    }
