"""Sensitivity indices: against functions whose indices are known, with luck, and with values missing."""

import math

import numpy as np
import pytest
from SALib.test_functions import Ishigami

from abm.core.errors import Refusal
from abm.study.plan.design import Design, grid, morris, saltelli
from abm.study.sensitivity import indices
from abm.study.sensitivity.indices import analyse
from abm.study.statistics.paired import interval

CUBE = dict.fromkeys(("x1", "x2", "x3"), (-math.pi, math.pi))
UNIT = dict.fromkeys("abcd", (0.0, 1.0))


def linear(point):
    """Effects 3, -2, 1 and 0; the sum of squares is 14."""
    return 3 * point["a"] - 2 * point["b"] + point["c"]


def by_factor(table):
    return table.set_index("factor")


def noisy(design, replications, luck, shared=5.0, seed=1):
    """Outputs of `linear` with luck of each point and replication, and luck that the points of a replication share."""
    rng = np.random.default_rng(seed)
    values = np.array([linear(point) for point in design.points])[:, None]
    return values + shared * rng.normal(size=replications) + luck * rng.normal(size=(len(design), replications))


@pytest.mark.parametrize("seed", [1, 2])
def test_sobol_on_ishigami(seed):
    """Source of the indices: SALib's documentation, and by hand from a = 7, b = 0.1."""
    design = saltelli(CUBE, 2**13, seed)
    found = by_factor(analyse(design, Ishigami.evaluate(np.array(design.rows))).table).loc[["x1", "x2", "x3"]]
    v1, v2 = 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2, 7**2 / 8
    v13 = 0.1**2 * math.pi**8 * (1 / 18 - 1 / 50)
    total = v1 + v2 + v13
    assert found["first_order"].to_numpy() == pytest.approx([v1 / total, v2 / total, 0], abs=0.02)
    assert found["total_order"].to_numpy() == pytest.approx([(v1 + v13) / total, v2 / total, v13 / total], abs=0.02)
    for index in ("first_order", "total_order"):
        assert (found[f"{index}_low"] <= found[index]).all()
        assert (found[index] <= found[f"{index}_high"]).all()
        assert (found[f"{index}_high"] - found[f"{index}_low"] < 0.12).all()


def test_sobol_on_a_line():
    found = analyse(saltelli(UNIT, 512, 1), linear)
    table = by_factor(found.table)
    assert list(table.index[:3]) == ["a", "b", "c"]
    assert table["total_order"].to_dict() == pytest.approx({"a": 9 / 14, "b": 4 / 14, "c": 1 / 14, "d": 0}, abs=0.02)
    assert table.loc["d", ["total_order", "total_order_low", "total_order_high"]].tolist() == [0, 0, 0]
    assert found.mean == pytest.approx(1, abs=0.01)
    assert found.sd == pytest.approx(math.sqrt(14 / 12), rel=0.01)
    assert math.isnan(found.noise_share)
    assert table["luck"].isna().all()


def test_morris_on_a_line():
    table = by_factor(analyse(morris(UNIT, 4, 1), linear).table)
    assert table["mu_star"].to_dict() == pytest.approx({"a": 3, "b": 2, "c": 1, "d": 0})
    assert table["mu"].to_dict() == pytest.approx({"a": 3, "b": -2, "c": 1, "d": 0})
    assert table["sigma"].to_numpy() == pytest.approx(0)
    assert table["mu_star_low"].to_numpy() == pytest.approx(table["mu_star_high"].to_numpy())


def test_morris_sees_what_is_not_additive():
    """Of a * b the effect of a is b at the level where it stands: 0, 1/3, 2/3 or 1, equally likely."""
    table = by_factor(analyse(morris(UNIT, 2000, 1), lambda point: point["a"] * point["b"]).table)
    assert table.loc["a", "mu_star"] == pytest.approx(0.5, abs=0.02)
    assert table.loc["a", "sigma"] == pytest.approx(math.sqrt(5 / 36), abs=0.01)
    assert table.loc["a", "mu_star_low"] < 0.5 < table.loc["a", "mu_star_high"]


