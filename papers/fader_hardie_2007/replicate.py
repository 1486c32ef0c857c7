"""Customers under contract, each with a chance of leaving of her own that never changes."""

import numpy as np

import abm
from abm.engine.engine import Engine
from abm.logs.sbg import fit_survivors

KINDS = {"high_end": "High End", "regular": "Regular"}


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
    chances = {"population.drop_out": model.a / (model.a + model.b), "population.drop_out_shape": model.a}
    scenario = paper.study.scenario.replace(chances)
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
