"""Targets: every column means what it says, files round-trip, and what is not allowed is refused where it stands."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.study.calibration.targets import COLUMNS, Target, as_targets, read_targets, resolved, write_targets
from abm.study.calibration.targets import __doc__ as documentation
from tests.examples import examples

STUDY = {
    "firms": ["north", "south"],
    "arms": ["none", "points"],
    "baseline": "none",
    "kpis": ["csi", "profit"],
    "periods": 10,
}
positive = st.floats(1e-6, 1e6)
text = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
targets = st.builds(
    Target,
    kpi=st.sampled_from(["csi", "profit", "market_share"]),
    value=st.floats(allow_nan=False, allow_infinity=False),
    tolerance=positive,
    firm=text,
    arm=text,
    period=st.none() | st.integers(0, 99),
    discrepancy=st.floats(0, 1e6),
    weight=positive,
    held_out=st.booleans(),
    claim=text,
    locator=text,
)


def refusal(function, *arguments, **options):
    with pytest.raises(Refusal) as raised:
        function(*arguments, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


class TestTarget:
    def test_tolerance_is_three_standard_deviations(self):
        assert Target("csi", 75, 0.9).sd == pytest.approx(0.3)

    def test_discrepancy_adds_as_a_variance(self):
        assert Target("csi", 75, 0.9, discrepancy=1.2).sd == pytest.approx(0.5)

    def test_statistic_follows_from_against(self):
        assert Target("csi", 75, 1).statistic == "mean"
        assert Target("csi", 75, 1, arm="points", against="none").statistic == "difference"

    @pytest.mark.parametrize(
        ("fields", "label"),
        [
            ({}, "csi"),
            ({"firm": "north"}, "csi of north"),
            ({"firm": "north", "arm": "points"}, "csi of north in arm points"),
            ({"arm": "points", "against": "none"}, "csi, points minus none"),
            ({"against": "none", "statistic": "ratio"}, "csi, baseline / none"),
            ({"firm": "north", "period": 3}, "csi of north in period 3"),
        ],
    )
    def test_label(self, fields, label):
        assert Target("csi", 75, 1, **fields).label == label

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"kpi": ""}, "names no KPI"),
            ({"kpi": 5}, "kpi = 5 is not text"),
            ({"value": math.nan}, "value = nan is not a finite number"),
            ({"value": "1"}, 'value = "1" is not a finite number'),
            ({"value": True}, "value = true is not a finite number"),
            ({"tolerance": 0}, "tolerance = 0 is not a positive number"),
            ({"weight": -1}, "weight = -1 is not a positive number"),
            ({"discrepancy": -1}, "discrepancy = -1 is negative"),
            ({"held_out": "yes"}, 'held_out = "yes" is not true or false'),
            ({"period": -1}, "period = -1 is not the number of a period, 0 or more"),
            ({"period": True}, "period = true is not the number of a period, 0 or more"),
            ({"statistic": "raito"}, "statistic = \"raito\" is not mean, difference or ratio; did you mean 'ratio'?"),
            ({"statistic": "ratio"}, "statistic = ratio needs an arm in against"),
            (
                {"statistic": "mean", "against": "none"},
                "statistic = mean compares nothing; leave against empty, or say",
            ),
        ],
    )
    def test_refusals(self, fields, said):
        assert refusal(Target, **{"kpi": "csi", "value": 75, "tolerance": 1} | fields).startswith(said)


class TestFile:
    @settings(max_examples=examples(30))
    @given(st.lists(targets, min_size=1, max_size=4, unique_by=lambda target: target.subject))
    def test_what_is_written_is_read(self, tmp_path_factory, several):
        path = tmp_path_factory.getbasetemp() / "round.csv"
        write_targets(path, several)
        assert read_targets(path) == tuple(several)

    def test_columns_in_any_order_and_blank_lines(self, tmp_path):
        path = tmp_path / "targets.csv"
        path.write_text("tolerance,held_out,kpi,value\n\n 0.5 ,YES,csi, 75 \n2,,profit,100\n")
        first, second = read_targets(path)
        assert first == Target("csi", 75, 0.5, held_out=True)
        assert second == Target("profit", 100, 2)
        assert first.origin == "targets.csv: line 3"

    def test_spreadsheet_with_byte_order_mark(self, tmp_path):
        path = tmp_path / "targets.csv"
        path.write_bytes(b"\xef\xbb\xbfkpi,value,tolerance\r\ncsi,75,1\r\n")
        assert read_targets(path) == (Target("csi", 75, 1),)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "targets.csv: is empty; it needs a header with kpi, value, tolerance"),
            (b"kpi,value,tolerance\n", "targets.csv: has a header and no target"),
            (b"kpi,value\ncsi,1\n", "targets.csv: line 1: no column tolerance"),
            (b"kpi,value,toleranc\n", "targets.csv: line 1: no targets column \"toleranc\"; did you mean 'tolerance'?"),
            (b"kpi,value,tolerance,kpi\n", "targets.csv: line 1: the column kpi is there twice"),
            (b"kpi,value,tolerance\n\ncsi,1\n", "targets.csv: line 3: 2 columns where the header has 3"),
            (b"kpi,value,tolerance\ncsi,abc,1\n", 'targets.csv: line 2: value = "abc" is not a number'),
            (b"kpi,value,tolerance\ncsi,1_000,1\n", 'targets.csv: line 2: value = "1_000" is not a number'),
            (b"kpi,value,tolerance\ncsi,1e999,1\n", "targets.csv: line 2: value = inf is not a finite number"),
            (b"kpi,value,tolerance\ncsi,75,\n", 'targets.csv: line 2: tolerance = "" is not a number'),
            (b"kpi,value,tolerance\ncsi,75,0\n", "targets.csv: line 2: tolerance = 0 is not a positive number"),
            (
                b"kpi,value,tolerance,period\ncsi,75,1,2.5\n",
                'targets.csv: line 2: period = "2.5" is not a whole number',
            ),
            (
                b"kpi,value,tolerance,held_out\ncsi,75,1,maybe\n",
                'targets.csv: line 2: held_out = "maybe" is not yes or no',
            ),
            (
                b"kpi,value,tolerance\ncsi,75,1\ncsi,76,1\n",
                "targets.csv: line 3: 'csi' has a target already, as line 2",
            ),
            (b'kpi,value,tolerance\n"csi,75,1\n', "targets.csv: line 2: not CSV"),
            (b"kpi,value,tolerance\ncsi,75,1,\xff\n", "targets.csv: line 2: not UTF-8 text; save the file as UTF-8"),
        ],
    )
    def test_refusals(self, tmp_path, content, said):
        path = tmp_path / "targets.csv"
        path.write_bytes(content)
        assert refusal(read_targets, path).startswith(said)

    def test_missing_file_folder_and_impossible_name(self, tmp_path):
        assert refusal(read_targets, tmp_path / "none.csv").endswith("none.csv: there is no such file")
        assert "is a folder; give the path of a file" in refusal(read_targets, tmp_path)
        assert "cannot be read" in refusal(read_targets, "a\0b")

    def test_the_columns_are_the_documented_ones(self):
        said = [line.split()[0] for line in documentation.splitlines()[4:] if line[:1].strip()]
        assert said == list(COLUMNS)


class TestGiven:
    def test_table_of_pairs(self):
        assert as_targets({"csi": (75, 1), "profit": [100, 5.0]}) == (Target("csi", 75, 1), Target("profit", 100, 5))

    @pytest.mark.parametrize(
        ("targets", "said"),
        [
            (5, "targets = 5 is no list of targets"),
            (None, "targets = None is no list of targets"),
            ([], "there are no targets"),
            ([5], "targets hold 5, which is not a Target"),
            ({"csi": 5}, "targets.csi = 5 is not (value, tolerance)"),
            ({"csi": (75, 0)}, "targets.csi: tolerance = 0 is not a positive number"),
            ([Target("csi", 75, 1, held_out=True)], "all targets are held out"),
            ([Target("csi", 75, 1), Target("csi", 76, 2)], "'csi' has a target already"),
        ],
    )
    def test_refusals(self, targets, said):
        assert refusal(as_targets, targets).startswith(said)


class TestPlaced:
    def test_firm_is_filled_in_and_the_baseline_goes_without_saying(self):
        (first, second) = resolved([Target("csi", 75, 1, arm="none"), Target("csi", 75, 1, arm="points")], **STUDY)
        assert (first.firm, first.arm) == ("north", "")
        assert (second.firm, second.arm) == ("north", "points")

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"kpi": "cis"}, "no KPI \"cis\"; did you mean 'csi'?"),
            ({"firm": "nroth"}, "no firm \"nroth\"; did you mean 'north'?"),
            ({"firm": "x"}, 'no firm "x"; there is north or south'),
            ({"arm": "pionts"}, "no arm \"pionts\"; did you mean 'points'?"),
            ({"against": "x"}, 'no arm "x"; there is none or points'),
            ({"against": "none"}, "compares arm 'none' with itself"),
            ({"arm": "points", "against": "points"}, "compares arm 'points' with itself"),
            ({"period": 10}, "period = 10 is beyond the run, whose last period is 9"),
        ],
    )
    def test_refusals(self, fields, said):
        target = Target(**{"kpi": "csi", "value": 75, "tolerance": 1, "origin": "t.csv: line 2"} | fields)
        assert refusal(resolved, [target], **STUDY) == f"t.csv: line 2: {said}"

    def test_two_ways_to_say_the_same_are_two_targets_about_the_same(self):
        twins = [Target("csi", 75, 1), Target("csi", 76, 1, firm="north", arm="none")]
        assert refusal(resolved, twins, **STUDY) == "'csi of north' has a target already"


def test_a_table_of_pandas_is_answered_with_how_to_write_it():
    with pytest.raises(Refusal) as caught:
        as_targets(pd.DataFrame({"kpi": ["profit"], "value": [1.0], "tolerance": [0.1]}))
    assert str(caught.value) == (
        'targets = a DataFrame of 1 row is no list of targets; df.to_csv("targets.csv", index=False) writes a file to '
        "name, or give {kpi: (value, tolerance)}"
    )
