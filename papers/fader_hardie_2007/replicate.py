"""Customers under contract, each with a chance of leaving of her own that never changes."""

from typing import ClassVar

import numpy as np
from scipy.special import betaincinv

import abm
from abm.core.streams import philox, stream_key, uniform_fine
from abm.engine.engine import Engine
from abm.logs.sbg import fit_survivors
from abm.world.population import drawn_traits

KINDS = {"high_end": "High End", "regular": "Regular"}


@abm.kernel
def end_contracts(exited, own_chance, customer_id, exits, provider, key, replication, lo, hi, t):
    """Let each leave with her own chance.  exited (n,)  period of leaving [written]   exits  tally [written]"""
    for i in range(lo, hi):
        word = philox(customer_id[i], t, 0, replication, key)[0]
        if (exited[i] < 0) & (uniform_fine(word) < own_chance[i]):
            exited[i] = t
            exits[provider[i]] += 1


class OwnChances(abm.Mechanism):
    """Contracts that end at a renewal with a chance of the customer's own, for life."""

    name = "own_chances"
    owns: ClassVar = (abm.Column("own_chance", ("customer",), 0.0, "0-1", "chance of leaving at a renewal", "float64"),)
    writes = ("exited", "exits")
    a: float = abm.param(1.0, unit="shape", bounds=(1e-6, 1e6), evidence="assumed", doc="Beta shape of leaving")
    b: float = abm.param(1.0, unit="shape", bounds=(1e-6, 1e6), evidence="assumed", doc="Beta shape of staying")

    def schedule(self, policies):
        """Return the ends of contracts, after the visits of the period."""
        return ((abm.Phase.RELATION, end_contracts),)

    def begin(self, world, seed):
        """Draw the chances."""
        c = world.customers
        people = drawn_traits(c.customer_id, stream_key(seed, self.name), world.replication, draw=1)
        for rows, luck in people:  # draw 0 of year 0 decides who leaves then
            c.own_chance[rows] = betaincinv(self.a, self.b, luck[0])


def replicate(paper):
    """Return what each claim comes to."""
    found = {}
    for key, kind in KINDS.items():
        seen = np.array(paper.settings["survival"][key])
        if seen.size != paper.study.scenario.periods or seen.size != 12:
            raise abm.Refusal(f"has {seen.size} years; 12 are claimed, and periods = 12", place=f"survival.{key}")
        years = paper.settings["fitted_years"]
        model = fit_survivors(1000 * np.append(1.0, seen[:years]))
        found |= {f"shape a, {kind}": model.a, f"shape b, {kind}": model.b}
        survived = simulated(paper, model)
        off = 100 * (1 - survived / seen)
        found |= {
            f"simulated survival in year 12, {kind}": survived[:, 11],
            f"out of sample: simulated survival in year 12 below what was seen, {kind} (%)": off[:, 11],
            f"out of sample: mean error of simulated survival in years 8-12, {kind} (%)": np.abs(off[:, 7:]).mean(1),
        }
        if key == "high_end":
            found["log likelihood of a customer, High End"] = model.log_likelihood / model.n
            found |= retained(survived) | regressions(seen, years)
    return found


def simulated(paper, model):
    """Return the share of customers who are still there after each year: a row a replication."""
    scenario = paper.study.scenario.adding(OwnChances(a=model.a, b=model.b))
    rows = []
    for replication in range(paper.study.replications):
        engine = Engine(scenario, paper.study.seed, replication)
        engine.run(scenario.periods)
        exited = engine.world.customers.exited
        left = np.bincount(exited[exited >= 0], minlength=scenario.periods)
        rows.append(1 - left.cumsum() / scenario.population.customers)
    return np.array(rows)


def retained(survived):
    """Return survival and the retention of the cohort, of those who were still there the year before."""
    rates = survived / np.insert(survived[:, :-1], 0, 1.0, axis=1)
    rise = "retention rises although nobody's own chance of staying does: year 12 less year 1, High End"
    return {
        "simulated survival in year 1, High End": survived[:, 0],
        "simulated survival in year 7, High End": survived[:, 6],
        "retention of the cohort in year 1, High End": rates[:, 0],
        "retention of the cohort in year 12, High End": rates[:, 11],
        rise: rates[:, 11] - rates[:, 0],
    }


def regressions(seen, years):
    """Return how far curves through the fitted years are off in year 12."""
    t, share = np.arange(years + 1), np.append(1.0, seen[:years])
    line, parabola = (np.polyval(np.polyfit(t, share, degree), 12) for degree in (1, 2))
    exponential = np.exp(np.polyval(np.polyfit(t, np.log(share), 1), 12))
    end = "what was seen in year 12, High End (%)"
    return {
        f"a line through years 0-7 is below {end}": 100 * (1 - line / seen[11]),
        f"an exponential through years 0-7 is below {end}": 100 * (1 - exponential / seen[11]),
        f"a parabola through years 0-7 is above {end}": 100 * (parabola / seen[11] - 1),
    }
