"""Payments: what customers owe, who pays, what firms do about the others, and what that costs.

Claim: a firm that cuts off who does not pay saves bad debt, and loses her good will and her good word.
Source: the written specification of the theory, without a look at its kernel.

Scores and what is granted are kept as float32 keeps them, rounded after each step: the one is held against marks, the
other decides on whole cents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.reference.accounts import hundredths
from tests.reference.closeness import as_single, near, near_any
from tests.reference.credit import (
    CALL,
    DUE,
    NOTHING_OWED,
    STORY,
    TILL,
    Account,
    Policy,
    capital_expense,
    draw,
    is_cut_off,
    is_reminded,
    part_granted,
    part_in_cents,
    pay_chance,
    payer,
    pressed,
    prompting,
    refused,
)
from tests.reference.random_numbers import Key

COUNTS = (
    *("billed", "paid_cash", "collected", "rebates", "bad_debt", "receivables", "capital_cost", "fell_due"),
    *(
        "paid_in_time",
        "paid_late",
        "payment_reminders",
        "calls",
        "collection",
        "cut_offs",
        "cut_off_customers",
        "turned_away",
    ),
    "negative_messages",
)


class Ledger:
    """All firms and their accounts: the rules one by one, and the parts of a period that are made of them.

    accounts    : accounts[j][i] of customer i with firm j       payers : (n,) 2 discipline + [noisy]
    offended_by : (n,) firm that has just cut her off or turned her away, -1 = none
    offences    : offences[j][i], how often in the period: trust and satisfaction lose `resentment` of themselves each
                  time
    counts      : of the period, name -> (firms,), whole numbers by the names of COUNTS: cents, 10^-6 cents of capital
    close       : whether something lies so near its threshold that float32 might decide otherwise
    """

    def __init__(
        self, policies: Sequence[Policy], identities: Sequence[int], key: Key, parameters: dict[str, Any],
        replication: int = 0,
    ) -> None:  # fmt: skip
        self.policies, self.key, self.p, self.replication = list(policies), key, parameters, replication
        self.identities, self.close = list(identities), False
        n = len(self.identities)
        self.payers, self.offended_by = [0] * n, [-1] * n
        self.accounts = [[Account() for _ in range(n)] for _ in policies]
        for i in range(n):
            self.enter(i, self.identities[i])
        self._has_sold_on_credit = False
        self.begin()

    @property
    def collects(self) -> bool:
        """Whether anything happens: some firm sells on credit, or has done so before, so that some may still owe."""
        self._has_sold_on_credit |= any(policy.credit > 0.0 for policy in self.policies)
        return self._has_sold_on_credit

    def begin(self) -> None:
        """Begin a period."""
        self.counts = {name: [0] * len(self.policies) for name in COUNTS}
        self.offences = [[0] * len(self.identities) for _ in self.policies]

    def enter(self, i: int, identity: int) -> None:
        """Let somebody of whom nothing is known be customer i."""
        self.identities[i], self.offended_by[i] = identity, -1
        self.payers[i] = payer(self.key, identity, self.replication, self.p)
        for row in self.accounts:
            row[i] = Account(credit_score=self.p["newcomer_score"])

    def leave(self, i: int) -> None:
        """Write off what customer i owes, who leaves the market."""
        for j, row in enumerate(self.accounts):
            self.counts["bad_debt"][j] += row[i].clear()

    def luck(self, i: int, t: int, what: int, block: int, word: int = 0) -> float:
        """Return the uniform of one of customer i's decisions in period t."""
        return draw(self.key, self.identities[i], t, what, block, self.replication, word)

    def happens(self, u: float, chance: float) -> bool:
        """Tell whether something happens by a uniform, and note if that is close."""
        self.close |= near(u, chance)
        return u < chance

    def offend(self, j: int, i: int) -> None:
        """Let firm j offend customer i."""
        self.offences[j][i] += 1
        self.offended_by[i] = j

    def call(self, j: int, i: int, t: int) -> None:
        """Let customer i call firm j about her bill, if she is one who does."""
        overdue = self.accounts[j][i].overdue(t)
        if overdue is not None and self.payers[i] % 2 == 1:
            chance = self.p["overdue_calls"] if overdue >= 1 else self.p["billing_calls"]
            self.counts["calls"][j] += self.happens(self.luck(i, t, DUE, j, CALL), chance)

    def collect(self, j: int, i: int, t: int) -> None:
        """Remind customer i of what is due to firm j; then she pays all of it or nothing."""
        account, policy = self.accounts[j][i], self.policies[j]
        overdue = account.overdue(t)
        if overdue is None or overdue < 0:
            return
        reminded = is_reminded(overdue, policy.reminder_after, self.p["reminder_every"])
        factor = self.p["reminder_pressure"] if reminded else 1.0
        if overdue == 0:
            factor *= prompting(policy.prompt_rebate, self.p["rebate_response"])
        pays = self.happens(self.luck(i, t, DUE, j), pressed(pay_chance(self.payers[i], self.p), factor))
        self.counts["payment_reminders"][j] += reminded
        self.counts["fell_due"][j] += overdue == 0
        if pays:
            owed = account.clear()
            kept = part_in_cents(policy.prompt_rebate, owed) if overdue == 0 else 0
            self.counts["paid_in_time" if overdue == 0 else "paid_late"][j] += 1
            self.counts["rebates"][j] += kept
            self.counts["collected"][j] += owed - kept
        self.score(account, 1.0 if pays else 0.0, moves=not pays or overdue == 0)

    def score(self, account: Account, aim: float, moves: bool) -> None:
        """Let a score move towards 0 or 1; who pays late is scored as before."""
        if moves:
            step = as_single(as_single(self.p["score_rate"]) * as_single(aim - account.credit_score))
            account.credit_score = as_single(account.credit_score + step)

    def write_off(self, j: int, i: int, t: int) -> None:
        """Write off what customer i has owed firm j for too long."""
        account, after = self.accounts[j][i], self.policies[j].write_off_after
        overdue = account.overdue(t)
        if after > 0 and overdue is not None and overdue >= after:
            self.counts["bad_debt"][j] += account.clear()
            account.credit_score, account.barred = 0.0, True

    def grant(self, j: int, i: int, t: int) -> None:
        """Decide whether firm j cuts customer i off, and which part of a bill she may pay later."""
        account, policy = self.accounts[j][i], self.policies[j]
        was, account.cut_off = account.cut_off, is_cut_off(account, t, policy.cut_off_after)
        if account.cut_off and not was:
            self.counts["cut_offs"][j] += 1
            self.offend(j, i)
        marks = policy.full_credit_from, policy.no_credit_below
        self.close |= near_any(account.credit_score, (mark for mark in marks if mark > 0.0))  # no score is below 0
        part = part_granted(account.credit_score, policy.full_credit_from, policy.no_credit_below, self.p["fair_part"])
        account.granted = 0.0 if account.cut_off else as_single(policy.credit * part)

    def open(self, t: int) -> None:
        """Let who calls call, who pays pay, and the firms decide on all the others, before anybody comes."""
        if not self.collects:
            return
        self.offended_by = [-1] * len(self.identities)
        for rule in (self.call, self.collect, self.write_off, self.grant):
            for j in range(len(self.policies)):
                for i in range(len(self.identities)):
                    rule(j, i, t)

    def admit(self, j: int, i: int, nth: int, t: int) -> bool:
        """Ask a visitor for what she owes, and tell whether she is served."""
        account = self.accounts[j][i]
        if not (self.collects and account.cut_off):
            return True
        chance = pressed(pay_chance(self.payers[i], self.p), self.p["cut_off_pressure"])
        if account.due != NOTHING_OWED and self.happens(self.luck(i, t, TILL, nth), chance):
            self.counts["paid_late"][j] += 1
            self.counts["collected"][j] += account.clear()
            account.cut_off = False
        denied = account.cut_off and self.policies[j].serves_only_who_pays
        if denied:
            self.counts["turned_away"][j] += 1
            self.offend(j, i)
        return not denied

    def resentment(self, j: int, i: int) -> float:
        """Return what satisfaction with a visit of customer i to firm j loses, for the credit that is refused."""
        return float(self.p["offence"] * refused(self.accounts[j][i].granted, self.policies[j].credit))

    def bill(self, j: int, i: int, cents: int, t: int) -> None:
        """Bill a visit of so many cents: a part of them is put on the account, the rest is paid at once."""
        if not self.collects:
            return
        account = self.accounts[j][i]
        later = part_in_cents(account.granted, cents)
        if later > 0 and account.owed == 0:
            account.due = t + self.policies[j].credit_terms
        account.owed += later
        self.counts["billed"][j] += cents
        self.counts["paid_cash"][j] += cents - later

    def tells(self, i: int, t: int) -> bool:
        """Let customer i tell of the firm that has offended her in the period, and tell whether she does."""
        j = self.offended_by[i]
        told = self.collects and j >= 0 and self.happens(self.luck(i, t, STORY, 0), self.p["outrage"])
        if told:
            self.counts["negative_messages"][j] += 1
        return told

    def end(self) -> None:
        """Count what is owed and who is cut off at the end of the period, and book what collection costs."""
        if not self.collects:
            return
        for j, (policy, row) in enumerate(zip(self.policies, self.accounts, strict=True)):
            count = {name: self.counts[name][j] for name in ("payment_reminders", "calls")}
            owed = sum(account.owed for account in row)
            self.counts["receivables"][j] = owed
            self.counts["capital_cost"][j] = owed * capital_expense(policy.cost_of_capital)
            self.counts["cut_off_customers"][j] = sum(account.cut_off for account in row)
            costs = hundredths(policy.reminder_cost), hundredths(policy.call_cost)
            self.counts["collection"][j] = count["payment_reminders"] * costs[0] + count["calls"] * costs[1]