def test_one_factor_at_a_time():
    design = Design.from_rows([{"a": 1, "b": "x"}, {"a": 0, "b": "x"}, {"a": 3, "b": "x"}, {"a": 1, "b": "y"}])
    luck = np.array([[0.0, 1.0, 2.0]])
    block = np.array([[10.0], [9.0], [14.0], [10.5]]) + luck + np.array([[0.0], [1.0], [0.0], [0.0]]) * luck
    table = analyse(design, block).table
    assert table[["factor", "base", "setting"]].to_numpy().tolist() == [["a", 1, 0], ["a", 1, 3], ["b", "x", "y"]]
    assert table["difference"].tolist() == pytest.approx([0.0, 4.0, 0.5])
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx(interval(np.array([-1.0, 0.0, 1.0]), 0.95)[1:3])
    assert table["swing"].tolist() == pytest.approx([4.0, 4.0, 0.5])


class TestLuck:
    """Replications: the luck that all points share does not count, the rest is measured."""

    @pytest.mark.parametrize("make", [lambda: saltelli(UNIT, 64, 1), lambda: morris(UNIT, 16, 1)])
    def test_shared_luck_changes_nothing(self, make):
        design = make()
        quiet, shared = analyse(design, noisy(design, 5, 0.0, 0.0)), analyse(design, noisy(design, 5, 0.0, 8.0))
        for column in quiet.table.columns[1:]:
            assert shared.table[column].to_numpy() == pytest.approx(quiet.table[column].to_numpy(), abs=1e-9)
        assert quiet.noise_share == pytest.approx(0, abs=1e-12)
        assert shared.noise_share == pytest.approx(0, abs=1e-9)

    @pytest.mark.parametrize("luck", [0.3, 1.0, 3.0])
    def test_the_noise_share(self, luck):
        design = saltelli(UNIT, 1024, 1)
        found = analyse(design, noisy(design, 6, luck))
        noise, signal = luck**2 / 6, 14 / 12
        assert found.noise_share == pytest.approx(noise / (noise + signal), rel=0.05)

    def test_the_luck_of_a_factor_that_does_nothing_is_what_it_gets(self):
        """Averaged over many analyses of a design small enough for luck to show."""
        design = saltelli(UNIT, 256, 1)
        found = [by_factor(analyse(design, noisy(design, 4, 1.0, seed=seed)).table).loc["d"] for seed in range(20)]
        luck, total = np.mean([row["luck"] for row in found]), np.mean([row["total_order"] for row in found])
        assert luck == pytest.approx(total, rel=0.05)
        assert luck == pytest.approx((1 / 4) / (1 / 4 + 14 / 12), rel=0.05)

    def test_the_luck_of_an_effect(self):
        """A difference of two means of R over 2/3 of a range has the standard deviation sqrt(2 / R) * 3 / 2."""
        design = morris(UNIT, 400, 1)
        row = by_factor(analyse(design, noisy(design, 16, 1.0)).table).loc["d"]
        expected = math.sqrt(2 / math.pi) * math.sqrt(2 / 16) * 3 / 2
        assert row["luck"] == pytest.approx(expected, rel=0.05)
        assert row["mu_star"] == pytest.approx(expected, rel=0.1)

    def test_one_replication_tells_nothing_of_luck(self):
        design = morris(UNIT, 4, 1)
        found = analyse(design, np.array([linear(point) for point in design.points]))
        assert math.isnan(found.noise_share)
        assert found.table["luck"].isna().all()


