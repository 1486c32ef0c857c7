"""Kernels that are wrong are refused with the place of what is wrong; those that are not leave the bits of any run."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.core.functions import any_set
from abm.core.guards import Fault, Guarded, in_python
from abm.core.kernels import equation, kernel
from abm.engine.checked import CheckedCall, CheckedEngine, check_kernels
from abm.engine.engine import Engine
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.encounter import Encounter
from abm.scenario.scenario import Scenario
from abm.world.columns import Column, Tally

SMALL = Scenario.parse({"periods": 3, "population": {"customers": 60, "purchase_rate": 0.5}})
PROGRAM = {
    "hassle": 1.0, "earn_per_visit": 1.0, "earn_rate": 0.07, "goal": 2.0, "reward": 2.0, "expiry": 2, "redemption": 0.6,
    "tier_threshold": [15.0, 30.0], "tier_discount": [0.03, 0.08], "tier_bonus": [0.1, 0.4], "tier_window": 2,
}  # fmt: skip
FIRMS = [
    {"name": "north", "program": PROGRAM},
    {"name": "east", "program": {"preset": "stamp_card"}, "price": 0.9},
    {"name": "south", "initial_awareness": 0.3},
]
BUSY = Scenario.parse(
    {
        "periods": 3, "burn_in": 1, "periods_per_year": 2, "firms": FIRMS, "defection": {"exit_rate": 0.05},
        "population": {"customers": 60, "purchase_rate": 1.5, "basket": 20.0},
    }
)  # fmt: skip
CONTRACTS = BUSY.replace({"choice.market": "lost_for_good", "choice.term": 2, "choice.rule": "habit"})
CLEAN = {
    "default": SMALL.replace({"population.purchase_rate": 0.25}), "busy": BUSY, "contracts": CONTRACTS,
    "lines": BUSY.replace(
        {
            "waiting_line": {
                "minutes_open": 20.0, "branch_visits": 40.0, "profile": (1.0, 2.0), "retry": 0.5, "elsewhere": 0.5,
            },
            "firms.north.waiting_line": {
                "servers": 2, "discipline": "priority", "follows_profile": 0.5, "room": 6, "announcement": 0.8,
            },
            "firms.south.waiting_line": {
                "servers": 2, "lines": "parallel", "discipline": "express", "appointments": 0.3,
            },
            "customer_classes": {"every": 1}, "complaint": {"base": 9.0}, "recovery": {}, "exit": {}, "aftermath": {},
        }
    ),
    "threshold": BUSY.replace({"choice.rule": "threshold", "need.process": "every_period"}),
    "satisfice": BUSY.replace({"choice.rule": "satisfice"}), "eba": BUSY.replace({"choice.rule": "eba"}),
}  # fmt: skip

KNOWN = {"information": {}, "contacts": {}, "firms.north.information": {"data_coverage": 0.9}}
GAINS = BUSY.replace(
    {
        **KNOWN, "second_product": {}, "customer_accounts": {},
        "firms.north.second_product": {"second_price": 15.0, "pitch": 1.0},
    }
)  # fmt: skip
CARED_FOR = BUSY.replace(
    {**KNOWN, "complaint": {}, "recovery": {}, "care": {}, "firms.north.care": {"preset": "partnership"}}
)
ADVERTISED = BUSY.replace({"advertising": {}, "firms.south.advertising": {"advertising_spend": 0.1}})


class Mood(Mechanism):
    """Owns columns of each kind, and counts."""

    name = "mood"
    owns: ClassVar = (
        Column("mood", ("customer",), 0.5, "0-1", "a mood"),
        Column("liking", ("firm", "customer"), 0.5, "0-1", "a mood at a firm"),
        Column("memory", ("customer",), float("nan"), "0-1", "a mood before"),
        Column("debt", ("customer",), 0, "cents", "what is owed", "int64"),
        Column("grade", ("customer",), 0, "mark", "a small number", "uint8"),
        Column("ease", ("row",), 0, "0-1", "how easy it is in the tile"),
    )
    scratch: ClassVar = (Column("sting", ("visit",), 0, "0-1", "what hurts on a visit"),)
    counts: ClassVar = (Tally("sighs", "sighs", "sighs heard"),)


def doing(act, phase=Phase.LEARNING):
    """Return a market in which a mechanism of one's own does one thing."""
    return SMALL.adding(
        type("Doing", (Mood,), {"schedule": lambda self, policies: ((phase, act),), "__module__": __name__})()
    )


@kernel
def forget_the_end(mood, customer_id, lo, hi):
    for i in range(lo, hi):
        mood[i] = mood[np.int64(i) + 1]


@kernel
def look_back(mood, customer_id, lo, hi):
    for i in range(lo, hi):
        mood[i] = 0.5 * mood[np.int64(i) - 1]


@kernel
def mistake_the_axis(mood, liking, lo, hi):
    for i in range(lo, hi):
        mood[i] = liking[i, 0]


