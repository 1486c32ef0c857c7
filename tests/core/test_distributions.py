"""Distributions: quantiles against scipy, exact moments, what kernels evaluate, dependence, and what is refused."""

from __future__ import annotations

import math
import tomllib
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from abm.core import distributions
from abm.core.distributions import (
    Distribution,
    Kind,
    copula,
    draw,
    exponential_quantile,
    lognormal_quantile,
    normal_quantile,
    spearman_to_normal,
    table,
    tabulated,
    weibull_quantile,
)
from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.spec import Spec, write_toml

EXAMPLES: dict[str, dict[str, Any]] = {
    "constant": {"value": -2.5},
    "uniform": {"low": -1.0, "high": 3.0},
    "normal": {"mean": 10.0, "spread": 2.0},
    "lognormal": {"mean": 3.0, "spread": 0.8},
    "exponential": {"mean": 4.0},
    "weibull": {"mean": 2.0, "shape": 1.7},
    "gamma": {"mean": 2.0, "shape": 0.6},
    "beta": {"mean": 0.3, "precision": 4.0},
    "categorical": {"shares": (0.2, 0.0, 0.5, 0.3)},
}
COMPILED_KINDS = ("constant", "uniform", "normal", "lognormal", "exponential", "weibull")

unit = st.floats(1e-9, 1.0 - 1e-9)
amount = st.floats(-1e3, 1e3)
scale = st.floats(1e-3, 1e6)
CONTINUOUS = {
    "uniform": st.builds(lambda low, width: {"low": low, "high": low + width}, amount, scale),
    "normal": st.builds(dict, mean=amount, spread=scale),
    "lognormal": st.builds(dict, mean=scale, spread=st.floats(0.01, 5.0)),
    "exponential": st.builds(dict, mean=scale),
    "weibull": st.builds(dict, mean=scale, shape=st.floats(0.1, 100.0)),
    "gamma": st.builds(dict, mean=scale, shape=st.floats(0.2, 1e4)),
    "beta": st.builds(dict, mean=st.floats(0.05, 0.95), precision=st.floats(20.0, 1e4)),
}
counts = st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any)
DISCRETE = {
    "constant": st.builds(dict, value=amount),
    "categorical": counts.map(lambda n: {"shares": tuple(count / sum(n) for count in n)}),
}


def built(strategies):
    """Return the strategy of distributions whose parameters come from these."""
    one = st.sampled_from(sorted(strategies))
    return one.flatmap(lambda kind: strategies[kind].map(lambda values: Distribution(kind=kind, **values)))


def example(kind):
    """Return the example of a kind."""
    return Distribution(kind=kind, **EXAMPLES[kind])


TWINS = {  # scipy's family, its shapes, loc and scale; not frozen, which is slow
    "uniform": lambda d: (stats.uniform, d.low, d.high - d.low),
    "normal": lambda d: (stats.norm, d.mean, d.spread),
    "lognormal": lambda d: (stats.lognorm, d.spread, 0.0, d.mean * math.exp(-(d.spread**2) / 2)),
    "exponential": lambda d: (stats.expon, 0.0, d.mean),
    "weibull": lambda d: (stats.weibull_min, d.shape, 0.0, d.mean / math.gamma(1 + 1 / d.shape)),
    "gamma": lambda d: (stats.gamma, d.shape, 0.0, d.mean / d.shape),
    "beta": lambda d: (stats.beta, d.mean * d.precision, (1 - d.mean) * d.precision),
}


