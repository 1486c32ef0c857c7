"""Care: levels of relationship, contacts that are welcome, questions that break silence, reminders that conserve."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.core.presets import listed
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost
from abm.mechanisms.relationship.care import (
    CarePolicy,
    reminder_precision,
    reminder_return_rate,
    right_customer_share,
    silence_broken_share,
    yearly_return_rate,
)
from abm.mechanisms.relationship.care_contacts import (
    falls_due,
    festivals_now,
    has_birthday,
    hasten_reminded,
    receive_care,
    shift_reminded,
    warmed,
)
from abm.mechanisms.relationship.care_visits import ask_visitors, save_by_tenure
from abm.world.complaints import FAILED, NO_COMPLAINT, SILENT
from abm.world.visits import CORE, NO_FAILURE
from tests.mechanisms.small import Small

LEVELS = ("basic", "reactive", "accountable", "proactive", "partnership")
SECTIONS = {"information": {}, "contacts": {"data_decay": 0.0}, "complaint": {}, "care": {}}
KPIS = (reminder_precision, right_customer_share, reminder_return_rate, yearly_return_rate, silence_broken_share)


def market(care=None, of=None, coverage=1.0, **sections):
    """Return a market whose first firm cares for the customers whom it knows."""
    firms = [
        {"name": "north", "information": {"data_coverage": coverage}, "care": care or {}},
        {"name": "east", "information": {"data_coverage": coverage}},
    ]
    people = {"customers": 500, "purchase_rate": 0.5}
    data = {"periods": 60, "population": people, "firms": firms, **SECTIONS, "care": of or {}, **sections}
    return abm.Scenario.parse(data)


def after(scenario, threads=1):
    engine = Engine(scenario, 5, threads=threads)
    engine.run(scenario.periods)
    return engine.world


def counted(scenario):
    """Return what the first firm has counted in each period, by tally."""
    tallies = record(scenario, 5, kpis=(*KPIS, lever_cost)).tallies
    return {name: values[..., 0] for name, values in tallies.items()}


class TestEquations:
    @given(t=st.integers(0, 1000), number=st.integers(0, 52), year=st.integers(1, 366))
    def test_every_festival_comes_once_a_year(self, t, number, year):
        found = [int(festivals_now(s, number, year)) for s in range(t, t + year)]
        assert sum(found) == number
        assert min(found) >= 0

    @given(t=st.integers(0, 1000), date=st.floats(0, 1, width=32, exclude_max=True), year=st.integers(1, 366))
    def test_a_birthday_comes_once_a_year(self, t, date, year):
        assert sum(bool(has_birthday(s, np.float32(date), year)) for s in range(t, t + year)) == 1

    @given(gap=st.floats(0.125, 40, width=32), timing=st.floats(0.125, 4, width=32))
    def test_a_customer_falls_due_once_in_a_silence(self, gap, timing):
        due = [silence for silence in range(1, 170) if falls_due(np.float32(silence), gap, timing)]
        assert due == [max(1, int(np.ceil(gap * timing)))]

    def test_who_has_no_rhythm_never_falls_due(self):
        assert not any(falls_due(np.float32(silence), np.float32(0), np.float32(1)) for silence in range(1, 100))

    def test_warmed_by_hand(self):
        """Half welcome, two contacts: .1 of the way from .5 to 1."""
        assert float(warmed(np.float32(0.5), np.float32(0.1), np.float32(0.5), np.float32(2))) == pytest.approx(0.55)

    @given(
        level=st.floats(0, 1, width=32),
        gain=st.floats(0, 1, width=32),
        gladness=st.floats(-1, 1, width=32),
        contacts=st.integers(0, 30),
    )
    def test_a_contact_never_takes_and_never_leads_beyond_1(self, level, gain, gladness, contacts):
        found = float(warmed(np.float32(level), np.float32(gain), np.float32(gladness), np.float32(contacts)))
        assert np.float32(level) <= found <= 1.0
        if gladness <= 0:  # what annoys is taken elsewhere, and once
            assert found == np.float32(level)


class TestLevels:
    def test_the_five_levels_are_bundles_of_which_each_has_what_the_one_before_has(self):
        assert set(listed(CarePolicy)) == set(LEVELS)
        levers = [name for name in CarePolicy.levers() if name not in CarePolicy.given and name != "reminder_timing"]
        done = np.array([[float(getattr(CarePolicy(preset=level), name)) for name in levers] for level in LEVELS])
        assert (done[0] == 0).all()
        assert (np.diff(done, axis=0) >= 0).all()
        assert (np.diff(done, axis=0).max(axis=1) > 0).all()

    def test_a_level_may_be_gone_beyond(self):
        assert CarePolicy(preset="accountable", festivals=2).festivals == 2
        assert CarePolicy(preset="accountable", festivals=2).follow_up == 1.0

    def test_levers_by_class_are_those_of_the_level_named(self):
        own = CarePolicy(regular_contact=0.125, level_by_class=("partnership", "basic"))
        held, value = own.worked_out(None)["regular_contact_of_class"]
        assert held.missing == 0.125
        assert value == (0.5, 0.0)
        scenario = market({"regular_contact": 0.125, "level_by_class": ["partnership", "basic"]}, customer_classes={})
        found = after(scenario.replace({"periods": 1})).firms.regular_contact_of_class
        np.testing.assert_array_equal(found[:, 0], [0.125, 0.5, 0.0, 0.125, 0.125])
        np.testing.assert_array_equal(found[:, 1], 0.0)

    def test_what_is_no_level_is_refused(self):
        with pytest.raises(Refusal, match="partnership"):
            CarePolicy(preset="partner")
        with pytest.raises(Refusal, match="level_by_class names 'partner'; did you mean 'partnership'"):
            CarePolicy(level_by_class=("partner",))
        with pytest.raises(Refusal, match="at most 4"):
            CarePolicy(level_by_class=("basic",) * 5)

    def test_levels_by_class_need_classes(self):
        with pytest.raises(Refusal, match="customer_classes"):
            market({"level_by_class": ["partnership"]})

    def test_it_needs_what_firms_know(self):
        with pytest.raises(Refusal, match="information"):
            abm.Scenario.parse({"care": {}, "contacts": {}, "complaint": {}, "firms": [{"name": "north"}]})

    def test_classes_are_cared_for_by_their_levels(self):
        """Only class A has persons of its own, and only its bonds are those of partnership."""
        scenario = market({"level_by_class": ["partnership"]}, customer_classes={"every": 20, "share_a": 0.2})
        found, c = counted(scenario), after(scenario).customers
        assert found["dedicated_spend"][:20].sum() == 0 < found["dedicated_spend"][20:].sum()
        assert found["dedicated_spend"][-1] == ((c.customer_class[0] == 1) & (c.known[0] > 0)).sum()
        assert c.personal_bond[0][c.customer_class[0] == 1].mean() > c.personal_bond[1][c.customer_class[1] == 1].mean()


class TestByHand:
    def small(self, care, **of):
        """Return a world whose firms know customers 0 to 2 of 4; the last of them cannot be reached."""
        knows = {"information": {"data_coverage": 1.0}}
        sections = {**SECTIONS, "care": of, "customer_classes": {}}  # where nobody is in a class yet
        small = Small(4, firms=[{**knows, "care": {**care, "level_by_class": ["basic"]}}], **sections)
        small.c.known[:, :3], small.c.reachable[:, :2] = 1, 1
        small.c.seen_last[:, :3] = 0
        return small

    def plan(self, small, t):
        """Plan the contacts of a period; return those of the first firm."""
        small.phases(abm.Phase.CONTACT, t=t)
        return small.passing.care_contacts[0, :4].tolist()

    def test_whole_contacts_are_made_to_who_is_known(self):
        small = self.small({"regular_contact": 2.0})
        assert self.plan(small, 1) == [2, 2, 2, 0]
        assert small.counted("care_contacts_made") == [6, 0]
        assert small.counted("care_staff") == [6 * 20, 0]

    def test_a_birthday_a_festival_and_a_call(self):
        small = self.small({"birthday": True, "festivals": 2, "follow_up": 1.0})
        small.c.birth_date[:] = [0.5, 0.25, 0.5, 0.5]
        small.c.calls_made[0] = [0, 0, 3, 0]
        assert self.plan(small, 25) == [1, 1, 4, 0]  # the first of two festivals ends the first half of the year
        assert small.c.calls_made.sum() == 0
        assert self.plan(small, 26) == [1, 0, 1, 0]
        assert self.plan(small, 13) == [0, 1, 0, 0]

    def test_a_reminder_reaches_who_is_reachable(self):
        """Rhythms of 4, 5 and 4 periods: in period 4 the first and the third fall due, and the third is not reached."""
        small = self.small({"reminder": 1.0}, take_up=1.0)
        small.c.seen_gap[0, :3] = [4.0, 5.0, 4.0]
        assert self.plan(small, 4) == [1, 0, 1, 0]
        assert small.scratch("care", "reminded")[0, :4].tolist() == [3, 0, 1, 0]
        assert small.counted("reminders") == [2, 0]
        assert small.counted("reminders_rightly") == [1, 0]

    def test_a_reminder_that_is_not_taken_up_is_received(self):
        small = self.small({"reminder": 1.0}, take_up=0.0)
        small.c.seen_gap[0, :3] = 4.0
        self.plan(small, 4)
        assert small.scratch("care", "reminded")[0, :4].tolist() == [2, 2, 1, 0]

    def test_what_contacts_bring_is_for_who_is_reachable_and_only_while_welcome(self):
        small = self.small({"regular_contact": 1.0, "dedicated": True}, gain=0.1, attended_rate=0.5)
        small.c.contact_load[0] = [0.0, 3.0, 0.0, 0.0]
        self.plan(small, 1)
        small.run("care", receive_care)
        np.testing.assert_allclose(small.c.trust[0], [0.55, 0.5, 0.5, 0.5], rtol=1e-6)
        np.testing.assert_allclose(small.c.affective_commitment[0], [0.28, 0.2, 0.2, 0.2], rtol=1e-6)
        np.testing.assert_allclose(small.c.personal_bond[0], [0.5, 0.0, 0.0, 0.0], rtol=1e-6)

    def ask(self, care, **of):
        """Return a world after four unhappy visits, all silent, have been asked about."""
        small = self.small(care, **of)
        small.visits([0, 1, 2, 3], [0, 0, 0, 0])
        small.passing.grievance[:4] = [CORE, NO_FAILURE, CORE, CORE]
        small.passing.complaint_channel[:4], small.passing.handling[:4] = SILENT, NO_COMPLAINT
        small.c.usual_channel[:] = 2
        small.run("care", ask_visitors)
        return small

    def test_a_call_finds_the_silent_who_are_known_and_reached(self):
        small = self.ask({"follow_up": 1.0}, called_tell=1.0)
        assert small.passing.complaint_channel[:4].tolist() == [1, 3, 3, 3]
        assert small.passing.handling[:4].tolist() == [FAILED, NO_COMPLAINT, NO_COMPLAINT, NO_COMPLAINT]
        assert small.c.calls_made[0].tolist() == [1, 1, 1, 0]
        assert small.counted("follow_ups") == [3, 0]
        assert small.counted("told_when_asked") == [1, 0]
        assert small.counted("hearing") == [200, 0]

    def test_an_invitation_is_for_everybody_and_through_the_usual_channel(self):
        small = self.ask({"invitation": 1.0, "follow_up": 1.0}, invited_tell=1.0, called_tell=1.0)
        assert small.passing.complaint_channel[:4].tolist() == [2, 3, 2, 2]
        assert small.counted("told_when_asked") == [3, 0]
        assert small.counted("hearing") == [300, 0]
        assert small.counted("invitation_spend") == [4 * 200, 0]

    def test_who_complains_unasked_is_counted_once(self):
        small = self.small({"follow_up": 1.0}, called_tell=1.0)
        small.visits([0], [0])
        small.passing.grievance[0], small.passing.complaint_channel[0] = CORE, 0
        small.run("care", ask_visitors)
        assert small.passing.complaint_channel[0] == 0
        assert small.counted("told_when_asked") == [0, 0]

    def test_what_familiarity_saves(self):
        """Of 5.00 at most 40 %, half of it after 30 visits: 1.00."""
        small = self.small({}, tenure_saving=0.4)
        small.visits([0, 1], [0, 0])
        small.c.encounters[0, :2] = [30.0, 0.0]
        small.firms.service_cost[:] = 500
        small.run("care", save_by_tenure)
        assert small.at("visit_saved").tolist() == [100, 0]
        assert small.counted("service_saved") == [-100, 0]


@given(
    reminders=st.lists(st.booleans(), min_size=1, max_size=60),
    haste=st.floats(0, 1, width=32),
    repayment=st.floats(0.125, 1, width=32),
)
def test_a_reminder_moves_need_and_makes_no_more_of_it(reminders, haste, repayment):
    """What need has been above the usual is what is still to be repaid: nothing is added."""
    ahead, total = np.zeros(1, np.float32), 0.0
    for reminded in reminders:
        need, shift = np.ones(1, np.float32), np.zeros(1, np.float32)
        taken = np.full((1, 1), 3 if reminded else 2, np.uint8)
        shift_reminded(shift, ahead, taken, np.float32(haste), np.float32(repayment), 0, 1)
        hasten_reminded(need, shift, 0, 1)
        assert need[0] >= -1e-5
        total += float(need[0]) - 1.0
    assert total == pytest.approx(float(ahead[0]), abs=1e-3)
    assert ahead[0] <= haste / repayment + 1e-5


class TestMarket:
    def test_without_care_nothing_changes(self):
        neutral, without = after(market()), after(market().replace({"care": None}))
        for name in without.tallies:
            np.testing.assert_array_equal(neutral.tallied(name), without.tallied(name), err_msg=name)

    def test_who_is_not_known_is_not_cared_for(self):
        care = {"preset": "partnership", "invitation": 0.0}
        nobody, without = after(market(care, coverage=0.0)), after(market(coverage=0.0))
        for name in without.tallies:
            np.testing.assert_array_equal(nobody.tallied(name), without.tallied(name), err_msg=name)

    def test_contacts_that_bring_nothing_change_nothing_but_costs(self):
        """Neither do reminders that nobody takes up, and calls to whom nobody tells."""
        care = {"regular_contact": 0.5, "birthday": True, "festivals": 4, "reminder": 1.0, "follow_up": 1.0}
        idle = {"gain": 0.0, "called_tell": 0.0, "take_up": 0.0}
        calm = {"contacts": {"data_decay": 0.0, "annoyance": 0.0}}
        useless, without = after(market(care, idle, **calm)), after(market(**calm))
        for name in ("visits", "occasions", "revenue", "complaints", "trust_sum", "service"):
            np.testing.assert_array_equal(useless.tallied(name), without.tallied(name), err_msg=name)
        assert useless.tallied("care_staff").sum() > 0 < useless.tallied("contact_spend").sum()

    def test_every_contact_is_one_of_contacts_and_is_paid_for(self):
        found = counted(market({"preset": "partnership"}))
        np.testing.assert_array_equal(found["contacts_made"], found["care_contacts_made"])
        np.testing.assert_allclose(found["care_staff"], 0.2 * found["care_contacts_made"])
        np.testing.assert_allclose(found["contact_spend"], 0.1 * found["care_contacts_made"])
        known_before = np.concatenate([[0], found["known_customers"][:-1]])
        np.testing.assert_array_equal(found["care_known"], known_before)
        np.testing.assert_allclose(found["dedicated_spend"], found["known_customers"])

    def test_a_call_is_a_contact_of_the_period_after(self):
        found = counted(market({"follow_up": 1.0}))
        np.testing.assert_array_equal(found["contacts_made"][1:], found["follow_ups"][:-1])
        assert found["follow_ups"].sum() > 0

    def test_questions_break_silence_as_often_as_said(self):
        """Everybody is known but on her first visit: of those who are called, .6 tell."""
        found = counted(market({"follow_up": 1.0}))
        late = slice(30, None)
        silent = (found["grievances"] - found["complaints"]).sum(axis=1) + found["told_when_asked"]
        share = found["told_when_asked"][late].sum() / silent[late].sum()
        assert share == pytest.approx(0.6, abs=0.08)
        np.testing.assert_array_equal(found["complaints"].sum(axis=1), found["complaints_by_channel"].sum(axis=1))

    def test_the_unreachable_are_called_in_vain(self):
        gone = {"contacts": {"data_decay": 1.0}}
        found = counted(market({"follow_up": 1.0, "reminder": 1.0}, **gone))
        assert found["contacts_made"].sum() > 0
        assert found["contacts_received"].sum() < 0.75 * found["contacts_made"].sum()  # right only just after a visit
        reached = counted(market({"follow_up": 1.0, "reminder": 1.0}))
        assert found["told_when_asked"].sum() < reached["told_when_asked"].sum()

    def test_reminders_shift_occasions_and_do_not_enlarge_the_category(self):
        care = {"reminder": 1.0}
        strong = {"take_up": 1.0, "haste": 1.0, "reminder_weight": 3.0}
        long = {"periods": 208}
        with_reminders, without = (after(market(care, of, **long)) for of in (strong, {**strong, "haste": 0.0}))
        occasions = [world.tallied("occasions")[104:].sum() for world in (with_reminders, without)]
        assert occasions[0] == pytest.approx(occasions[1], rel=0.01)
        assert (with_reminders.customers.reminded_ahead >= 0).all()
        found = counted(market(care, strong, **long))
        assert 0 < found["reminders_followed"].sum() <= found["reminders_timely"].sum() <= found["reminders"].sum()

    def test_a_reminder_moves_towards_the_firm_in_its_period_alone(self):
        care = {"reminder": 1.0}
        pulled, plain = (
            counted(market(care, {"take_up": 1.0, "haste": 0.0, "reminder_weight": weight})) for weight in (3.0, 0.0)
        )
        rate = [one["reminders_followed"][20:].sum() / one["reminders_timely"][20:].sum() for one in (pulled, plain)]
        assert rate[0] > rate[1] + 0.1

    def test_welcome_contacts_keep_customers_and_far_too_many_drive_them_away(self):
        visits = [counted(market({"regular_contact": often}))["visits"][20:].sum() for often in (0.0, 0.5, 12.0)]
        assert visits[1] > visits[0] > visits[2]

    def test_familiarity_saves_a_part_of_what_service_costs(self):
        saving, plain = counted(market(of={"tenure_saving": 0.5})), counted(market())
        np.testing.assert_array_equal(saving["visits"], plain["visits"])
        assert (saving["service_saved"] <= 0).all()
        assert (-saving["service_saved"] <= 0.5 * saving["service"] + 0.01 * saving["visits"]).all()
        part = saving["service_saved"] / saving["service"]
        assert part[-1] < part[5] < 0  # more as customers have come more often

    def test_the_account_of_a_customer_knows_what_she_saves(self):
        worlds = [after(market(of=of, customer_accounts={})) for of in ({"tenure_saving": 0.5}, {})]
        more = (worlds[0].customers.profit_from_customer - worlds[1].customers.profit_from_customer).sum()
        assert more == -round(100 * worlds[0].tallied("service_saved").sum())

    def test_shares_lie_between_0_and_1(self):
        table = abm.simulate(market({"preset": "partnership"}, coverage=0.5), 5, kpis=KPIS)
        values = table[[kpi.name for kpi in KPIS]].to_numpy()
        assert ((values >= 0) & (values <= 1) | np.isnan(values)).all()
        assert np.isfinite(table.loc[table.firm == "north", [kpi.name for kpi in KPIS]].to_numpy()[-1]).all()

    def test_threads_do_not_matter(self):
        scenario = market({"preset": "partnership", "regular_contact": 2.5}, population={"customers": 3000})
        one, two = after(scenario), after(scenario, threads=2)
        for name in ("trust", "affective_commitment", "personal_bond", "calls_made", "reminded_ahead", "contact_load"):
            np.testing.assert_array_equal(one.customers[name], two.customers[name])

    @pytest.mark.slow
    @pytest.mark.parametrize("care", [{"preset": "partnership"}, {"level_by_class": ["partnership", "proactive"]}])
    def test_kernels_keep_to_their_rows(self, care):
        abm.check_kernels(market(care, {"tenure_saving": 0.3}, recovery={}, customer_classes={"every": 5}))


@abm.kernel
def look_at_parts(seen, approaches_of_care, approaches_without_care, need_of_care, need_without_care, lo, hi):
    """Look at parts of what care adds to.  seen (n,)  ratio  [written]"""
    for i in range(lo, hi):
        seen[i] = need_of_care[i - lo] * need_without_care[i - lo] + approaches_of_care[0, i - lo]
        seen[i] += approaches_without_care[0, i - lo]


class Onlooker(abm.Mechanism):
    """Looks at parts of sums, and does nothing else."""

    name = "onlooker"
    owns: ClassVar = (abm.Column("seen", ("customer",), 0, "ratio", "what it sees"),)

    def schedule(self, policies):
        """Return the look."""
        return ((abm.Phase.OCCASIONS, look_at_parts),)


def test_who_looks_at_what_care_adds_changes_nothing():
    """A term is worked out once for each part of its sum: it must not make contacts or move need each time."""
    scenario = market({"preset": "partnership"})
    alone, watched = after(scenario), after(scenario.adding(Onlooker()))
    assert watched.customers.seen.max() > 1
    np.testing.assert_array_equal(watched.customers.reminded_ahead, alone.customers.reminded_ahead)
    for name in alone.tallies:
        np.testing.assert_array_equal(watched.tallied(name), alone.tallied(name), err_msg=name)