@kernel
def read_all_visits(mood, transaction, visit_customer):
    for v in range(transaction.shape[0]):
        mood[visit_customer[v]] = transaction[v]


@kernel
def write_one_visit_more(sting, visit_count):
    for v in range(visit_count[0] + 1):
        sting[v] = 0.25


@kernel
def divide_by_nothing(mood, debt, lo, hi):
    for i in range(lo, hi):
        mood[i] = 1.0 / np.float32(debt[i])


@kernel
def make_no_number(mood, memory, lo, hi):
    for i in range(lo, hi):
        mood[i] = memory[i]


@kernel
def overshoot(mood, lo, hi, t):
    for i in range(lo, hi):
        mood[i] += 0.3


@kernel
def owe_less_than_nothing(debt, lo, hi):
    for i in range(lo, hi):
        debt[i] -= 5


@kernel
def run_over(grade, lo, hi):
    for i in range(lo, hi):
        grade[i] = 300


@kernel
def cheer_everybody(mood, customer_id):
    for i in range(customer_id.shape[0]):
        mood[i] = 0.9


@kernel
def cheer_pairs(liking_at, customer_id, lo):
    liking_at[customer_id.shape[0] + np.int64(lo) + 25] = 0.75


@kernel(per="share")
def cheer_the_first(mood):
    mood[0] = 0.75


@kernel(per="firm")
def cheer_the_next_firm(liking, lo):
    if lo < 2:
        liking[np.int64(lo) + 1, 7] = 0.75


@kernel
def forget_where_the_tile_begins(ease, lo, hi):
    for i in range(lo, hi):
        ease[i] = 0.5


@kernel
def write_by_another_name(mood, switching_cost, lo, hi):
    for k in range(2):
        either = switching_cost if k > 0 else mood
        for i in range(lo, hi):
            either[i] = 0.5


@kernel
def name_a_firm_that_is_not_there(visit_firm, visit_count):
    for v in range(visit_count[0]):
        visit_firm[v] = 3


WRONG = [
    (forget_the_end, r"reads mood\[60\], outside its 60 entries \(period 0\)"),
    (look_back, r"reads mood\[-1\], outside its 60 entries \(period 0\)"),
    (mistake_the_axis, r"reads liking\[3, 0\], outside its 3 x 60 entries"),
    (
        read_all_visits,
        r"reads \w+\[\d+\], but visit \d+ is not on the list of \d+; loop over range\(visit_count\[0\]\) \(period 0\)$",
    ),
    (write_one_visit_more, r"writes sting\[(\d+)\] = 0\.25, but visit \1 is not on the list of \1;"),
    (divide_by_nothing, r"leaves mood\[0\] = inf, which is no number \(period 0\)"),
    (make_no_number, r"leaves mood\[0\] = nan, which is no number"),
    (overshoot, r"leaves mood\[0\] = 1\.1, outside \[0, 1\] \(0-1\) \(period 1\)"),
    (owe_less_than_nothing, r"leaves debt\[0\] = -5, outside \[0, inf\) \(cents\)"),
    (run_over, r"writes grade\[0\] = 300, which uint8 cannot hold"),
    (cheer_everybody, r"writes mood\[20\] = 0\.9, but customer 20 is none of those it is given, 0 to 19"),
    (cheer_pairs, r"writes liking_at\[85\] = 0\.75, but customer 25 is none of those it is given, 0 to 19"),
    (forget_where_the_tile_begins, r"writes ease\[20\] = 0\.5, but the tile has 20 rows; that of customer i is i - lo"),
    (write_by_another_name, r"writes 'switching_cost', which mood does not declare"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "text"), WRONG, ids=lambda part: getattr(part, "name", ""))
def test_what_is_wrong_is_named(act, text):
    with pytest.raises(Refusal, match=rf"^kernel {act.name} of mood {text}"):
        check_kernels(doing(act))


def test_rows_of_another_share_and_another_firm_are_not_its_own():
    shared = doing(cheer_the_first, Phase.HEARING)
    check_kernels(shared)
    with pytest.raises(Refusal, match=r"writes mood\[0\] = 0\.75, but customer 0 is none .* given, 20 to 39"):
        check_kernels(shared, threads=3)
    with pytest.raises(Refusal, match=r"writes liking\[1, 7\] = 0\.75, but firm 1 is none .* given, 0 to 0"):
        check_kernels(doing(cheer_the_next_firm, Phase.HEARING), threads=3)


def test_a_firm_that_is_not_there_is_outside():
    spoiler = type(
        "Spoiler", (Mood,),
        {
            "schedule": lambda self, policies: ((Phase.DELIVERY, name_a_firm_that_is_not_there),),
            "writes": ("visit_firm",),
            "__module__": __name__,
        },
    )  # fmt: skip
    with pytest.raises(Refusal, match=r"leaves visit_firm\[0\] = 3, outside \[-1, 2\] \(firm\)"):
        check_kernels(SMALL.adding(spoiler()))