class TestQuantiles:
    def test_by_hand(self):
        """Medians: of the exponential mean ln 2; of the lognormal mean e**(-spread**2 / 2)."""
        assert example("constant").quantile([0.1, 0.9]).tolist() == [-2.5, -2.5]
        assert example("uniform").quantile([0.25, 0.5]).tolist() == [0.0, 1.0]
        assert example("normal").quantile([0.5, 0.975]) == pytest.approx([10.0, 13.919928], rel=1e-6)
        assert example("lognormal").quantile(0.5) == pytest.approx(3.0 * math.exp(-0.32))
        assert example("exponential").quantile([0.5, 1 - math.exp(-2)]) == pytest.approx([4 * math.log(2), 8.0])
        assert Distribution(kind="weibull", mean=1.0, shape=1.0).quantile(0.5) == pytest.approx(math.log(2))
        assert Distribution(kind="gamma", mean=3.0, shape=1.0).quantile(0.5) == pytest.approx(3 * math.log(2))
        assert Distribution(kind="beta", mean=0.5, precision=2.0).quantile([0.1, 0.7]) == pytest.approx([0.1, 0.7])

    def test_the_arcsine_law_is_a_beta(self):
        u = np.linspace(0.001, 0.999, 99)
        arcsine = Distribution(kind="beta", mean=0.5, precision=1.0)
        assert arcsine.quantile(u) == pytest.approx(np.sin(np.pi * u / 2) ** 2, rel=1e-12)

    def test_categories_get_their_shares_and_none_that_has_no_share(self):
        """Shares 0.2, 0, 0.5, 0.3 of a hundred equally spaced uniforms."""
        index = example("categorical").quantile((np.arange(100) + 0.5) / 100)
        assert np.bincount(index.astype(int), minlength=4).tolist() == [20, 0, 50, 30]
        thirds = Distribution(kind="categorical", shares=(1 / 3, 1 / 3, 1 / 3 - 5e-10, 0.0))
        assert thirds.quantile(np.nextafter(1.0, 0.0)) == 2.0

    @given(built(CONTINUOUS), unit)
    def test_undo_the_distribution_function(self, d, u):
        family, *parameters = TWINS[d.kind](d)
        assert family.cdf(d.quantile(u), *parameters) == pytest.approx(u, rel=1e-9, abs=1e-9)

    @given(built(CONTINUOUS | DISCRETE), st.lists(unit, min_size=2, max_size=20))
    def test_never_fall_and_stay_inside_the_support(self, d, uniforms):
        x = d.quantile(np.sort(uniforms))
        assert x.shape == (len(uniforms),)
        assert x.dtype == np.float64
        assert np.all(np.diff(x) >= -1e-12 * np.abs(x[1:]))
        assert d.support[0] <= x.min()
        assert x.max() <= d.support[1]

    @pytest.mark.parametrize("kind", get_args(Kind))
    def test_the_ends_of_the_uniforms_give_finite_values(self, kind):
        assert np.all(np.isfinite(example(kind).quantile([2.0**-33, 1 - 2.0**-33])))

    @pytest.mark.parametrize("kind", ["normal", "lognormal"])
    def test_without_spread_all_are_alike(self, kind):
        assert Distribution(kind=kind, mean=3.0, spread=0.0).quantile([0.001, 0.999]).tolist() == [3.0, 3.0]


class TestMoments:
    @given(built(CONTINUOUS))
    def test_are_those_of_scipy(self, d):
        family, *parameters = TWINS[d.kind](d)
        mean, variance = family.stats(*parameters, moments="mv")
        assert d.expectation == pytest.approx(mean, rel=1e-9)
        assert d.variance == pytest.approx(variance, rel=1e-8)

    @pytest.mark.parametrize("kind", CONTINUOUS)
    def test_are_those_of_the_quantiles(self, kind):
        d = example(kind)
        mean, _ = integrate.quad(d.quantile, 0.0, 1.0, limit=200)
        second, _ = integrate.quad(lambda u: (d.quantile(u) - d.expectation) ** 2, 0.0, 1.0, limit=200)
        assert mean == pytest.approx(d.expectation, rel=1e-6)
        assert second == pytest.approx(d.variance, rel=1e-5)

    def test_by_hand(self):
        """Of 0, 2 and 3 with shares 0.2, 0.5, 0.3: mean 1.9, mean square 4.7."""
        d = example("categorical")
        assert (d.expectation, d.variance) == pytest.approx((1.9, 4.7 - 1.9**2))
        assert (example("constant").expectation, example("constant").variance) == (-2.5, 0.0)
        assert (example("uniform").expectation, example("uniform").variance) == pytest.approx((1.0, 16 / 12))
        assert Distribution(kind="categorical", shares=(1.0,)).variance == 0.0

    def test_supports(self):
        ends = {kind: example(kind).support for kind in get_args(Kind)}
        assert ends.pop("constant") == (-2.5, -2.5)
        assert ends.pop("uniform") == (-1.0, 3.0)
        assert ends.pop("normal") == (-math.inf, math.inf)
        assert ends.pop("beta") == (0.0, 1.0)
        assert ends.pop("categorical") == (0.0, 3.0)
        assert set(ends.values()) == {(0.0, math.inf)}


