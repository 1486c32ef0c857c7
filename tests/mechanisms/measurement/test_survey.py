"""Survey: who is asked, who answers and what, by hand and by address; it changes nothing, and firms see answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.measurement import survey
from abm.mechanisms.measurement.answers import (
    ITEMS,
    answer_questions,
    ask_visitors,
    count_answers,
    marks,
    note_disconfirmation,
    response_probability,
    stated,
)
from abm.mechanisms.measurement.mystery import shop_in_secret
from abm.mechanisms.measurement.survey import Survey
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.value.indices import net_promoter_score, satisfaction_index
from abm.value.validity import predictive_validity
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

share = st.floats(0, 1, width=32)
PLAIN = {"noise": 0.0, "bias_spread": 0.0, "response_base": 1.0}


def market(periods=40, section=None, **policy):
    """Return a market in which the first firm asks."""
    firms = [{"name": "north", "survey": policy}, {"name": "east", "service": {"quality": 0.6}}]
    population = {"customers": 500, "purchase_rate": 0.6}
    return Scenario.parse({"periods": periods, "population": population, "survey": section or {}, "firms": firms})


def ask(small, t=0):
    """Ask the visitors of a small world."""
    for kernel in (ask_visitors, answer_questions, count_answers):
        small.run("survey", kernel, t=t)


def after(scenario, threads=1, periods=40, tile=None):
    engine = Engine(scenario, 5, threads=threads)
    if tile:
        engine.set_tile(tile)
    engine.run(periods)
    return engine.world


class TestNothingFollowsFromIt:
    def test_a_market_in_which_nobody_asks_does_nothing_for_it(self):
        still = market()
        assert "survey" not in [step.mechanism.name for step in still.steps()]
        assert not {"answer_bias", "surveyed_gap"} & {*after(still, periods=1).customers}

    @pytest.mark.parametrize("more", [{}, {"complaint": {"base": 9.0}, "recovery": {}}])
    def test_the_same_market_without_it_has_the_same_bits(self, more):
        asked = market(sampling=0.7, mystery_visits=3).replace(more)
        one, other = after(asked), after(asked.replace({"survey": None, "firms.north.survey": {}}))
        for name in other.tallies:
            np.testing.assert_array_equal(one.tallied(name), other.tallied(name), err_msg=name)
        for name, column in other.customers.items():
            np.testing.assert_array_equal(one.customers[name], column, err_msg=name)

    def test_its_cost_is_in_the_budget_in_profit_and_with_the_customer(self):
        scenario = market(sampling=0.5, mystery_visits=2, question_cost=0.25, mystery_cost=8.0)
        scenario = scenario.replace({"customer_accounts": {}})
        found = [record(one, 5) for one in (scenario, scenario.replace({"firms.north.survey": {}}))]
        tallies = found[0].tallies
        asked = tallies["surveyed"][:, 0]
        np.testing.assert_allclose(tallies["survey_cost"][:, 0], 0.25 * asked)
        np.testing.assert_allclose(tallies["mystery_bill"][:, 0], 2 * 8.0)
        spent = (0.25 * asked.sum() + 40 * 16.0) / 500 * 52 / 40
        (dear, gain), (cheap, before) = (one.summary((lever_cost, profit))[0] for one in found)
        assert dear - cheap == pytest.approx(spent)
        assert before - gain == pytest.approx(spent)
        brought = [
            after(one).customers.profit_from_customer[0].sum()
            for one in (scenario, scenario.replace({"firms.north.survey": {}}))
        ]
        assert brought[1] - brought[0] == 25 * asked.sum()

    def test_no_policy_or_kernel_of_firms_takes_the_answers_truths(self):
        """What firms may read is made of counted answers: other answers, other numbers, with the truth the same."""
        strict, mild = (after(market(sampling=1.0, section={"leniency": by})) for by in (-0.2, 0.2))
        np.testing.assert_array_equal(strict.customers.satisfaction, mild.customers.satisfaction)
        assert strict.customers.surveyed_satisfaction[0] < mild.customers.surveyed_satisfaction[0] - 0.2
        assert np.isnan(mild.customers.surveyed_satisfaction[1])


class TestAnswers:
    @given(share, share, st.floats(0, 2, width=32), share)
    def test_the_further_from_the_middle_the_likelier_an_answer(self, satisfaction, base, extremity, middle):
        found = response_probability(*map(np.float32, (satisfaction, base, extremity, middle)))
        assert found == pytest.approx(min(1.0, base + extremity * abs(satisfaction - middle)), abs=1e-6)

    def test_marks_by_hand(self):
        """0.7 of nine steps are 6.3; 0.5 are 4.5, rounded up; 0.2 + 1.1 x 0.9 + 0.05 is more than all."""
        assert [marks(np.float32(x), 9) for x in (0.0, 0.7, 0.5, 1.0)] == [0, 6, 5, 9]
        assert stated(*map(np.float32, (0.5, 0.1, 0.8, -0.05, 0.02))) == pytest.approx(0.47, abs=1e-6)
        assert stated(*map(np.float32, (0.9, 0.2, 1.1, 0.0, 0.05))) == 1.0

    def asked(self, **section):
        small = Small(2, [{"survey": {"sampling": 1.0, "question_cost": 0.3}}, {}], survey={**PLAIN, **section})
        small.c.satisfaction.fill(0.6)
        small.c.affective_commitment.fill(0.2)
        small.c.preference.fill(0.34)
        small.c.expectation.fill(0.8)
        small.visits([0, 1], [0, 1])
        small.passing.performance[:2] = 0.5
        small.passing.transaction[:2] = 0.4
        small.run("survey", note_disconfirmation)
        return small

    def test_answers_by_hand(self):
        """Without noise: 1 + 9 x .6 = 6.4; 1 + 9 x (.5 - .15) = 4.15; 5.5; 4.6; 10 x (.42 + .06) = 4.8; 4.06."""
        small = self.asked()
        ask(small)
        assert [int(small.at(f"answer_{item}")[0]) for item in ITEMS] == [6, 4, 6, 5, 5, 4]
        assert [small.counted(f"marks_{item}")[0] for item in ITEMS] == [5, 3, 5, 4, 5, 3]
        assert small.counted("full_marks") == [9, 0, 0]
        assert small.counted("survey_cost") == [30, 0, 0]
        assert small.counted("detractors") == [1, 0, 0]
        assert small.at("answered").tolist() == [1, 0], "the second firm asks nobody"
        assert [int(small.at(f"answer_{item}")[1]) for item in ITEMS] == [0] * 6

    def test_of_the_visit_she_says_what_other_theories_add_and_feels_what_she_felt(self):
        small = self.asked()
        small.passing.answer_shift[:2] = 0.3
        ask(small)
        assert small.at("answer_visit")[0] == 7  # 1 + 9 x .7 = 7.3
        assert small.at("answer_overall")[0] == 6
        assert small.at("transaction")[0] == np.float32(0.4)

    def test_another_scale(self):
        small = self.asked(scale=5)
        ask(small)
        assert [int(small.at(f"answer_{item}")[0]) for item in ITEMS] == [3, 2, 3, 3, 5, 2]
        assert small.counted("full_marks")[0] == 4

    def test_nothing_is_left_of_the_tile_before(self):
        small = self.asked()
        ask(small)
        small.visits([0, 1], [1, 1])
        ask(small)
        assert not any(small.at(f"answer_{item}").any() for item in ITEMS)
        assert not small.at("answered").any()


class TestLuck:
    KEY = luck.stream_key(1, "survey")

    def words(self, customer, period, draw, block):
        found = luck.customer_words(self.KEY, customer, period, draw=draw, block=block, replication=0)
        return [luck.uniform(word) for word in found]

    def test_who_is_asked_and_what_she_says_are_at_their_addresses(self):
        section = {"noise": 0.2, "bias_spread": 0.1, "response_base": 0.5, "response_extremity": 0.0}
        small = Small(60, [{"survey": {"sampling": 0.6}}], survey=section)
        small.c.satisfaction.fill(0.5)
        small.passing.performance[:120] = 0.5
        small.c.expectation.fill(0.5)
        small.visits([i // 2 for i in range(120)], [0] * 120)
        small.run("survey", note_disconfirmation, t=7)
        ask(small, t=7)
        for v in range(120):
            who, nth = v // 2, v % 2
            asked, willing, a, b = self.words(who, 7, 1, nth)
            assert small.at("approached")[v] == (asked < 0.6)
            assert small.at("answered")[v] == (asked < 0.6 and willing < 0.5)
            if small.at("answered")[v]:
                c, d, e, f = self.words(who, 7, 2, nth)
                bias = 0.1 * luck.normal(self.words(who, 0, 0, 0)[0])
                assert small.c.answer_bias[who] == pytest.approx(bias, abs=1e-6)
                truths = (0.5, 0.5, 0.5, 0.0, 0.7 * 0.5 + 0.3 * 0.2, small.c.preference[0, who])
                for item, truth, u in zip(ITEMS, truths, (a, b, c, d, e, f), strict=True):
                    most = 10 if item == "recommend" else 9
                    said = most * min(1.0, max(0.0, truth + bias + 0.2 * luck.normal(u)))
                    answer = small.at(f"answer_{item}")[v] - (item != "recommend")
                    assert abs(answer - said) <= 0.5 + 1e-4, item
        assert 20 < small.at("answered").sum() < 60

    def test_test_visits_are_at_the_address_of_the_firm(self):
        policy = {"survey": {"mystery_visits": 5}, "service": {"failure_rate": 0.5, "quality": 0.7}}
        small = Small(3, [policy, policy], survey={})
        small.run("survey", shop_in_secret, t=4)
        for j in range(2):
            total = 0.0
            for k in range(5):
                a, b, c, _ = self.words(j, 4, 3, k)
                fell = 0.2 + 0.4 * c if b < 0.5 else 0.0
                total += min(1.0, max(0.0, 0.7 + np.hypot(0.1, 0.05) * luck.normal(a) - fell))
            assert small.counted("mystery_sum")[j] / 2**20 == pytest.approx(total, abs=1e-4)
        assert small.counted("mystery_count") == [5, 5, 0]
        assert small.counted("mystery_bill") == [10_000, 10_000, 0]
        assert small.counted("mystery_sum")[0] != small.counted("mystery_sum")[1]

    def test_a_customer_has_her_bias_for_life_and_a_newcomer_her_own(self):
        scenario = market(periods=60, sampling=0.5).replace({"renewal": {"leaving_rate": 0.5, "every": 20}})
        early, late = after(scenario, periods=19), after(scenario, periods=45)
        same = early.customers.customer_id == late.customers.customer_id
        np.testing.assert_array_equal(early.customers.answer_bias[same], late.customers.answer_bias[same])
        assert 0.2 < same.mean() < 0.95
        assert not np.isin(late.customers.answer_bias[~same], early.customers.answer_bias).any()

    def test_the_bias_of_segments_is_added(self):
        segments = [{"name": "mild", "share": 0.5}, {"name": "strict"}]
        scenario = market(sampling=0.5).replace({"population.segments": segments})
        biased = scenario.replace({"survey.segment_bias": (0.25, -0.25)})
        c, plain = after(biased, periods=1).customers, after(scenario, periods=1).customers
        shift = np.where(c.segment == 0, 0.25, -0.25)
        np.testing.assert_allclose(c.answer_bias, plain.answer_bias + shift, atol=1e-6)


class TestWhatFirmsKnow:
    def test_a_window_is_read_when_it_has_closed_and_grows_old(self):
        scenario = market(sampling=0.6, section={"window": 8})
        engine, seen = Engine(scenario, 5), []
        for _ in range(20):
            engine.run(1)
            c = engine.world.customers
            seen.append((float(c.surveyed_satisfaction[0]), float(c.surveyed_gap[0]), int(c.surveyed_age[0])))
        assert [age for *_, age in seen] == [-1] * 8 + [1, 2, 3, 4, 5, 6, 7, 8] + [1, 2, 3, 4]
        assert np.isnan(seen[7][0])
        for first, at in ((0, 8), (8, 16)):
            overall, expected, full = (
                engine.world.tallied(name)[first : first + 8, 0].sum()
                for name in ("marks_overall", "marks_expected", "full_marks")
            )
            assert seen[at][0] == pytest.approx(overall / full)
            assert seen[at][1] == pytest.approx(2 * expected / full - 1, abs=1e-6)

    def test_without_a_new_answer_the_old_ones_stay_and_grow_older(self):
        change = {"name": "silence", "from": 8, "set": {"firms.north.survey.sampling": 0.0}}
        keeping = {"firms.east.survey.sampling": 0.1, "changes": [change]}
        world = after(market(sampling=0.6, section={"window": 8}).replace(keeping), periods=20)
        assert world.customers.surveyed_age.tolist() == [12, 4]
        assert 0.4 < world.customers.surveyed_satisfaction[0] < 0.9

    @pytest.mark.parametrize(("threads", "tile"), [(3, None), (1, 16), (2, 64)])
    def test_the_same_bits_on_any_threads_and_tiles(self, threads, tile):
        scenario = market(sampling=0.4, mystery_visits=4)
        one, other = after(scenario), after(scenario, threads, tile=tile)
        np.testing.assert_array_equal(one.history, other.history)
        for name in ("surveyed_gap", "surveyed_satisfaction", "surveyed_age"):
            np.testing.assert_array_equal(one.customers[name], other.customers[name])

    def test_a_lenient_public_flatters_and_groups_that_never_answer_are_not_heard(self):
        kpis = (survey.survey_bias, survey.response_rate)
        plain, lenient = (
            record(market(sampling=1.0, section={"leniency": by}), 5).summary(kpis)[0] for by in (0.0, 0.1)
        )
        assert lenient[0] - plain[0] == pytest.approx(10, abs=2)
        assert abs(plain[0]) < 3
        assert 0.2 < plain[1] < 0.4
        silent = record(market(sampling=1.0, section={"response_base": 0.0, "response_extremity": 0.0}), 5)
        assert np.isnan(silent.summary(kpis)[0][0])
        assert silent.summary(kpis)[0][1] == 0.0


@pytest.fixture(scope="module")
def results():
    study = abm.Experiment(
        "answers", market(periods=60, sampling=0.8), {"asks": {}},
        record={"visits": {"columns": ["answered", *(f"answer_{item}" for item in ITEMS)]}},
        replications=1, seed=5, kpis=Survey.kpis,
    )  # fmt: skip
    return abm.run(study, workers=1)


class TestTables:
    def test_kpis_are_what_an_analyst_makes_of_the_log(self, results):
        log = results.visits.query("answered > 0 and firm == 'north'")
        kpis = results.runs.query("firm == 'north'").iloc[0]
        index = satisfaction_index(log[["answer_overall", "answer_expected", "answer_ideal"]])
        assert kpis["surveyed_csi"] == pytest.approx(index.value)
        assert kpis["nps"] == pytest.approx(net_promoter_score(log["answer_recommend"]).value)
        assert kpis["recommend_share"] == pytest.approx((log["answer_recommend"] >= 9).mean())
        assert kpis["repurchase_intention"] == pytest.approx((log["answer_repurchase"].mean() - 1) / 9)
        assert kpis["visit_rating"] == pytest.approx((log["answer_visit"].mean() - 1) / 9)
        assert kpis["stated_gap"] == pytest.approx(2 * (log["answer_expected"].mean() - 1) / 9 - 1)

    def test_who_has_not_answered_has_no_answers(self, results):
        log = results.visits
        answers = log[[f"answer_{item}" for item in ITEMS]]
        assert not answers[log["answered"] == 0].to_numpy().any()
        assert (answers.drop(columns="answer_recommend")[log["answered"] > 0] >= 1).all().all()
        assert not log.query("firm == 'east'")["answered"].any()

    def test_intention_foretells_the_next_visits_better_than_satisfaction(self, results):
        """What she says of her next choice knows her taste; satisfaction with a visit knows that visit."""
        found = predictive_validity(results.visits, cut=30, horizon=30, least=0.5)
        assert found["auc"]["answer_repurchase"] > found["auc"]["answer_visit"] + 0.05
        assert found["auc"]["answer_repurchase"] > 0.6


class TestRefusals:
    def test_levers_without_the_theory(self):
        with pytest.raises(Refusal, match=r"firm 'north' sets survey, but .* a section \[scenario.survey\]"):
            market(sampling=0.5).replace({"survey": None})

    def test_test_visits_that_would_meet_other_failures(self):
        harsh = {"encounter.severity_high": 0.8}
        with pytest.raises(Refusal, match=r"survey.severity_high = 0.6 is not encounter.severity_high = 0.8"):
            market(mystery_visits=1).replace(harsh)
        assert market(sampling=0.5).replace(harsh)
        assert market(mystery_visits=1).replace({**harsh, "survey.severity_high": 0.8})

    def test_a_bias_of_a_segment_that_is_not_there(self):
        with pytest.raises(Refusal, match="segment_bias: has 1 entries, and the population no segments"):
            market(section={"segment_bias": (0.1,)})


def test_the_kernels_can_be_checked():
    abm.check_kernels(market(sampling=0.5, mystery_visits=2), customers=60)
    assert isinstance(market().survey, Mechanism)
    assert [phase for phase, *_ in Survey().schedule((type("p", (), {"sampling": 0, "mystery_visits": 1})(),))] == [
        Phase.BOOKS
    ]
