"""Designs: their points, the same in Python and in a file, tables and SALib's problems, and what is refused."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.sample import latin

from abm.core.errors import Refusal
from abm.core.spec import write_toml
from abm.study.plan.design import Design, grid, latin_hypercube, morris, saltelli, sobol
from abm.study.plan.experiment import Experiment, load
from abm.study.provenance.digest import canonical
from tests.examples import examples

levels = st.lists(st.integers(-5, 5) | st.sampled_from(["ring", "complete"]), min_size=1, max_size=4, unique=True)
factors = st.dictionaries(st.sampled_from(["a", "b.c", "d"]), levels, min_size=1)
ends = st.tuples(st.integers(-3, 3), st.integers(1, 4)).map(lambda two: (two[0], two[0] + two[1]))
reals = ends.map(lambda two: (two[0] / 4, two[1] / 4))
choices = st.lists(st.sampled_from(["a", "b", "c", True]), min_size=2, max_size=4, unique=True).map(tuple)
ranges = st.dictionaries(st.sampled_from(["a", "b.c", "d"]), ends | reals | choices, min_size=1)
drawn = st.tuples(st.sampled_from([latin_hypercube, sobol, saltelli, morris]), ranges, st.integers(0, 4)).map(
    lambda drawing: drawing[0](drawing[1], 2 ** drawing[2], seed=5)
)
RATE, MARKET, ISOLATED = "word_of_mouth.contact_rate", "choice.market", "network.isolated"
MARKETS = ("always_a_share", "lost_for_good")


@given(factors)
def test_a_grid_is_the_product_of_its_levels(factors):
    design = grid(factors)
    assert [tuple(point.values()) for point in design.points] == list(itertools.product(*factors.values()))
    assert len(design) == len(design.points) == design.asked
    assert all(tuple(point) == tuple(factors) for point in design.points)
    assert design.index.tolist() == list(range(len(design)))


@given(st.one_of(factors.map(grid), drawn))
@settings(deadline=None)
def test_a_design_is_read_back_equal_from_its_table(design):
    again = Design.from_dict(design.to_dict())
    assert again == design
    assert again.points == design.points


@given(drawn)
@settings(deadline=None, max_examples=examples(200))
def test_no_two_points_are_equal_and_the_index_finds_each_row(design):
    assert len({canonical(point) for point in design.points}) == len(design)
    assert design.index.shape == (design.asked,) == (len(design.unit),)
    assert sorted(set(design.index.tolist())) == list(range(len(design)))
    firsts = [design.index.tolist().index(point) for point in range(len(design))]
    assert firsts == sorted(firsts)  # points are in the order in which they were drawn first


def test_a_row_drawn_again_is_the_point_it_was():
    design = saltelli({"a": (1, 2), "b": ("x", "y")}, 16, seed=3)
    assert len(design) == 4
    assert design.asked == 64
    rows = [design.point(at) for at in design.index]
    for row, (a, b) in zip(rows, design.unit, strict=True):
        assert row == {"a": 1 + int(2 * a), "b": "xy"[int(2 * b)]}


def test_more_samples_keep_the_points_there_are():
    few, many = (saltelli({"a": (0.0, 1.0), "b": (1, 3)}, samples, seed=3) for samples in (8, 32))
    assert many.points[: len(few)] == few.points


def test_no_design_is_one_point_without_settings():
    assert Design().points == ({},)
    assert Design.from_dict({}) == Design()


def test_factors_alone_are_a_grid():
    assert Design.from_dict({"factors": {"a": [1, 2]}}) == grid({"a": [1, 2]})


def test_levels_may_be_an_array():
    assert grid({"a": np.linspace(0, 1, 3), "b": range(2)}) == grid({"a": [0.0, 0.5, 1.0], "b": [0, 1]})


class TestInAnExperiment:
    """What an experiment adds to a design: the bounds of the spec, the kinds of numbers, its seed."""

    def test_the_seed_is_that_of_the_study_unless_the_design_has_its_own(self, study):
        own = study(design=latin_hypercube({RATE: (0, 0.5)}, 4, seed=3))
        assert own.design.points == own.replace(seed=8).design.points
        shared = study(design=latin_hypercube({RATE: (0, 0.5)}, 4))
        assert shared.design.points == study(design=latin_hypercube({RATE: (0, 0.5)}, 4, seed=7)).design.points
        assert shared.design.points != shared.replace(seed=8).design.points
        assert "seed" not in shared.to_dict()["design"]

    def test_whole_ends_of_a_number_are_a_range_of_numbers(self, study):
        design = study(design=latin_hypercube({"firms.south.price": (1, 2), ISOLATED: (1, 9)}, 4)).design
        assert design.factors == {"firms.south.price": (1.0, 2.0), ISOLATED: (1, 9)}
        assert [tuple(map(type, row)) for row in design.rows] == [(float, int)] * 4

    def test_bounds_of_the_spec(self, study):
        spec = {RATE: "spec", MARKET: "spec", "periods_per_year": "spec"}
        design = study(design=sobol(spec, 8)).design
        assert design.factors[RATE] == (0.0, 1.0)
        assert design.factors["periods_per_year"] == (1, 366)
        assert design.factors[MARKET] == MARKETS

    def test_bounds_of_what_only_the_arms_set(self, study):
        arms = {name: {"firms.north.program": {"preset": name}} for name in ("points", "tiers")}
        design = study(arms=arms, design=morris({"firms.north.program.hassle": "spec"}, 2)).design
        assert design.factors == {"firms.north.program.hassle": (0.0, 1e6)}

    @pytest.mark.parametrize("make", [latin_hypercube, sobol, saltelli, morris])
    def test_saved_and_loaded_equal(self, study, tmp_path, make):
        experiment = study(design=make({RATE: "spec", ISOLATED: (1, 3), MARKET: MARKETS[::-1]}, 4))
        experiment.save(tmp_path / "small.toml")
        again = load(tmp_path / "small.toml")
        assert again == experiment
        assert again.sheet == experiment.sheet
        assert again.sheet.ids.tolist() == experiment.sheet.ids.tolist()
        assert len(set(again.sheet.ids.tolist())) == len(again)
        assert type(again.sheet).from_dict(again.sheet.to_dict()) == again.sheet  # which knows no study
        assert again.replace(seed=9).design.rows != again.design.rows

    def test_a_long_list_is_checked_by_its_ends(self, study):
        prices = np.linspace(1, 2, 5000)
        design = study(design=Design.from_frame(pd.DataFrame({"firms.south.price": prices}))).design
        assert len(design) == 5000
        whole = study(design=Design("list", {"firms.south.price": tuple(range(1, 900))})).design
        assert all(type(price) is float for price in whole.factors["firms.south.price"])

    @pytest.mark.parametrize(
        ("path", "values", "message"),
        [
            ("firms.south.price", [*range(200), math.nan], "firms.south.price = nan is not a finite number"),
            ("firms.south.price", [*range(200), 1e5], "firms.south.price = 100000.0 is outside [0, 1000]"),
            ("firms.south.price", [*range(200), "dear"], 'firms.south.price = "dear" is not a number'),
            ("firms.south.price", [*range(200), True], "firms.south.price = true is not a number"),
            (ISOLATED, [*range(1, 200), 3.5], "network.isolated = 3.5 is not a whole number"),
            ("firms.south.price", [*range(200), 5.0], "points 5 and 200 (from 0) the same values"),
        ],
    )
    def test_what_is_wrong_in_a_long_list_is_found(self, study, path, values, message):
        with pytest.raises(Refusal) as refusal:
            study(design=Design("list", {path: tuple(values)}))
        assert message in str(refusal.value)
        assert str(refusal.value).startswith("design.factors")

    @pytest.mark.parametrize(
        ("factors", "message"),
        [
            ({"trust.grwth": (0, 1)}, "did you mean 'growth'?"),
            ({"trust.growth": (0.0, 2)}, "design.factors.trust.growth = 2.0 is outside [0, 1]"),
            ({"trust.growth": ("a", "b")}, 'trust.growth = "a" is not a number'),
            ({ISOLATED: (1, 3.5)}, "network.isolated = 3.5 is not a whole number"),
            ({ISOLATED: (1.0, 3.0)}, "network.isolated = 1.0 is not a whole number; write 1"),
            ({"network.kind": ("ring", "rign")}, "did you mean 'ring'?"),
            ({"firms.north.price": (1.0, 2.0)}, "the arm sets 'firms.north.price' itself; a factor is what no firm"),
            ({"off": "spec"}, 'design.factors.off = "spec", but a parameter that is list of text has no bounds'),
            ({"trust.growth": (0, 0.0)}, "design.factors.trust.growth: lists 0.0 twice"),
        ],
    )
    def test_refused(self, study, factors, message):
        with pytest.raises(Refusal) as refusal:
            study(design=morris(factors, 2))
        assert message in str(refusal.value)

    def test_two_paths_to_one_value_are_refused_in_any_design(self, study, monkeypatch):
        monkeypatch.setattr("abm.study.plan.checks.MOST_POINTS_CHECKED", 0)
        with pytest.raises(Refusal, match=r"'firms\.south\.price' and 'firms\.2\.price' are the same value"):
            study(design=morris({"firms.south.price": (0, 1), "firms.2.price": (0, 1)}, 2))

    def test_too_many_runs_are_refused_before_anything_is_drawn(self, study):
        with pytest.raises(Refusal, match="2 arms x 6,291,456 points x 3 replications are 37,748,736 runs"):
            study(design=saltelli({RATE: "spec"}, 2**21))


class TestBridges:
    """Tables, lists of points, and SALib's problems."""

    @given(drawn)
    @settings(deadline=None, max_examples=examples(30))
    def test_points_and_tables_lead_back(self, design):
        again = Design.from_rows(design.points)
        assert again.points == design.points
        assert Design.from_frame(again.to_frame()) == again
        assert again.to_frame().shape == (len(design), len(design.factors))

    def test_a_table_of_salib(self):
        problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [2, 3]]}
        frame = pd.DataFrame(latin.sample(problem, 5, seed=1), columns=problem["names"])
        design = Design.from_frame(frame)
        assert np.array_equal(np.array(design.rows), frame.to_numpy())
        assert all(type(value) is float for row in design.rows for value in row)

    def test_a_problem_leads_back(self):
        design = sobol({"a": (0.0, 0.5), "b.c": (1, 9)}, 4, seed=2)
        problem = design.to_problem()
        assert problem == {"num_vars": 2, "names": ["a", "b.c"], "bounds": [[0.0, 0.5], [1, 9]]}
        assert Design.from_problem(problem, "sobol", 4, seed=2) == design
        uniform = problem | {"dists": ["unif", "unif"], "groups": None}
        assert Design.from_problem(uniform, "sobol", 4, seed=2) == design
        assert np.shape(latin.sample(problem, 3, seed=1)) == (3, 2)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Design.from_rows([{"a": 1}, {"b": 1}]), 'points[1]: sets other factors than the first point: "a"'),
            (lambda: Design.from_rows([{"a": 1}, {"a": 1}]), "points 0 and 1 (from 0) the same values"),
            (lambda: Design.from_rows([]), "no points"),
            (lambda: Design.from_frame({"a": [1]}), "columns: None is no path"),
            (
                lambda: Design.from_frame(pd.DataFrame({1: [2]})),
                "columns: 1 is no path; name the columns of a table by paths",
            ),
            (lambda: Design.from_frame(pd.DataFrame([[1, 2]], columns=["a", "a"])), 'columns: "a" is there twice'),
            (lambda: Design.from_problem({"names": ["a"]}, "sobol", 4), "it has no 'bounds'"),
            (lambda: Design.from_problem([], "sobol", 4), "it has no 'names'"),
            (
                lambda: Design.from_problem({"names": ["a"], "bounds": [[0, 1]], "dists": ["norm"]}, "sobol", 4),
                "draw the points with SALib, and use Design.from_frame",
            ),
            (
                lambda: Design.from_problem({"names": ["a"], "bounds": [[0, 1]], "groups": ["g"]}, "sobol", 4),
                "problem: has groups",
            ),
            (
                lambda: Design.from_problem({"names": ["a", "b"], "bounds": [[0, 1]]}, "sobol", 4),
                "2 names and 1 bounds",
            ),
            (lambda: sobol({"a": ("x", "y")}, 4).to_problem(), "factors.a: is no range of numbers"),
            (lambda: sobol({"a": "spec"}, 4).to_problem(), 'factors.a = "spec" says what only a scenario knows'),
            (lambda: grid({"a": [1, 2]}).to_problem(), "factors.a: is no range of numbers"),
        ],
    )
    def test_refused(self, make, message):
        with pytest.raises(Refusal) as refusal:
            make()
        assert message in str(refusal.value)