@kernel
def draw_all(out, u, code, a, b):
    """Draw one of each uniform.  out (n,)  [written]"""
    for i in range(u.shape[0]):
        out[i] = draw(code, a, b, u[i])


@kernel
def look_up_all(out, u, quantiles):
    """Look each uniform up.  out (n,)  [written]"""
    for i in range(u.shape[0]):
        out[i] = tabulated(quantiles, u[i])


@pytest.fixture(scope="module")
def grid():
    """Return uniforms as `streams.uniform` makes them, rising, float32: all cells near both ends and some between."""
    low = np.arange(2000)
    cells = np.concatenate([low, np.linspace(2000, 2**23 - 2001, 2000).astype(np.int64), 2**23 - 1 - low[::-1]])
    return ((cells + 0.5) * 2.0**-23).astype(np.float32)


def drawn(d, u):
    """Return what kernels draw and what is exact, both float64."""
    out = np.empty_like(u)
    draw_all(out, u, *d.numbers())
    return out.astype(np.float64), d.quantile(u)


class TestEquations:
    """Each error is the one that the equation's docstring states."""

    @pytest.mark.parametrize("mean", [1e-9, 0.003, 1.0, 7.0, 1e9])
    def test_exponential(self, grid, mean):
        ours, exact = drawn(Distribution(kind="exponential", mean=mean), grid)
        np.testing.assert_allclose(ours, exact, rtol=4e-7)

    @pytest.mark.parametrize("shape", [0.1, 0.15, 0.3, 0.5, 0.8, 1.0, 1.5, 3.0, 10.0, 100.0])
    @pytest.mark.parametrize("mean", [0.01, 30.0])
    def test_weibull(self, grid, shape, mean):
        d = Distribution(kind="weibull", mean=mean, shape=shape)
        ours, exact = drawn(d, grid)
        least = d.numbers()[1] * math.exp(-80.0)
        tiny = float(np.finfo(np.float32).tiny)  # below it float32 has fewer digits
        np.testing.assert_allclose(ours, np.maximum(exact, least), rtol=4e-7 + 3e-6 / shape, atol=tiny)

    @pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (5.0, 1.0), (-3.0, 20.0), (1e3, 0.1), (2.0, 0.0)])
    def test_normal(self, grid, mean, spread):
        ours, exact = drawn(Distribution(kind="normal", mean=mean, spread=spread), grid)
        assert np.all(np.abs(ours - exact) <= 4e-7 * (abs(mean) + np.abs(exact - mean)))

    @pytest.mark.parametrize("spread", [0.0, 0.1, 0.5, 1.0, 2.0, 5.0])
    @pytest.mark.parametrize("mean", [1e-6, 1.0, 12.0, 1e6])
    def test_lognormal(self, grid, mean, spread):
        d = Distribution(kind="lognormal", mean=mean, spread=spread)
        ours, exact = drawn(d, grid)
        np.testing.assert_allclose(ours, exact, rtol=3e-7 * (1 + 5 * spread + abs(d.numbers()[1])))

    @pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 5.0), (1e6, 1e6 + 1.0), (2.0, 2.0)])
    def test_uniform(self, grid, low, high):
        ours, exact = drawn(Distribution(kind="uniform", low=low, high=high), grid)
        np.testing.assert_allclose(ours, exact, rtol=0, atol=2e-7 * max(abs(low), abs(high)))
        assert low <= ours.min()
        assert ours.max() <= high

    def test_constant(self, grid):
        assert set(drawn(example("constant"), grid)[0]) == {-2.5}

    @pytest.mark.parametrize("kind", COMPILED_KINDS)
    def test_draws_never_fall_but_for_a_rounding(self, grid, kind):
        ours, _ = drawn(example(kind), grid)
        assert np.all(np.diff(ours) >= -1e-6 * np.abs(ours[1:]))

    def test_by_hand(self):
        """Medians, with z = 0 and -ln(1 - 1/2) = ln 2."""
        half, one, two, three = (np.float32(x) for x in (0.5, 1.0, 2.0, 3.0))
        assert exponential_quantile(half, two) == pytest.approx(2 * math.log(2))
        assert weibull_quantile(half, three, two) == pytest.approx(3 * math.sqrt(math.log(2)))
        assert normal_quantile(half, three, two) == 3.0
        assert lognormal_quantile(half, one, two) == pytest.approx(math.e)

    def test_numbers_are_a_code_and_two_parameters(self):
        assert example("constant").numbers() == (distributions.CONSTANT, -2.5, 0.0)
        assert example("uniform").numbers() == (distributions.UNIFORM, -1.0, 3.0)
        assert example("normal").numbers() == (distributions.NORMAL, 10.0, 2.0)
        assert example("exponential").numbers() == (distributions.EXPONENTIAL, 4.0, 0.0)
        code, log_mean, spread = example("lognormal").numbers()
        assert (code, log_mean, spread) == (distributions.LOGNORMAL, pytest.approx(math.log(3.0) - 0.32), 0.8)
        code, scale, shape = Distribution(kind="weibull", mean=1.5, shape=0.5).numbers()
        assert (code, scale, shape) == (distributions.WEIBULL, pytest.approx(0.75), 0.5)  # mean / Γ(3)


