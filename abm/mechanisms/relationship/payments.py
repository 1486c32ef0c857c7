"""Payments: firms sell on credit; some customers pay late, and some never.   Reads only its own customer.

Claim: who may pay later is glad of it, and few make it costly. A firm can be lenient, or strict with late payers and
good to prompt ones: that saves bad debt and the time of staff, and costs the custom of those who are cut off, and what
they tell. A score made of her own bills tells a firm whom to give credit, and nothing of who has not bought yet.
Source: practice of utilities (cut off late payers, reward prompt ones; seen in press reports); sizes are assumed.

All money that is billed is paid at once, paid later, kept by the customer as a rebate, written off, or still owed.
Sales are revenue when they are made; what is not received of them is a cost of giving credit. What customers who leave
the market owe is written off. While no firm of the market sells on credit, nothing is collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.relationship.collection import (
    billing_call_rate,
    book_collection,
    call_about_bills,
    collect_accounts,
    cut_off_share,
    press_debtors,
    reminder_rate,
    tell_of_cut_offs,
    turned_away_share,
    write_off_debts,
)  # fmt: skip
from abm.mechanisms.relationship.credit import (
    bill_visits,
    draw_payers,
    grant_credit,
    hold_receivables,
    resent_refusal,
    value_credit,
)  # fmt: skip
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World


@kpi(unit="share", better="less", nan="nothing was paid, and nothing written off")
def bad_debt_share(c: Tallied) -> FloatArray:
    """Written off / all that was settled: paid at once, paid later, kept as rebates, written off."""
    return c.bad_debt / (c.paid_cash + c.collected + c.rebates + c.bad_debt)


@kpi(unit="share", better="less", nan="no account fell due")
def late_payment_share(c: Tallied) -> FloatArray:
    """Accounts that were not paid when they fell due, but later or never / accounts that fell due."""
    return (c.fell_due - c.paid_in_time) / c.fell_due


@kpi(unit="periods", better="less", nan="nothing was billed")
def sales_outstanding(c: Tallied) -> FloatArray:
    """What is owed at the ends of periods / what is billed in them: the sales of how many periods are owed."""
    return c.receivables / c.billed


class PaymentPolicy(Policy):
    """On which terms a firm sells, and what it does about who does not pay."""

    name: ClassVar = "payments"
    presets: ClassVar = "payments"
    presets_of: ClassVar = "payment policy"
    held: ClassVar = {"preset": None, "cost_of_capital": None, "reminder_cost": CENTS, "call_cost": CENTS}
    given: ClassVar = {
        "reminder_cost": "what a letter costs is given to a firm",
        "call_cost": "what the time of staff costs is given to a firm",
        "cost_of_capital": "what capital costs is given by its market",
    }
    free: ClassVar = {
        "cut_off_after": "a rule; it costs the custom and the good word of who is cut off",
        "cut_off_from": "a rule; it costs the custom of who is turned away",
        "full_credit_from": "a rule; it costs the custom of who is refused credit",
        "no_credit_below": "a rule; it costs the custom of who is refused credit",
        "write_off_after": "a rule of accounting; what is written off can no longer be paid",
    }
    preset: str = param("custom", unit="name", evidence="assumed", doc="named policy that other fields start from")
    credit: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="part of a bill that may be paid later; 0 = cash"
    )
    credit_terms: int = param(4, unit="periods", bounds=(1, 52), evidence="assumed", doc="until the oldest bill is due")
    prompt_rebate: float = param(
        0.0, unit="share", bounds=(0, 0.5), evidence="assumed", doc="part of what is owed left to who pays in time"
    )
    reminder_after: int = param(
        0, unit="periods", bounds=(0, 1000), evidence="assumed", doc="overdue when the first reminder goes; 0 = none"
    )
    cut_off_after: int = param(
        0, unit="periods", bounds=(0, 1000), evidence="assumed",
        doc="overdue when a customer is cut off, until she has paid, or for good if it was written off; 0 = never",
    )  # fmt: skip
    cut_off_from: Literal["credit", "service"] = param(
        "credit", unit="name", evidence="assumed", doc="whether who is cut off is served against cash, or not at all"
    )
    full_credit_from: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="score below which only a part of the credit is given"
    )
    no_credit_below: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="score below which no credit is given"
    )
    write_off_after: int = param(
        26, unit="periods", bounds=(0, 1000), evidence="assumed", doc="overdue when a debt is written off; 0 = never"
    )
    reminder_cost: float = param(1.0, unit="cu", bounds=(0, 1e4), evidence="assumed", doc="cost of a reminder")
    call_cost: float = param(
        4.0, unit="cu", bounds=(0, 1e4), evidence="assumed", doc="cost of a call of a customer about her bill"
    )
    cost_of_capital: float = param(
        0.0015, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="interest on what is owed: about 8 % a year of weeks",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what capital costs on a cent owed, in 10^-6 cents a period."""
        return {"capital_expense": (CENTS, 1e4 * self.cost_of_capital)}


