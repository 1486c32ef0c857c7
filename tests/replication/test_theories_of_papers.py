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


def test_kernels_keep_to_their_entries():
    theory = script("goodhardt_ehrenberg_chatfield_1984").DirichletTaste(shapes=(0.3, 0.2, 1.0))
    abm.check_kernels(market(theory, 300, firms=3))


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