def lost(d, points):
    """Return the shares of mean and variance that draws by `tabulated` lack: integrals of its straight pieces."""
    q = table(d, points).astype(np.float64)
    q = np.concatenate([q[:1], q, q[-1:]])
    width = np.full(points + 1, 1.0 / points)
    width[[0, -1]] /= 2.0
    mean = width @ (q[1:] + q[:-1]) / 2
    square = width @ (q[1:] ** 2 + q[1:] * q[:-1] + q[:-1] ** 2) / 3
    return 1 - mean / d.expectation, 1 - (square - mean**2) / d.variance


class TestTables:
    @pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind != "categorical"])
    @pytest.mark.parametrize("points", [2, 3, 65, 1025])
    def test_are_read_by_linear_interpolation(self, grid, kind, points):
        q, out = table(example(kind), points), np.empty_like(grid)
        assert (q.shape, q.dtype) == ((points,), np.float32)
        look_up_all(out, grid, q)
        exact = np.interp(grid.astype(np.float64), (np.arange(points) + 0.5) / points, q.astype(np.float64))
        np.testing.assert_allclose(out, exact, rtol=1e-4, atol=1e-4 * max(float(np.ptp(q)) / points, 1e-9))
        assert np.all(np.diff(out) >= 0.0)
        assert (out[0], out[-1]) == pytest.approx((q[0], q[-1]), rel=1e-6)
        assert q[0] <= out.min()
        assert out.max() <= q[-1]

    @pytest.mark.parametrize(
        ("shape", "mean", "variance"), [(0.1, 3e-3, 3.3e-2), (0.5, 7e-4, 1e-2), (2.0, 2e-4, 4e-3), (20.0, 3e-5, 2e-3)]
    )
    def test_lose_of_a_gamma_what_is_stated(self, shape, mean, variance):
        d = Distribution(kind="gamma", mean=5.0, shape=shape)
        coarse, fine = lost(d, 1025), lost(d, 4097)
        assert 0.6 * variance < coarse[1] <= variance
        assert 0.0 < coarse[0] <= mean
        assert fine[0] < 0.34 * coarse[0]
        assert fine[1] < 0.34 * coarse[1]

    @pytest.mark.parametrize("mean", [0.1, 0.3, 0.5, 0.9])
    @pytest.mark.parametrize("precision", [0.5, 2.0, 5.0, 10.0, 20.0, 100.0, 1e4])
    def test_lose_of_a_beta_what_is_stated(self, mean, precision):
        lost_mean, lost_variance = lost(Distribution(kind="beta", mean=mean, precision=precision), 1025)
        assert abs(lost_mean) <= 2e-4
        assert 0.0 <= lost_variance <= 2e-3

    @pytest.mark.parametrize("shape", [0.5, 2.0])
    def test_are_near_the_quantile_between_the_tails(self, grid, shape):
        d, out = Distribution(kind="gamma", mean=1.0, shape=shape), np.empty_like(grid)
        look_up_all(out, grid, table(d))
        between = (grid > 0.01) & (grid < 0.99)
        assert np.abs(out - d.quantile(grid))[between].max() < 2e-3 * math.sqrt(d.variance)