class Payments(Mechanism):
    """Who pays when, what firms do about it, and what that costs.

    Customers are told apart by `payer`: 0 and 1 prompt, 2 and 3 late, 4 and 5 defaulters, the odd ones noisy: a group
    by it with levels 1, 2, 4 tells quiet prompt payers from noisy ones, late payers and defaulters.
    """

    name = "payments"
    serves = ("C8", "D18")
    policy = PaymentPolicy
    owns = (
        Column("payer", ("customer",), 0, "code", "how she pays: 0 prompt, 2 late, 4 defaulter; + 1 if noisy", "uint8"),
        Column("owed", ("firm", "customer"), 0, "cents", "what she owes the firm", "int64"),
        Column("due", ("firm", "customer"), -1, "period", "in which it is due, -1 = nothing is owed", "int32"),
        Column("credit_score", ("firm", "customer"), 1, "0-1", "how she has paid this firm so far"),
        Column("barred", ("firm", "customer"), 0, "bool", "a debt of hers was written off", "uint8"),
        Column("cut_off", ("firm", "customer"), 0, "bool", "cut off by the firm until she pays", "uint8"),
        Column("granted", ("firm", "customer"), 0, "0-1", "part of a bill that she may pay later"),
        Column(
            "offended_by", ("customer",), -1, "firm", "that has just cut her off or turned her away, -1 = none", "int32"
        ),
    )
    writes = ("visit_outcome", "trust", "satisfaction", "story", "negative_messages")
    counts = (
        Tally("billed", "cu", "billed to visitors", CENT),
        Tally("paid_cash", "cu", "of this, paid at once", CENT),
        Tally("collected", "cu", "owed, and paid", CENT),
        Tally("rebates", "cu", "owed, and left to those who paid in time", CENT, account="lever"),
        Tally("bad_debt", "cu", "owed, and written off", CENT, account="lever"),
        Tally("receivables", "cu", "owed at the end of the period", CENT),
        Tally("capital_cost", "cu", "cost of capital on what is owed", CENT * 1e-6, account="lever"),
        Tally("fell_due", "accounts", "accounts that fell due"),
        Tally("paid_in_time", "accounts", "accounts that were paid when they fell due"),
        Tally("paid_late", "accounts", "accounts that were paid later"),
        Tally("payment_reminders", "letters", "reminders sent"),
        Tally("calls", "calls", "calls of customers about their bills"),
        Tally("collection", "cu", "cost of reminders and calls", CENT, account="lever"),
        Tally("cut_offs", "customers", "customers who were cut off"),
        Tally("cut_off_customers", "customers", "customers who are cut off at the end of the period"),
        Tally("turned_away", "visitors", "visitors who were turned away because they had not paid"),
    )
    kpis = (
        bad_debt_share, late_payment_share, sales_outstanding, cut_off_share, reminder_rate, billing_call_rate,
        turned_away_share,
    )  # fmt: skip
    late_share: float = param(
        0.12, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who pay late; who is neither is prompt"
    )
    defaulter_share: float = param(
        0.03, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who hardly ever pay later what they owe"
    )
    noisy_share: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed", doc="customers who call about their bills"
    )
    prompt_pays: float = param(
        0.98, unit="1/period", bounds=(0, 1), evidence="assumed", doc="chance that a prompt payer pays what is due"
    )
    late_pays: float = param(0.25, unit="1/period", bounds=(0, 1), evidence="assumed", doc="the same of a late payer")
    defaulter_pays: float = param(
        0.01, unit="1/period", bounds=(0, 1), evidence="assumed", doc="the same of a defaulter"
    )
    reminder_pressure: float = param(
        2.0, unit="ratio", bounds=(1, 1000), evidence="assumed", doc="factor of a reminder on the odds of paying"
    )
    reminder_every: int = param(
        4, unit="periods", bounds=(1, 1000), evidence="assumed", doc="time between two reminders"
    )
    rebate_response: float = param(
        50.0, unit="1/share", bounds=(0, 1e4), evidence="assumed",
        doc="by how much a rebate of all raises the factor on the odds of paying in time; one of 2 % doubles them",
    )  # fmt: skip
    cut_off_pressure: float = param(
        8.0, unit="ratio", bounds=(1, 1000), evidence="assumed",
        doc="factor on the odds that who is cut off pays when she comes",
    )  # fmt: skip
    delay_value: float = param(
        0.004, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="part of a price that paying it a period later is worth to her: about a consumer loan at 20 % a year",
    )  # fmt: skip
    longest_delay: float = param(
        26.0, unit="periods", bounds=(0, 1000), evidence="assumed", doc="most of a delay that is foreseen, terms apart"
    )
    cut_off_aversion: float = param(
        0.1, unit="index", bounds=(0, 10), evidence="assumed", doc="what coming while cut off is like: a higher price"
    )
    offence: float = param(
        0.1,
        unit="0-1",
        bounds=(0, 1),
        evidence="assumed",
        doc="satisfaction with a visit lost where all credit is refused",
    )
    resentment: float = param(
        0.1,
        unit="share",
        bounds=(0, 1),
        evidence="assumed",
        doc="trust and satisfaction lost by being cut off, or turned away",
    )
    outrage: float = param(0.5, unit="1/period", bounds=(0, 1), evidence="assumed", doc="chance that she tells of it")
    newcomer_score: float = param(0.8, unit="0-1", bounds=(0, 1), evidence="assumed", doc="score without any bill")
    score_rate: float = param(
        0.2, unit="1/period", bounds=(0, 1), evidence="assumed", doc="part of its way that a score moves at a time"
    )
    fair_part: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="part of the credit for scores between the two marks"
    )
    billing_calls: float = param(
        0.05, unit="1/period", bounds=(0, 1), evidence="assumed", doc="chance that a noisy customer calls who owes"
    )
    overdue_calls: float = param(
        0.2, unit="1/period", bounds=(0, 1), evidence="assumed", doc="the same while the account is overdue"
    )

    @model_validator(mode="after")
    def _shares_agree(self) -> Self:
        total = self.late_share + self.defaulter_share
        if total > 1.0:
            raise Refusal(
                f"late_share and defaulter_share add to {total:.10g}; at most 1 is allowed, lower one of them"
            )
        return self

    @property
    def pay_chance(self) -> np.ndarray:
        """The chance of paying what is due in a period, by discipline (3,)."""
        return np.array([self.prompt_pays, self.late_pays, self.defaulter_pays], np.float32)

    @property
    def mean_delay(self) -> np.ndarray:
        """The periods beyond the terms for which she will keep the money, by discipline (3,): (1 - chance) / chance."""
        chances = (self.prompt_pays, self.late_pays, self.defaulter_pays)
        delays = [(1.0 - p) / p if p > 0 else np.inf for p in chances]
        return np.minimum(delays, self.longest_delay).astype(np.float32)

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where all firms sell for cash; else accounts, what they are worth, and what follows."""
        if not any(policy.credit > 0 for policy in policies):
            return ()
        asking = call_about_bills, collect_accounts, write_off_debts, grant_credit
        contact = tuple((Phase.CONTACT, kernel) for kernel in asking)
        selling = (Phase.VALUATION, value_credit), (Phase.JUDGEMENT, resent_refusal)
        cuts = (Phase.ADMISSION, press_debtors), (Phase.TELLING, tell_of_cut_offs)
        cut = cuts if any(policy.cut_off_after for policy in policies) else ()
        billed = (Phase.BOOKING, bill_visits), (Phase.WINDOWS, hold_receivables)
        return (*contact, *selling, *cut, *billed, (Phase.BOOKS, book_collection))

    def begin(self, world: World, seed: int) -> None:
        """Draw how customers pay, and set the score of those of whom nothing is known."""
        c = world.customers
        draw_payers(
            c.payer, c.customer_id, self.late_share, self.defaulter_share, self.noisy_share,
            stream_key(seed, self.name), world.replication,
        )  # fmt: skip
        if "credit_score" in c:
            c.credit_score.fill(self.newcomer_score)

    def settle(self, world: World, rows: np.ndarray) -> None:
        """Write off what customers owe who leave the market."""
        if "owed" in world.customers:
            world.count("bad_debt", rows, world.customers.owed[:, rows])
