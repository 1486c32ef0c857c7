"""Answers: who is asked, who answers, and what.   Reads only its own customer.

Claim: whom a firm asks is its choice and who answers is the customer's, the more readily the further a visit was from
the middle; an answer is a whole number, with a bias that she has for life and an error of its own.
Source: FORNELL_1996 (the three items of the index); Mittal & Kamakura 2001, Journal of Marketing Research (customers
differ in how they answer; abstract read); forms and sizes are assumed.

Kernels of `survey`, whose stream they draw from. A further question is a line of ITEMS, with its truth in
`answer_questions` and its count in `count_answers`.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

ITEMS = {  # what is asked: the name of the item, and the question
    "overall": "how satisfied are you with the firm?",
    "expected": "how was the visit against what you expected? (the middle: as expected)",
    "ideal": "how near was it to what you would call ideal?",
    "visit": "how satisfied are you with this visit?",
    "recommend": "would you recommend the firm? (0 to 10)",
    "repurchase": "will you come again next time?",
}


@equation
def response_probability(stated, response_base, response_extremity, midpoint):
    """Return the chance that who is asked answers: it rises with the distance of what she would state from the middle.

    Source: selection of the extreme among those who answer; the form is assumed.
    """
    return unit(response_base + response_extremity * abs(stated - midpoint))


@equation
def stated(truth, leniency, slope, bias, error):
    """Return what is stated of a truth in [0, 1], before it is a whole number: `leniency + slope * truth + bias +
    error`, in [0, 1].
    """
    return unit(leniency + slope * truth + bias + error)


@equation
def marks(said, most):
    """Return what is stated (0-1) in whole marks from 0 to `most`, rounded half up."""
    return np.int64(np.int32(np.float32(most) * said + 0.5))


@kernel
def note_disconfirmation(disconfirmation, visit_count, visit_pair, performance, expectation_at):
    """Note performance less expectation, before visits of the period change the expectation.

    disconfirmation (visits,)  -1 to 1  [written]
    """
    for v in range(visit_count[0]):
        disconfirmation[v] = performance[v] - expectation_at[visit_pair[v]]


@kernel
def ask_visitors(
    approached, answered, visit_count, visit_customer, visit_nth, visit_firm, customer_id, transaction, answer_shift,
    sampling, question_cents, response_base, response_extremity, midpoint, surveyed, survey_cost, key, replication, t,
):  # fmt: skip
    """Ask visitors, of whom some answer.

    A visitor is asked if word 0 of draw 1, block nth, is below `sampling`, and answers if word 1 is below the response
    probability of the satisfaction with the visit that she would state: `transaction + answer_shift`, in [0, 1].

    approached, answered (visits,)  bool  [written]      surveyed, survey_cost  tallies [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        approached[v] = 0
        answered[v] = 0
        if sampling[j] > 0.0:
            luck, willing, _, _ = uniform4(
                key, customer_id[visit_customer[v]], t, (1 << 16) | visit_nth[v], replication
            )
            if luck < sampling[j]:
                felt = unit(transaction[v] + answer_shift[v])
                chance = response_probability(felt, response_base, response_extremity, midpoint)
                approached[v] = 1
                answered[v] = 1 if willing < chance else 0
                surveyed[j] += 1
                survey_cost[j] += question_cents[j]


@kernel
def answer_questions(
    answer_overall, answer_expected, answer_ideal, answer_visit, answer_recommend, answer_repurchase, answered,
    visit_count, visit_customer, visit_nth, visit_pair, customer_id, answer_bias, transaction, answer_shift,
    disconfirmation, performance, satisfaction_at, affective_commitment_at, preference_at, leniency, slope, noise,
    recommend_part, most_marks, key, replication, t,
):  # fmt: skip
    """Write down what visitors answer: 1 + marks of `scale - 1`, to recommend marks of 10; 0 of who does not answer.

    The truths, as they stand after amends, learning and programmes, are in the order of the columns: cumulative
    satisfaction after all visits of the period; 1/2 + disconfirmation / 2; performance; `transaction + answer_shift`,
    in [0, 1]; `recommend_part * satisfaction + (1 - recommend_part) * affective_commitment`; the preference for the
    firm in her latest decision. The error of each is `noise * z`, z standard normal: of words 2 and 3 of draw 1 and
    words 0 to 3 of draw 2, block nth.

    answer_overall, …, answer_repurchase (visits,)  [written]
    """
    for v in range(visit_count[0]):
        answer_overall[v] = 0
        answer_expected[v] = 0
        answer_ideal[v] = 0
        answer_visit[v] = 0
        answer_recommend[v] = 0
        answer_repurchase[v] = 0
    for v in range(visit_count[0]):
        if answered[v] > 0:
            i, pair, bias = visit_customer[v], visit_pair[v], answer_bias[visit_customer[v]]
            _, _, a, b = uniform4(key, customer_id[i], t, (1 << 16) | visit_nth[v], replication)
            c, d, e, f = uniform4(key, customer_id[i], t, (2 << 16) | visit_nth[v], replication)
            met, felt = 0.5 + 0.5 * disconfirmation[v], unit(transaction[v] + answer_shift[v])
            likely = recommend_part * satisfaction_at[pair] + (1.0 - recommend_part) * affective_commitment_at[pair]
            overall = stated(satisfaction_at[pair], leniency, slope, bias, noise * normal32(a))
            answer_overall[v] = 1 + marks(overall, most_marks)
            answer_expected[v] = 1 + marks(stated(met, leniency, slope, bias, noise * normal32(b)), most_marks)
            ideal = stated(performance[v], leniency, slope, bias, noise * normal32(c))
            answer_ideal[v] = 1 + marks(ideal, most_marks)
            answer_visit[v] = 1 + marks(stated(felt, leniency, slope, bias, noise * normal32(d)), most_marks)
            answer_recommend[v] = marks(stated(likely, leniency, slope, bias, noise * normal32(e)), 10)
            again = stated(preference_at[pair], leniency, slope, bias, noise * normal32(f))
            answer_repurchase[v] = 1 + marks(again, most_marks)


@kernel
def count_answers(
    answer_overall, answer_expected, answer_ideal, answer_visit, answer_recommend, answer_repurchase, answered,
    visit_count, visit_firm, most_marks, answers, full_marks, marks_overall, marks_expected, marks_ideal, marks_visit,
    marks_recommend, marks_repurchase, promoters, detractors,
):  # fmt: skip
    """Count answers and what they add up to above the lowest; promoters say 9 or 10, detractors 0 to 6.

    answers, full_marks, marks_…, promoters, detractors  tallies [written]
    """
    for v in range(visit_count[0]):
        if answered[v] > 0:
            j = visit_firm[v]
            answers[j] += 1
            full_marks[j] += most_marks
            marks_overall[j] += np.int64(answer_overall[v]) - 1
            marks_expected[j] += np.int64(answer_expected[v]) - 1
            marks_ideal[j] += np.int64(answer_ideal[v]) - 1
            marks_visit[j] += np.int64(answer_visit[v]) - 1
            marks_recommend[j] += np.int64(answer_recommend[v])
            marks_repurchase[j] += np.int64(answer_repurchase[v]) - 1
            promoters[j] += 1 if answer_recommend[v] >= 9 else 0
            detractors[j] += 1 if answer_recommend[v] <= 6 else 0


@kernel
def draw_bias(answer_bias, customer_id, bias_spread, key, replication):
    """Draw the bias of each customer's answers, for life: `Normal(0, bias_spread)`, of word 0 at period 0, draw 0,
    block 0.

    answer_bias (n,)  shift of 0-1  [written]
    """
    for i in range(customer_id.shape[0]):
        answer_bias[i] = bias_spread * normal32(uniform4(key, customer_id[i], 0, 0, replication)[0])