def spread_out(k, n=20_000):
    """Return (k, n) uniforms that fill the unit cube evenly: multiples of square roots of primes, modulo 1."""
    return (np.arange(1, n + 1) * np.sqrt([[2.0], [3.0], [5.0], [7.0]][:k])) % 1.0


RANKS = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.0]])
correlations = st.lists(st.floats(-1, 1), min_size=6, max_size=6)


def symmetric(six):
    """Return a (4, 4) matrix with these numbers off a diagonal of ones."""
    matrix = np.eye(4)
    matrix[np.triu_indices(4, 1)] = six
    return matrix + np.triu(matrix, 1).T


class TestCopula:
    def test_ranks_correlate_as_asked(self):
        u = copula(spearman_to_normal(RANKS), spread_out(3))
        np.testing.assert_allclose(stats.spearmanr(u.T).statistic, RANKS, atol=0.02)

    def test_normal_scores_correlate_as_asked(self):
        u = copula(RANKS, spread_out(3))
        np.testing.assert_allclose(np.corrcoef(stats.norm.ppf(u)), RANKS, atol=0.02)

    def test_each_row_stays_uniform(self):
        for row in copula(RANKS, spread_out(3)):
            assert stats.kstest(row, "uniform").statistic < 0.01

    def test_rows_that_depend_on_none_above_keep_their_bits(self):
        u = spread_out(3)
        assert copula(np.eye(3), u).tobytes() == u.tobytes()
        tied = copula([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.5, 0.5, 1.0]], u)
        assert tied[:2].tobytes() == u[:2].tobytes()
        assert np.all(tied[2] != u[2])

    def test_each_column_is_worked_on_alone(self):
        u = spread_out(3, 1001)
        together = copula(RANKS, u)
        apart = [copula(RANKS, u[:, part]) for part in (slice(0, 7), slice(7, 500), slice(500, 1001))]
        assert np.concatenate(apart, axis=1).tobytes() == np.ascontiguousarray(together).tobytes()

    def test_by_hand(self):
        """z = (1, 1) with correlation 0.6: the second is 0.6 + 0.8 = 1.4."""
        u = stats.norm.cdf([[1.0], [1.0]])
        assert stats.norm.ppf(copula([[1.0, 0.6], [0.6, 1.0]], u)[1]) == pytest.approx([1.4])

    def test_perfect_correlation_repeats_and_mirrors(self):
        u = spread_out(3)
        same, opposite, again = copula([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]], u)
        np.testing.assert_allclose(opposite, 1.0 - same, atol=1e-7)
        np.testing.assert_allclose(again, same, atol=1e-7)

    def test_a_singular_correlation_is_allowed(self):
        """The third is the sum of two that are independent."""
        half = math.sqrt(0.5)
        u = copula([[1.0, 0.0, half], [0.0, 1.0, half], [half, half, 1.0]], spread_out(3))
        z = stats.norm.ppf(u)
        np.testing.assert_allclose(z[2], half * (z[0] + z[1]), atol=1e-5)

    def test_the_result_is_inside_even_as_float32(self):
        ends = np.array([2.0**-33, 0.5, 1 - 2.0**-33])
        u = copula([[1.0, 0.99], [0.99, 1.0]], np.array([ends, ends]))[1].astype(np.float32)
        assert np.all((u > 0.0) & (u < 1.0))

    def test_uniforms_are_not_written_to(self):
        u = spread_out(3, 10)
        before = u.copy()
        copula(RANKS, u)
        assert np.array_equal(u, before)

    @given(correlations)
    def test_what_is_impossible_is_possible_after_the_shrinking_that_is_named(self, six):
        matrix, u = symmetric(six), spread_out(4, 3)
        try:
            copula(matrix, u)
        except Refusal as refusal:
            factor = float(str(refusal).split()[-3])
            assert 0.0 < factor < 1.0
            copula(symmetric(factor * np.array(six)), u)
            with pytest.raises(Refusal):
                copula(symmetric(min(1.0, factor + 2e-4) * np.array(six)), u)
        else:
            assert np.linalg.eigvalsh(matrix)[0] > -1e-9

    @given(st.floats(-1, 1))
    def test_spearman_of_normals(self, rho):
        """The inverse, 6 / π asin(r / 2), is the rank correlation of a bivariate normal."""
        assert 6 / np.pi * np.arcsin(spearman_to_normal(rho) / 2) == pytest.approx(rho, abs=1e-12)


