"""Theories that papers bring along: their kernels are checked, and they draw what they say."""

from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest
from scipy import special, stats

import abm
from abm.engine.engine import Engine
from abm.replication.paper import folder_of_papers


def script(name):
    """Return a paper's script as a module."""
    spec = spec_from_file_location(f"script_of_{name}", folder_of_papers() / name / "replicate.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def market(theory, customers=20_000, firms=1):
    names = [{"name": f"firm_{j}"} for j in range(firms)]
    return abm.Scenario(periods=2, population={"customers": customers}, firms=names).adding(theory)


@pytest.mark.parametrize(
    ("paper", "theory", "firms"),
    [
        ("fader_hardie_2007", lambda script: script.OwnChances(a=0.7, b=1.2), 1),
        ("fader_hardie_shang_2010", lambda script: script.Supporters(shapes=(1.2, 0.75, 0.66, 2.8)), 1),
        ("goodhardt_ehrenberg_chatfield_1984", lambda script: script.DirichletTaste(shapes=(0.3, 0.2, 1.0)), 3),
    ],
)
def test_kernels_keep_to_their_entries(paper, theory, firms):
    abm.check_kernels(market(theory(script(paper)), 300, firms))


def test_contracts_end_by_chances_that_are_beta():
    found = script("fader_hardie_2007")
    engine = Engine(market(found.OwnChances(a=0.7, b=1.2)), 1)
    chance = np.array(engine.world.customers.own_chance)
    assert stats.kstest(chance, stats.beta(0.7, 1.2).cdf).pvalue > 1e-3
    engine.run(1)
    left = np.array(engine.world.customers.exited) == 0
    error = np.sqrt((chance * (1 - chance)).sum()) / chance.size
    assert left.mean() == pytest.approx(chance.mean(), abs=4 * error)
    assert np.corrcoef(left, chance)[0, 1] > 0.3  # who is likely to leave leaves


def test_supporters_give_and_leave_by_chances_that_are_beta():
    found = script("fader_hardie_shang_2010")
    c = Engine(market(found.Supporters(shapes=(1.2, 0.75, 0.66, 2.8))), 1).world.customers
    give = special.expit(np.array(c.inclination, np.float64))
    assert stats.kstest(give, stats.beta(1.2, 0.75).cdf).pvalue > 1e-3
    assert stats.kstest(np.array(c.own_chance), stats.beta(0.66, 2.8).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(give, c.own_chance)[0, 1]) < 4 / np.sqrt(give.size)


def test_logit_shares_of_tastes_are_dirichlet():
    shapes = np.array([0.026, 0.3, 0.2, 0.1, 0.7])
    found = script("goodhardt_ehrenberg_chatfield_1984")
    c = Engine(market(found.DirichletTaste(shapes=tuple(shapes)), firms=5), 1).world.customers
    share = special.softmax(np.array(c.inclination, np.float64), axis=0)
    for j, shape in enumerate(shapes):
        rest = stats.beta(shape, shapes.sum() - shape)
        error = rest.std() / np.sqrt(share.shape[1])
        assert share[j].mean() == pytest.approx(rest.mean(), abs=4 * error)
        assert (share[j] > 0.5).mean() == pytest.approx(rest.sf(0.5), abs=4 * np.sqrt(rest.sf(0.5) / share.shape[1]))


def test_a_tiny_taste_has_a_logarithm():
    log_gamma = script("goodhardt_ehrenberg_chatfield_1984").log_gamma
    assert log_gamma(2.0, np.array([0.3])) == pytest.approx(np.log(special.gammaincinv(2.0, 0.3)))
    tiny = log_gamma(0.026, np.array([1e-9]))  # the quantile itself is about 1e-346
    assert 0.026 * tiny - special.gammaln(1.026) == pytest.approx(np.log(1e-9))