def test_another_design_of_the_same_factors():
    given = grid({"a": [0.3, 0.1, 0.2], "b": ["x", "y"]})
    assert given.drawing("morris", 4) == morris({"a": (0.1, 0.3), "b": ("x", "y")}, 4)
    drawn = latin_hypercube({"a": "spec"}, 4, seed=2)
    assert drawn.drawing("saltelli", 8) == saltelli({"a": "spec"}, 8, seed=2)


def test_factors_in_words():
    assert grid({"a": [0.1, 0.2]}).described("a") == "0.1, 0.2"
    assert sobol({"a": (0.1, 0.2)}, 4).described("a") == "0.1 to 0.2"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"method": "gird"},
            'method = "gird" is not none, grid, list, latin_hypercube, sobol, saltelli or morris; did',
        ),
        ({"method": ["grid"]}, 'method = ["grid"] is not none'),
        ({"metod": "grid"}, "no design key 'metod'; did you mean 'method'?"),
        ({"factors": 3}, "factors = 3 is not a table of factors"),
        ({"factors": {1: [2]}}, "factors: 1 is not a path of the scenario"),
        ({"factors": {"a": 3}}, "factors.a = 3 is not a list of values"),
        ({"factors": {"a": {"b": [1, 2]}}}, 'factors.a: is a table; write the whole path in quotes, "a.b" = […]'),
        ({"factors": {"a": [1]}, "points": 5}, 'points = 5, but method "grid" draws nothing; leave points out'),
        ({"factors": {"a": [1]}, "seed": 5}, 'seed = 5, but method "grid" draws nothing; leave seed out'),
        ({"factors": {"a": [1]}, "points": True}, "points = true is not a whole number"),
        ({"factors": {"a": "spec"}}, 'factors.a = "spec" is not a list of values'),
        ({"method": "none", "factors": {"a": [1]}}, 'method = "none" has no factors'),
        ({"factors": {n: list(range(1000)) for n in "abc"}}, "1,000,000,000 combinations; an experiment has at most"),
        (
            {"method": "sobol", "points": 8},
            'factors = {} gives method "sobol" nothing to draw; write path = [low, high]',
        ),
    ],
)
def test_refused(table, message):
    with pytest.raises(Refusal) as refusal:
        Design.from_dict(table)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": None}, 'points: is missing; method "sobol" draws as many as it says'),
        ({"points": 0}, "points = 0 is outside [1, "),
        ({"points": 8.0}, "points = 8.0 is not a whole number"),
        ({"points": "8"}, 'points = "8" is not a whole number'),
        (
            {"points": 100},
            "points = 100 is not a power of two, which a Sobol sequence needs to be even; take 64 or 128",
        ),
        ({"points": 2**40}, "points = 1099511627776 makes 1,099,511,627,776 points; an experiment has at most"),
        ({"samples": 8}, 'samples = 8, but method "sobol" counts points'),
        ({"method": "morris"}, 'points = 8, but method "morris" counts samples'),
        ({"seed": -1}, "seed = -1 is outside [0, "),
        ({"seed": 1.5}, "seed = 1.5 is not a whole number"),
        ({"seed": True}, "seed = true is not a whole number"),
        ({"a": 3}, 'factors.a = 3 is not [low, high], a list of choices or "spec"'),
        ({"a": "specs"}, 'factors.a = "specs" is not [low, high], a list of choices or "spec"'),
        ({"a": []}, 'factors.a = [] has no values; write [low, high], or "spec"'),
        ({"a": [1]}, "factors.a = [1] is a single value, which does not vary; set it in the scenario"),
        ({"a": [2, 1]}, "factors.a = [2, 1] is the wrong way round; write [1, 2]"),
        ({"a": [2, 2]}, "factors.a: lists 2 twice"),
        ({"a": [0, math.inf]}, "factors.a = [0, inf] has numbers that are not finite"),
        ({"a": [math.nan, 1]}, "factors.a = [nan, 1] has numbers that are not finite"),
        ({"a": ["x"]}, 'factors.a = ["x"] is a single value, which does not vary'),
        ({"a": ["x", "y", "x"]}, 'factors.a: lists "x" twice'),
    ],
)
def test_drawn_designs_refused(changes, message):
    table = {"method": "sobol", "points": 8, "factors": {"a": [0, 1]}}
    for key, value in changes.items():
        if key == "a":
            table["factors"] = {"a": value}
        elif value is None:
            del table[key]
        else:
            table[key] = value
    with pytest.raises(Refusal) as refusal:
        Design.from_dict(table)
    assert message in str(refusal.value)


def test_points_without_a_seed_are_refused():
    with pytest.raises(Refusal, match="seed: is that of a study; give the design one of its own to use it without"):
        len(sobol({"a": (0, 1)}, 8))
    with pytest.raises(Refusal, match=r'factors\.a = "spec" says what only a scenario knows'):
        len(sobol({"a": "spec"}, 8, seed=1))


def test_a_study_file_of_a_drawn_design(world):
    text = write_toml(Experiment("e", world, design=latin_hypercube({RATE: (0, 0.5)}, 32)).to_dict()["design"])
    assert text == f'method = "latin_hypercube"\npoints = 32\n\n[factors]\n"{RATE}" = [0.0, 0.5]\n'