class Holder(Spec):
    patience: Distribution = Distribution(kind="exponential", mean=3.0)


class TestSpec:
    @pytest.mark.parametrize("kind", get_args(Kind))
    def test_is_the_same_in_a_file(self, kind):
        holder = Holder(patience=example(kind))
        assert Holder.parse(tomllib.loads(write_toml(holder.to_dict()))) == holder

    def test_paths_change_a_parameter_a_kind_or_all(self):
        holder = Holder()
        assert holder.replace({"patience.mean": 2}).patience.mean == 2.0
        gamma = holder.replace({"patience.kind": "gamma", "patience.shape": 2.0}).patience
        assert gamma == Distribution(kind="gamma", mean=3.0, shape=2.0)
        assert holder.replace({"patience": {"kind": "constant", "value": 1}}).patience.expectation == 1.0

    def test_every_kind_has_its_functions(self):
        assert list(EXAMPLES) == list(get_args(Kind))
        for kind in get_args(Kind):
            d = example(kind)
            assert all(map(math.isfinite, (d.expectation, d.variance, d.quantile(0.3))))

    @pytest.mark.parametrize(
        ("written", "line"),
        [
            ({"mean": 2.0}, "patience: the required parameter 'kind' is missing"),
            ({"kind": "gama"}, "patience.kind = \"gama\" is not one of constant, .*; did you mean 'gamma'\\?"),
            ({"kind": "gamma", "mean": 2.0}, 'patience: kind = "gamma" takes mean and shape; given: mean'),
            ({"kind": "beta"}, 'patience: kind = "beta" takes mean and precision; given: none'),
            (
                {"kind": "exponential", "mean": 2.0, "shape": 1.0},
                'patience: kind = "exponential" takes mean; given: mean and shape',
            ),
            ({"kind": "normal", "men": 2.0}, "patience: no Distribution parameter 'men'; did you mean 'mean'\\?"),
            (
                {"kind": "gamma", "mean": -1, "shape": 1},
                r'patience.mean = -1.0 is outside \[1e-09, 1e9\] \(kind = "gamma"\)',
            ),
            (
                {"kind": "beta", "mean": 1.5, "precision": 2},
                r'patience.mean = 1.5 is outside \[0.001, 0.999\] \(kind = "beta"\)',
            ),
            (
                {"kind": "weibull", "mean": 1, "shape": 0.05},
                r'patience.shape = 0.05 is outside \[0.1, 100\] \(kind = "weibull"\)',
            ),
            (
                {"kind": "normal", "mean": 1, "spread": -1},
                r"patience.spread = -1.0 is outside \[0, 1e9\] \(sd\)",
            ),
            ({"kind": "uniform", "low": 3, "high": 2}, "patience.low = 3.0 is above high = 2.0"),
            ({"kind": "categorical", "shares": [0.5, 0.4]}, r"patience.shares = \[0.5, 0.4\] add to 0.9, not 1"),
            ({"kind": "categorical", "shares": []}, r"patience.shares = \[\] add to 0, not 1"),
            (
                {"kind": "categorical", "shares": [1.5, -0.5]},
                r"patience.shares\[0\] = 1.5 is outside \[0, 1\] \(fraction\)",
            ),
            (3.0, "patience = 3.0 is not a Distribution table"),
        ],
    )
    def test_refusals(self, written, line):
        with pytest.raises(Refusal, match=f"^study.toml: {line}$"):
            Holder.parse({"patience": written}, source="study.toml")

    def test_what_kernels_cannot_evaluate_is_refused_with_the_next_step(self):
        lines = {
            "gamma": r"give kernels its table\(\)",
            "beta": r"give kernels its table\(\)",
            "categorical": r"use quantile\(\)",
        }
        for kind, step in lines.items():
            with pytest.raises(Refusal, match=f'^kind = "{kind}" has no equation, as constant, .* have; {step}$'):
                example(kind).numbers()
        with pytest.raises(
            Refusal, match=r'^kind = "categorical" has no table: there is nothing between two categories'
        ):
            table(example("categorical"))
        with pytest.raises(Refusal, match=r"^points = 1 is too few; a line takes 2$"):
            table(example("gamma"), 1)

    @pytest.mark.parametrize(
        ("matrix", "line"),
        [
            (np.eye(2), r"correlation: has shape \(2, 2\), but 3 rows of uniforms need \(3, 3\)"),
            (
                [[1, 0.5, 0], [0.4, 1, 0], [0, 0, 1]],
                r"correlation\[0\]\[1\] = 0.5 must be in \[-1, 1\] and equal to correlation\[1\]\[0\] = 0.4",
            ),
            (
                [[1, 0, 0], [0, 1, 1.5], [0, 1.5, 1]],
                r"correlation\[1\]\[2\] = 1.5 must be in \[-1, 1\] and equal to correlation\[2\]\[1\] = 1.5",
            ),
            ([[1, 0, 0], [0, 0.9, 0], [0, 0, 1]], r"correlation\[1\]\[1\] = 0.9 must be 1"),
            ([[math.nan, 0, 0], [0, 1, 0], [0, 0, 1]], r"correlation\[0\]\[0\] = nan must be 1"),
            (
                [[1, 0.9, 0.9], [0.9, 1, -0.8], [0.9, -0.8, 1]],
                r"correlation: no variables correlate like this: \[\d\]\[\d\] fits the others least; "
                r"multiply all but the diagonal by 0.\d+ or less",
            ),
        ],
    )
    def test_impossible_correlations_are_refused(self, matrix, line):
        with pytest.raises(Refusal, match=f"^{line}$"):
            copula(matrix, spread_out(3, 5))