class TestMissing:
    """Runs that failed and KPIs without a value."""

    @pytest.mark.parametrize("make", [saltelli, morris])
    def test_a_sample_with_a_missing_value_does_not_count(self, make):
        design = make(UNIT, 32, 1)
        samples = design.index.reshape(32, -1)
        once = int(np.flatnonzero(np.bincount(design.index) == 1)[5])
        block = noisy(design, 3, 0.1)
        means = block.mean(axis=1)[samples[~(samples == once).any(axis=1)]]
        block[once, 1] = np.nan
        found = analyse(design, block)
        assert (found.samples, found.dropped, found.replications, found.left_out) == (31, 1, 3, 0)
        assert found.mean == pytest.approx(means[:, [0, -1]].mean() if make is saltelli else means.mean())

    def test_infinity_is_no_value(self):
        design = morris(UNIT, 8, 1)
        block = noisy(design, 3, 0.1)
        block[0, 0] = np.inf
        assert analyse(design, block).dropped == 1

    def test_a_point_in_several_samples_takes_them_all_with_it(self):
        design = saltelli({"a": (1, 2), "b": (0.0, 1.0)}, 16, 1)
        assert len(design) < design.asked
        often = int(np.argmax(np.bincount(design.index)))
        block = np.ones((len(design), 2)) * np.arange(len(design))[:, None]
        block[often, 0] = np.nan
        hit = (design.index.reshape(16, 4) == often).any(axis=1).sum()
        assert analyse(design, block).dropped == hit > 0

    def test_a_replication_that_mostly_failed_is_left_out(self):
        design = morris(UNIT, 8, 1)
        block = noisy(design, 4, 0.1)
        without = analyse(design, block[:, [0, 1, 3]])
        block[: len(design) * 2 // 3, 2] = np.nan
        found = analyse(design, block)
        assert (found.replications, found.left_out, found.dropped) == (3, 1, 0)
        assert found.table.equals(without.table)

    def test_a_setting_without_a_value_has_no_difference(self):
        design = Design.from_rows([{"a": 1}, {"a": 0}, {"a": 3}])
        found = analyse(design, np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, 4.0]]))
        assert found.table["difference"].isna().tolist() == [True, False]
        assert found.table["swing"].tolist() == [2.0, 2.0]

    def test_too_few(self):
        design = morris(UNIT, 8, 1)
        block = noisy(design, 3, 0.1)
        block[design.index.reshape(8, 5)[:6, 0], 0] = np.nan
        message = "2 of 8 samples can be used and 4 are needed; 6 were left out because a value is missing at one of"
        with pytest.raises(Refusal, match=message):
            analyse(design, block)
        with pytest.raises(Refusal, match="fewer than half of the points have a value in any replication"):
            analyse(design, np.full((len(design), 2), np.nan))
        tried = Design.from_rows([{"a": 1}, {"a": 0}, {"a": 3}])
        with pytest.raises(Refusal, match="the first point, or all others, have no value"):
            analyse(tried, np.array([np.nan, 1.0, 2.0]))


def test_an_output_that_never_changes_has_no_shares():
    found = analyse(saltelli(UNIT, 8, 1), lambda point: 0.1)
    assert found.sd == 0
    assert found.table["total_order"].isna().all()
    assert analyse(morris(UNIT, 4, 1), lambda point: 0.1).table["mu_star"].tolist() == [0, 0, 0, 0]


def test_the_same_numbers_every_time():
    design = saltelli(UNIT, 16, 0)
    block = noisy(design, 2, 1.0)
    assert analyse(design, block).table.equals(analyse(design, block).table)
    np.random.seed(1)  # noqa: NPY002 - what the analysis must not listen to
    first = analyse(design, block).table
    np.random.seed(2)  # noqa: NPY002
    assert analyse(design, block).table.equals(first)


def test_the_confidence_decides_the_width():
    design = saltelli(UNIT, 64, 1)
    narrow, wide = (analyse(design, linear, confidence).table.iloc[0] for confidence in (0.5, 0.99))
    assert narrow["total_order_high"] < wide["total_order_high"]
    assert narrow["total_order"] == wide["total_order"]


@pytest.mark.parametrize(
    ("design", "outputs", "confidence", "message"),
    [
        (grid({"a": [1, 2]}), [1, 2], 0.95, 'method = "grid" is no design for sensitivity; use saltelli'),
        (morris(UNIT, 4, 1), [1.0, 2.0], 0.95, "outputs of shape (2,) are not (17,) or (17, replications)"),
        (morris(UNIT, 4, 1), np.ones((17, 0)), 0.95, "outputs of shape (17, 0)"),
        (morris(UNIT, 4, 1), np.ones((17, 1, 1)), 0.95, "outputs of shape (17, 1, 1)"),
        (morris(UNIT, 4, 1), linear, 1.0, "confidence = 1.0 is outside (0, 1)"),
        (morris(UNIT, 2, 1), linear, 0.9, "2 of 2 samples can be used and 4 are needed; take more samples"),
        (Design.from_rows([{"a": 1, "b": 1}, {"a": 2, "b": 2}]), [1, 2], 0.9, "differs from the first in 2 factors"),
    ],
)  # fmt: skip
def test_refused(design, outputs, confidence, message):
    with pytest.raises(Refusal) as refusal:
        analyse(design, outputs, confidence)
    assert message in str(refusal.value)


def test_every_sampled_design_has_a_smallest_size():
    assert set(indices.FEWEST) == {"saltelli", "morris"}