def test_shipped_mechanisms_declare_what_they_write_too(monkeypatch):
    monkeypatch.setattr(Encounter, "writes", ("failure_severity",))
    with pytest.raises(Refusal, match="writes 'failure_cause', which encounter does not declare"):
        check_kernels(SMALL)


def test_another_result_in_plain_python_is_said(monkeypatch):
    monkeypatch.setattr("abm.engine.checked.in_python", lambda function: lambda mood, lo, hi, t: mood.fill(0.5))
    step = next(step for step in doing(overshoot).steps() if step.name == "overshoot")
    engine = Engine(doing(overshoot), 1)
    call = step.mechanism.bind(overshoot, engine.world, 1)
    checked = CheckedCall(call, step, engine.world, {}, (), None)
    with pytest.raises(Refusal, match=r"leaves mood\[0\] = 0\.8, and 0\.5 in plain Python"):
        checked(0, 60, 0)


def test_a_visit_may_bring_more_than_it_costs():
    """What the second product leaves is money of either sign, on the visit and in the customer's account."""
    engine = CheckedEngine(GAINS, 1)
    engine.run(3)
    assert engine.world.tallied("second_sales")[:, 0].sum() > 0
    assert engine.world.customers.profit_from_customer.min() < 0


def test_columns_that_stand_for_others_are_followed():
    """Without levels by class care takes a column of zeros for the class, by pairs and by customers."""
    engine = CheckedEngine(CARED_FOR, 1)
    engine.run(3)
    assert engine.world.tallied("care_contacts_made")[:, 0].sum() > 0
    assert engine.world.tallied("follow_ups")[:, 0].sum() > 0


def test_advertising_declares_who_learns_of_a_firm():
    engine = CheckedEngine(ADVERTISED, 1)
    engine.run(3)
    assert engine.world.tallied("learned")[:, 2].sum() > 0


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("market", CLEAN)
def test_a_clean_run_has_the_bits_of_any_other(market, threads):
    plain, checked = Engine(CLEAN[market], 5), CheckedEngine(CLEAN[market], 5, threads=threads)
    for engine in (plain, checked):
        engine.run(3)
    assert plain.world.tallied("visits")[:, :3].sum() > 0
    np.testing.assert_array_equal(plain.world.history, checked.world.history)
    for name, column in plain.world.customers.items():
        assert column.tobytes() == checked.world.customers[name].tobytes(), name


def test_plain_python_has_the_bits_of_the_machine_code(monkeypatch):
    """Every decision is the same: else what is looked at would not be what runs."""
    compared = set()

    def compare(self, guard, left):
        assert guard.entries.tobytes() == left.tobytes(), guard.name
        compared.add(self.kernel.name)

    monkeypatch.setattr(CheckedCall, "_check_agreement", compare)
    for scenario in CLEAN.values():
        check_kernels(scenario)
    assert compared >= {"list_visits", "draw_choices", "honour_contracts", "hear", "reward_visits", "leave_category"}


def test_a_large_market_is_checked_in_small_and_its_books_close(monkeypatch):
    engines = []
    monkeypatch.setattr(CheckedEngine, "run", lambda self, periods: engines.append((self, periods)))
    check_kernels(SMALL.replace({"periods": 104, "burn_in": 52, "population.customers": 20_000}))
    (engine, periods), *_ = engines
    assert (engine.world.n, engine.world.periods, engine.world.burn_in, periods) == (60, 3, 3, 3)


class TestGuards:
    def test_parts_know_their_places(self):
        guard = Guarded("fee", np.arange(6, dtype=np.float32).reshape(2, 3))
        assert [float(x) for x in guard[:, 1]] == [1.0, 4.0]
        guard[1, :] = 7.0
        guard.ravel()[0] += 0.5
        assert guard.entries.tolist() == [0.5, 1, 2, 7, 7, 7]
        assert guard.written.tolist() == [True, False, False, True, True, True]
        assert (guard.shape, guard.sum(), len(guard)) == ((2, 3), 24.5, 2)
        with pytest.raises(Fault, match=r"reads fee\[:, 3\], outside its 2 x 3 entries"):
            guard[:, 3]

    def test_whole_numbers_are_widened_as_the_compiler_does(self):
        small = Guarded("tier", np.array([255], np.uint8))
        assert small[0] + 1 == 256
        row = Guarded("visit_customer", np.array([0], np.uint32))[0]
        assert (row - 1, (row + np.uint64(2)).dtype, (row + np.int64(2)).dtype) == (-1, np.uint64, np.int64)

    def test_a_kernel_in_python_calls_its_equations_in_python(self):
        factor = 0.1

        @equation
        def scaled(x):
            return factor * x

        @kernel
        def scale(out, flags):
            if any_set(flags):
                out[0] = scaled(out[0])

        out = Guarded("out", np.array([3.0], np.float32))
        in_python(scale._compiled)(out, Guarded("flags", np.array([1], np.uint8)))
        again = np.array([3.0], np.float32)
        scale(again, np.array([1], np.uint8))
        assert out.entries[0] == again[0]
