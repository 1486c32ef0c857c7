"""Credit, rule by rule: how customers pay, who may pay later, what that is worth to her, and who is asked or cut off.

Claim: whether somebody pays in time is a trait of hers that pressure moves by its odds; to pay later is worth what the
delay saves.
Source: the written specification of the theory, without a look at its kernel.

A customer has one account with each firm: it is due when the oldest bill on it is, and she pays all of it or nothing.
Money is in whole cents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tests.reference.closeness import as_single
from tests.reference.random_numbers import Key, customer_words, uniform

EXAMPLE: dict[str, Any] = {
    "late_share": 0.12,
    "defaulter_share": 0.03,
    "noisy_share": 0.2,
    "prompt_pays": 0.98,
    "late_pays": 0.25,
    "defaulter_pays": 0.01,
    "reminder_pressure": 2.0,
    "reminder_every": 4,
    "rebate_response": 50.0,
    "cut_off_pressure": 8.0,
    "delay_value": 0.004,
    "longest_delay": 26.0,
    "cut_off_aversion": 0.1,
    "offence": 0.1,
    "resentment": 0.1,
    "outrage": 0.5,
    "newcomer_score": 0.8,
    "score_rate": 0.2,
    "billing_calls": 0.05,
    "overdue_calls": 0.2,
    "fair_part": 0.5,
}
PROMPT, LATE, DEFAULTER = range(3)
DUE, TILL, STORY, TRAIT = range(4)  # what draws decide on
CALL = 1  # word of the draw DUE that decides on a call
NOTHING_OWED = -1


@dataclass(frozen=True)
class Policy:
    """On which terms a firm sells: shares and scores 0-1, times in periods, costs in cu, capital 1/period."""

    credit: float = 0.0
    credit_terms: int = 4
    prompt_rebate: float = 0.0
    reminder_after: int = 0
    cut_off_after: int = 0
    cut_off_from: str = "credit"
    full_credit_from: float = 0.0
    no_credit_below: float = 0.0
    write_off_after: int = 26
    reminder_cost: float = 1.0
    call_cost: float = 4.0
    cost_of_capital: float = 0.0015

    @property
    def serves_only_who_pays(self) -> bool:
        """Whether who is cut off is not served at all."""
        return self.cut_off_from == "service"


@dataclass
class Account:
    """A customer's account with a firm: cents, period (-1 = nothing is owed), 0-1, and part of a bill, 0-1."""

    owed: int = 0
    due: int = NOTHING_OWED
    credit_score: float = 1.0
    barred: bool = False
    cut_off: bool = False
    granted: float = 0.0

    def overdue(self, t: int) -> int | None:
        """Return for how long the account has been due, below 0 if it will be; None if nothing is owed."""
        return None if self.due == NOTHING_OWED else t - self.due

    def clear(self) -> int:
        """Let nothing be owed any more, and return what was."""
        owed, self.owed, self.due = self.owed, 0, NOTHING_OWED
        return owed


def pressed(chance: float, factor: float) -> float:
    """Return the chance whose odds are `factor` times those of `chance`."""
    return factor * chance / (1.0 + (factor - 1.0) * chance)


def prompting(prompt_rebate: float, rebate_response: float) -> float:
    """Return by what a rebate multiplies the odds of paying in time."""
    return 1.0 + rebate_response * prompt_rebate


def part_granted(score: float, full_credit_from: float, no_credit_below: float, fair_part: float) -> float:
    """Return the part of the credit that a score is good for."""
    if score < no_credit_below:
        return 0.0
    return fair_part if score < full_credit_from else 1.0


def refused(granted: float, credit: float) -> float:
    """Return which part of the credit on offer is refused."""
    return 1.0 - granted / credit if credit > 0.0 else 0.0


def part_in_cents(share: float, cents: int) -> int:
    """Return a share of an amount in whole cents, half a cent rounded up."""
    return math.floor(share * cents + 0.5)


def draw(key: Key, customer: int, period: int, what: int, block: int, replication: int, word: int = 0) -> float:
    """Return the uniform that decides on something: DUE and TILL, STORY, or TRAIT."""
    return uniform(customer_words(key, customer, period, draw=what, block=block, replication=replication)[word])


def payer(key: Key, customer: int, replication: int, p: dict[str, Any]) -> int:
    """Return how a customer pays, for life: 2 discipline + [noisy]."""
    who, voice = (draw(key, customer, 0, TRAIT, 0, replication, word) for word in range(2))
    late_below = as_single(as_single(p["defaulter_share"]) + as_single(p["late_share"]))
    discipline = DEFAULTER if who < p["defaulter_share"] else LATE if who < late_below else PROMPT
    return 2 * discipline + (voice < p["noisy_share"])


def pay_chance(of: int, p: dict[str, Any]) -> float:
    """Return the chance that a customer (2 discipline + [noisy]) pays what is due in a period."""
    return float((p["prompt_pays"], p["late_pays"], p["defaulter_pays"])[of // 2])


def mean_delay(chance: float, longest: float) -> float:
    """Return the periods beyond the terms for which the money is kept: misses before a success, at most `longest`."""
    return min(longest, (1.0 - chance) / chance) if chance > 0.0 else longest


def worth_of_credit(chance: float, policy: Policy, p: dict[str, Any]) -> float:
    """Return what it is worth to pay all of a bill later, as a part of the price."""
    on_the_day = pressed(chance, prompting(policy.prompt_rebate, p["rebate_response"]))
    delay = policy.credit_terms + mean_delay(chance, p["longest_delay"])
    return p["delay_value"] * delay + policy.prompt_rebate * on_the_day


def term_of_credit(account: Account, of: int, price: float, policy: Policy, p: dict[str, Any]) -> float:
    """Return what the terms add to the worth of a firm, as a lower price index would."""
    worth = account.granted * worth_of_credit(pay_chance(of, p), policy, p)
    return price * (worth - (p["cut_off_aversion"] if account.cut_off else 0.0))


def is_reminded(overdue: int, reminder_after: int, reminder_every: int) -> bool:
    """Tell whether a reminder goes to who has been overdue for so long."""
    return 0 < reminder_after <= overdue and (overdue - reminder_after) % reminder_every == 0


def is_cut_off(account: Account, t: int, cut_off_after: int) -> bool:
    """Tell whether a firm cuts off the owner of an account."""
    overdue = account.overdue(t)
    return cut_off_after > 0 and (account.barred or (overdue is not None and overdue >= cut_off_after))


def capital_expense(cost_of_capital: float) -> int:
    """Return what capital costs on a cent owed, in 10^-6 cents a period."""
    return math.floor(1e6 * cost_of_capital + 0.5)


def measures(c: dict[str, float], came: float, customers: float, periods: float) -> dict[str, float]:
    """Return the measures of a firm from what was counted over some periods; all of them have something to divide by.

    came : visitors who were turned away or served      customers : of the market
    """
    everybody = customers * periods
    settled = c["paid_cash"] + c["collected"] + c["rebates"] + c["bad_debt"]
    return {
        "bad_debt_share": c["bad_debt"] / settled,
        "late_payment_share": 1.0 - c["paid_in_time"] / c["fell_due"],
        "sales_outstanding": c["receivables"] / c["billed"],
        "cut_off_share": c["cut_off_customers"] / everybody,
        "reminder_rate": 1000.0 * c["payment_reminders"] / everybody,
        "billing_call_rate": 1000.0 * c["calls"] / everybody,
        "turned_away_share": c["turned_away"] / came,
    }
