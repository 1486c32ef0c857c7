"""What contacts with a centre lead to: whether the matter is done, what is thought of it, what it costs.

Claim: a matter that is done at the first contact is worth more than one that takes several; a wait beyond what is
accepted, a machine that could not help and silence lower what is thought of the contact, and that moves satisfaction
with the firm and trust in it by a little. An open matter drives nobody away but by these.
Source: assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import in_steps, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.service.centre_records import (
    ANNOYED,
    BEST,
    BLOCK,
    CONTAINED,
    CUSTOMER,
    DEFERRED,
    FIRM,
    FIRST,
    LACKED,
    MATTER,
    NO_MATTER,
    OUTCOME,
    RESOLVED,
    TOLD,
    VISIT,
    WRITTEN,
)
from abm.mechanisms.service.waiting_rules import MINUTES, SECONDS
from abm.queues.rules import ABANDONED, BALKED, DENIED, SERVED


@equation
def chance_of_resolving(usual, knowledge, quality_target, knowledge_fix, quality_fix, shortfall):
    """Return the chance that an answer does away with the matter, 0-1.

    usual : of an agent with the skill, without any effort; the parts of failures that efforts remove are added, and
    are at most all of them      shortfall : taken off what comes of that, as with a provider's agents
    """
    removed = min(knowledge_fix * knowledge + quality_fix * quality_target, np.float32(1.0))
    return unit(usual + (1.0 - usual) * removed - shortfall)


@equation
def verdict_on_contact(value, wait, accepted, wait_weight, annoyance):
    """Return satisfaction with a contact, 0-1: `value` of its outcome, less what of the wait was beyond the accepted.

    wait, accepted : minutes; the part beyond counts as a share of the accepted      annoyance : by a machine
    """
    beyond = max(wait - accepted, np.float32(0.0)) / accepted
    return unit(value - wait_weight * beyond - annoyance)


@kernel(per="market")
def resolve_contacts(
    contact, contact_number, customer_id, knowledge, quality_target, ownership, first_resolution, knowledge_fix,
    quality_fix, wrong_skill_loss, outsourced_loss, key, replication, t,
):  # fmt: skip
    """Draw which contacts do away with the matter: all that a machine contains, and of the answered those whose word 3
    of draw 1 at their block is below `chance_of_resolving`.

    The shortfall is `wrong_skill_loss` without the skill, and `outsourced_loss` at a provider's (ownership 1), added.

    contact (book, FIELDS)  [written]
    """
    for c in range(contact_number[0]):
        one = contact[c]
        j = one[FIRM]
        shortfall = wrong_skill_loss if one[LACKED] > 0 else np.float32(0.0)
        shortfall += outsourced_loss if ownership[j] == 1 else np.float32(0.0)
        chance = chance_of_resolving(
            first_resolution, knowledge[j], quality_target[j], knowledge_fix, quality_fix, shortfall
        )
        luck = uniform4(key, customer_id[one[CUSTOMER]], t, (1 << 16) | one[BLOCK], replication)[3]
        answered = one[OUTCOME] == SERVED and luck < chance
        one[RESOLVED] = 1 if answered or one[OUTCOME] == CONTAINED else 0


@kernel(per="market")
def judge_contacts(
    contact_verdict, contact, contact_number, contact_wait, solved_value, unsolved_value, unanswered_value,
    accepted_wait_of_calls, accepted_wait_of_messages, unannounced_factor, wait_weight, machine_annoyance,
):  # fmt: skip
    """Write what customers think of their contacts: `verdict_on_contact`.

    The value is `solved_value` if the matter is done, `unsolved_value` if it was answered and is not, else
    `unanswered_value`. A wait of who is not TOLD seems `unannounced_factor` times as long. Who was written to or called
    back accepts `accepted_wait_of_messages`, others `accepted_wait_of_calls`.

    contact_verdict (book,)  0-1  [written]
    """
    for c in range(contact_number[0]):
        one = contact[c]
        value = solved_value if one[RESOLVED] > 0 else (unsolved_value if one[OUTCOME] == SERVED else unanswered_value)
        wait = np.float32(contact_wait[c]) * (np.float32(1.0) if one[TOLD] > 0 else unannounced_factor)
        accepted = accepted_wait_of_messages if one[DEFERRED] > 0 else accepted_wait_of_calls
        annoyance = machine_annoyance if one[ANNOYED] > 0 else np.float32(0.0)
        contact_verdict[c] = verdict_on_contact(value, wait, accepted, wait_weight, annoyance)


@kernel(per="market")
def learn_from_contacts(
    satisfaction, trust, open_matter, complaint_heard, handling_time, contact, contact_number, contact_verdict,
    encounters, satisfaction_weight, trust_weight, resolved_time,
):  # fmt: skip
    """Let contacts move what is thought of the firm, matters stay open, and complaints be dealt with, in the order of
    the list.

    Satisfaction, of those who have been served before this period, and trust move by their weights of the way to the
    verdict. Matters that customers came again about are closed, all of them before any other; then what is not done
    stays open at the firm: of several matters a complaint. A complaint about a visit of the
    period that is not done is not heard, so that it has failed; one that is done takes `resolved_time` of the time.

    satisfaction, trust (m, n)  0-1, open_matter (m, n)  code  [written]
    complaint_heard (book,)  0 or 1, handling_time (book,)  ratio  [written]
    """
    for c in range(contact_number[0]):
        if contact[c, FIRST] == 0:
            open_matter[contact[c, FIRM], contact[c, CUSTOMER]] = NO_MATTER
    for c in range(contact_number[0]):
        one = contact[c]
        j, i, v = one[FIRM], one[CUSTOMER], one[VISIT]
        if encounters[j, i] > 0.0:
            satisfaction[j, i] += satisfaction_weight * (contact_verdict[c] - satisfaction[j, i])
        trust[j, i] += trust_weight * (contact_verdict[c] - trust[j, i])
        if one[RESOLVED] == 0:
            open_matter[j, i] = max(np.int64(open_matter[j, i]), one[MATTER])
        if v >= 0 and one[RESOLVED] > 0:
            handling_time[v] *= resolved_time
        elif v >= 0:
            complaint_heard[v] = 0


@kernel(per="market")
def count_contacts(
    contact, contact_number, contact_wait, contact_verdict, answered_within, contacts_offered, contacts_contained,
    contacts_answered, contacts_abandoned, contacts_balked, contacts_denied, first_contacts, first_resolved,
    calls_offered, calls_answered, calls_in_time, calls_abandoned, answer_time, best_calls, best_calls_in_time,
    deferred_answers, deferred_time, contact_verdicts,
):  # fmt: skip
    """Count contacts by outcome, calls by how soon they were answered, and what is thought of them.

    A call is not written and not contained. It is answered as a call if it is not called back; in time if that was
    after at most `answered_within`. Times are whole seconds, rounded
    half up; first contacts are those answered by agents. Verdicts are added in whole 2**-20.

    contacts_offered …  tallies [written]
    """
    for c in range(contact_number[0]):
        one = contact[c]
        j, outcome, call = one[FIRM], one[OUTCOME], one[WRITTEN] == 0 and one[OUTCOME] != CONTAINED
        answered, later = outcome == SERVED, one[DEFERRED] > 0
        live = call and answered and not later
        in_time = live and contact_wait[c] <= np.float64(answered_within)
        seconds = np.int64(np.float64(SECONDS) * contact_wait[c] + np.float64(0.5))
        contacts_offered[j] += 1
        contacts_contained[j] += 1 if outcome == CONTAINED else 0
        contacts_answered[j] += 1 if answered else 0
        contacts_abandoned[j] += 1 if outcome == ABANDONED else 0
        contacts_balked[j] += 1 if outcome == BALKED else 0
        contacts_denied[j] += 1 if outcome == DENIED else 0
        first_contacts[j] += 1 if answered and one[FIRST] > 0 else 0
        first_resolved[j] += 1 if answered and one[FIRST] > 0 and one[RESOLVED] > 0 else 0
        calls_offered[j] += 1 if call else 0
        calls_answered[j] += 1 if live else 0
        calls_in_time[j] += 1 if in_time else 0
        calls_abandoned[j] += 1 if call and outcome == ABANDONED else 0
        answer_time[j] += seconds if live else 0
        best_calls[j] += 1 if call and one[BEST] > 0 else 0
        best_calls_in_time[j] += 1 if in_time and one[BEST] > 0 else 0
        deferred_answers[j] += 1 if answered and later else 0
        deferred_time[j] += seconds if answered and later else 0
        contact_verdicts[j] += in_steps(contact_verdict[c])


@kernel(per="market", double=True)
def book_centres(
    centre_staffing, centre_technology, centre_fees, centre_rooms, agent_seconds, agent_minutes, expert_minutes,
    overtime_minutes, centre_days, agent_hour, expert_hour, centre_contact_expense, answer_fee, site_day,
    contacts_offered, contacts_answered,
):  # fmt: skip
    """Book how long agents are paid, on duty and after closing, in whole seconds, and what a centre costs.

    Hours on duty are those of a full day times the days of the period; experts' hours there cost more, overtime does as
    an agent's. Staff and rooms are in whole cents, rounded half up: staff from (minutes paid agent_hour + minutes of
    experts expert_hour) / 60, in this order of rounding. Technology of each contact is in 1/100 cent.

    centre_staffing, centre_technology, centre_fees, centre_rooms, agent_seconds  tallies [written]
    """
    for j in range(agent_minutes.shape[0]):
        minutes = agent_minutes[j] * centre_days[0] + overtime_minutes[j]
        experts = expert_minutes[j] * centre_days[0]
        agent_seconds[j] += np.int64(SECONDS * minutes + 0.5)
        centre_staffing[j] += np.int64((minutes * agent_hour[j] + experts * expert_hour[j]) / MINUTES + 0.5)
        centre_technology[j] += contacts_offered[j] * centre_contact_expense[j]
        centre_fees[j] += contacts_answered[j] * answer_fee[j]
        centre_rooms[j] += np.int64(site_day[j] * centre_days[0] + 0.5)
