"""What may be read from and written to a customer's columns."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.agents.fields import Entries, Field, columns_of, fields_of
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.loyalty.program import points_program
from abm.mechanisms.mechanism import Mechanism
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.world.columns import FACETS, Column

SCENARIO = Scenario(
    periods=8, firms=(Firm(name="north", program=points_program()), Firm(name="south", initial_awareness=0.5))
).replace({"population.customers": 60})


@pytest.fixture
def engine():
    made = Engine(SCENARIO, 3)
    made.run(4)
    return made


@pytest.fixture
def fields(engine):
    return fields_of(SCENARIO, engine.world)


def test_every_column_with_a_customer_axis_is_a_field(engine, fields):
    n = engine.world.n
    assert set(fields) == {name for name, array in engine.world.customers.items() if array.shape[-1] == n}
    assert "tier_members" not in fields
    assert all(field.array is engine.world.customers[name] for name, field in fields.items())


def test_readings_equal_the_columns(fields):
    for name, field in fields.items():
        for row in (0, 17, 59):
            np.testing.assert_array_equal(field.read(row), field.array[..., row], err_msg=name)


def test_a_single_entry_reads_as_a_plain_number(fields):
    assert type(fields["basket"].read(0)) is float
    assert type(fields["provider"].read(0)) is int


def test_values_are_copies_in_wide_types_customer_by_customer(fields):
    trust, provider = fields["trust"], fields["provider"]
    assert trust.values(np.array([5, 2])).tolist() == trust.array[:, [5, 2]].T.tolist()
    assert trust.values(slice(None)).dtype == np.float64
    assert provider.values(slice(None)).dtype == np.int64
    trust.values(slice(None))[:] = 0.123
    assert not np.any(trust.array == np.float32(0.123))


def test_writing_back_what_was_read_changes_no_bit(fields):
    for name, field in fields.items():
        if field.column.unit not in ("id", "bits", "code"):
            before = field.array.tobytes()
            for row in range(field.array.shape[-1]):
                field.write(row, field.read(row))
            assert field.array.tobytes() == before, name


def test_one_number_or_one_for_each_firm_to_one_customer_or_many(fields):
    trust = fields["trust"]
    trust.write(7, [0.25, 0.75])
    assert trust.array[:, 7].tolist() == [0.25, 0.75]
    trust.write(np.array([1, 2]), 0.5)
    assert trust.array[:, 1:3].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    trust.write(slice(None), [0.125, 0.25])
    assert set(trust.array[0].tolist()) == {0.125}
    assert set(trust.array[1].tolist()) == {0.25}
    fields["basket"].write(np.array([4, 9]), 12.5)
    assert fields["basket"].array[[4, 9]].tolist() == [12.5, 12.5]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("trust", 1.4, "Customer.trust = 1.4 is outside [0, 1] (0-1)"),
        ("trust", [0.5, -0.1], "Customer.trust = [0.5, -0.1] is outside [0, 1] (0-1)"),
        ("trust", [0.1, 0.2, 0.3], "Customer.trust = [0.1, 0.2, 0.3] does not fit its 2 entries"),
        ("trust", float("nan"), "Customer.trust = nan is outside [0, 1] (0-1)"),
        ("trust", "high", 'Customer.trust = "high" is not a number'),
        ("trust", True, "Customer.trust = true is not a number"),
        ("provider", 2, "Customer.provider = 2 is outside [-1, 1] (firm)"),
        ("provider", -2, "Customer.provider = -2 is outside [-1, 1] (firm)"),
        ("provider", 0.5, "Customer.provider = 0.5 is not a whole number"),
        ("tier", 5, "Customer.tier = 5 is outside [0, 4] (level)"),
        ("relation", 9, "Customer.relation = 9 is outside [0, 4] (state)"),
        ("points", -1, "Customer.points = -1 is outside [0, inf) (1/100 point)"),
        ("tier", 2**31, "Customer.tier = 2147483648 is outside [0, 4] (level)"),
        ("basket", 0, "Customer.basket = 0 is outside [1e-06, inf) (cu)"),
        ("basket", [1.0, 2.0], "Customer.basket = [1.0, 2.0] does not fit one number"),
        ("purchase_rate", float("inf"), "Customer.purchase_rate = inf is outside [0, 8] (1/period)"),
        ("word_of_mouth", 1e300, "Customer.word_of_mouth = 1e+300 is outside (-inf, inf) (logit units)"),
    ],
)
def test_what_the_engine_could_not_use_is_refused_and_nothing_is_written(fields, name, value, message):
    before = fields[name].array.tobytes()
    with pytest.raises(Refusal) as refused:
        fields[name].write(3, value)
    assert str(refused.value) == message
    assert fields[name].array.tobytes() == before


@pytest.mark.parametrize("name", ["customer_id", "patronage", "story"])
def test_identities_and_messages_cannot_be_written(fields, name):
    with pytest.raises(AttributeError, match=rf"Customer\.{name} is written by the model alone"):
        fields[name].write(0, 1)


def test_satisfaction_is_unknown_only_where_the_firm_was_never_used(fields):
    satisfaction = fields["satisfaction"]
    used = int(np.flatnonzero(~np.isnan(satisfaction.array[0]))[0])
    unused = int(np.flatnonzero(np.isnan(satisfaction.array[0]))[0])
    with pytest.raises(Refusal, match="is not a number"):
        satisfaction.write(used, float("nan"))
    satisfaction.write(unused, satisfaction.read(unused))
    satisfaction.write(unused, 0.5)
    assert satisfaction.array[0, unused] == 0.5


def test_points_written_from_outside_are_outstanding_points(engine, fields):
    points = fields["points"]
    fields["member"].write(slice(None), [1, 0])
    points.write(slice(None), [250, 0])
    points.write(3, [1000, 0])
    points.write(4, 700, 0)
    points.read(5)[0] = 900
    assert points.array[0].sum() == 57 * 250 + 1000 + 700 + 900
    engine.run(1)
    assert engine.world.tallied("points_outstanding")[4, 0] == pytest.approx(points.array[0].sum() / 100)


@given(st.floats(0, 1), st.integers(0, 59))
def test_the_quick_way_and_the_checked_way_write_the_same(value, row):
    column = Column("trust", ("firm", "customer"), 0.5, "0-1", "trust")
    quick, checked = (Field(column, np.full((2, 60), 0.5, np.float32), (0, 1), ("a", "b"), None) for _ in range(2))
    quick.write(row, value)
    checked.write(row, np.float64(value))
    assert quick.array.tobytes() == checked.array.tobytes()


def test_units_of_ones_own_are_bounded_by_the_type_alone():
    class Mood(Mechanism):
        """A column with a unit that nothing else has."""

        name = "mood"
        owns = (Column("mood", ("customer",), 0, "smiles", "how she feels", "int8"),)

    scenario = SCENARIO.adding(Mood())
    assert "mood" in {column.name for column in columns_of(scenario)}
    mood = fields_of(scenario, Engine(scenario, 1).world)["mood"]
    mood.write(0, -128)
    assert mood.read(0) == -128
    with pytest.raises(Refusal, match=r"Customer\.mood = 128 is outside"):
        mood.write(0, 128)


# ---- entries ----------------------------------------------------------------------------------------------


def test_entries_are_a_snapshot(engine, fields):
    row = int(np.flatnonzero(engine.world.customers.provider >= 0)[0])
    before = fields["trust"].read(row)
    fields["trust"].write(row, 0.0)
    assert before.tolist() != [0.0, 0.0]
    assert fields["trust"].read(row).tolist() == [0.0, 0.0]


def test_assigning_to_entries_writes_the_column_and_the_entries(fields):
    trust, column = fields["trust"].read(8), fields["trust"].array
    trust[0] = 0.25
    trust["south"] = 0.75
    assert column[:, 8].tolist() == trust.tolist() == [0.25, 0.75]
    trust[:] = [0.5, 0.125]
    assert column[:, 8].tolist() == trust.tolist() == [0.5, 0.125]
    trust[[True, False]] = 0.0
    assert column[:, 8].tolist() == trust.tolist() == [0.0, 0.125]


def test_arithmetic_in_place_writes_the_column(fields):
    fields["trust"].write(8, [0.25, 0.5])
    trust = fields["trust"].read(8)
    trust += 0.25
    trust *= [1.0, 0.5]
    np.minimum(trust, 0.4, out=trust)
    assert trust.tolist() == pytest.approx([0.4, 0.375])
    assert fields["trust"].array[:, 8].tolist() == pytest.approx([0.4, 0.375])


def test_arithmetic_gives_plain_arrays(fields):
    trust = fields["trust"].read(8)
    for result in (trust + 1, trust[:1], np.sqrt(trust), trust * trust):
        assert type(result) is np.ndarray
    assert np.add(trust, 1, out=np.zeros(2)).tolist() == (trust + 1).tolist()
    assert trust.mean() == pytest.approx(fields["trust"].array[:, 8].mean())
    assert float(trust["north"]) == trust[0]


def test_what_would_be_lost_is_an_error(fields):
    trust = fields["trust"].read(8)
    with pytest.raises(ValueError, match="read-only"):
        trust[:1][0] = 0.5
    with pytest.raises(ValueError, match="read-only"):
        trust.fill(0.5)


def test_entries_have_the_names_of_firms_or_facets(fields):
    facets = fields["switching_facet"].read(8)
    assert isinstance(facets, Entries)
    assert [float(facets[name]) for name in FACETS] == facets.tolist()
    with pytest.raises(Refusal, match=r"no entry \"nroth\" in Customer\.trust; did you mean 'north'"):
        fields["trust"].read(8)["nroth"] = 0.5
    with pytest.raises(IndexError):
        fields["trust"].read(8)[2] = 0.5


def test_a_refused_entry_changes_nothing(fields):
    trust = fields["trust"].read(8)
    before = trust.tolist()
    with pytest.raises(Refusal, match=r"Customer\.trust = 3 is outside"):
        trust[1] = 3
    assert trust.tolist() == before == fields["trust"].array[:, 8].tolist()


def test_copies_belong_to_no_customer(fields):
    trust = fields["trust"].read(8)
    for twin in (copy.deepcopy(trust), pickle.loads(pickle.dumps(trust)), trust.copy()):
        twin[0] = 0.9
        assert twin[0] == 0.9
    assert fields["trust"].array[0, 8] == np.float32(trust[0])
