"""Privacy: who lets a firm keep her data, who minds contacts that she was not asked for, and what a leak costs.

Claim: who is asked consents if she trusts the firm at least as much as she is concerned about her data; who was not
asked minds each contact; a leak costs the trust of all whose data the firm keeps.
Source: the written specification of the theory, without a look at its kernel.

A leak is decided by a uniform against a probability that float32 has multiplied out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import as_single, near
from tests.reference.random_numbers import Key, customer_words, fine_uniform, uniform

EXAMPLE: dict[str, Any] = {
    "concern_mean": 0.4,
    "concern_precision": 4.0,
    "intrusion": 0.02,
    "breach_rate": 0.0,
    "breach_loss": 0.5,
    "unasked_factor": 2.0,
}
OPEN, CONSENTED, REFUSED, UNASKED = range(4)


@dataclass
class Consent:
    """What a customer has said to a firm about her data: a code."""

    code: int = OPEN

    def visit(self, known: bool, member: bool, asks: bool, trust: float, concern: float) -> tuple[bool, bool]:
        """Let her be asked on a visit; return whether her data are kept, and whether she was asked.

        known, member : of the firm, after the visit
        """
        if not known:
            return False, False
        if member:
            self.code = CONSENTED
        elif self.code == OPEN and asks:
            self.code = CONSENTED if trust >= concern else REFUSED
            return self.code == CONSENTED, True
        elif self.code == OPEN:
            self.code = UNASKED
        return self.code != REFUSED, False


def trust_left(
    trust: float, code: int, concern: float, contacts: float, leaked: bool, parameters: dict[str, Any]
) -> float:
    """Return the trust of a known customer after the contacts that reached her, and a leak of her data if any."""
    unasked = code == UNASKED
    loss = parameters["intrusion"] * concern * contacts if unasked else 0.0
    if leaked:
        loss += parameters["breach_loss"] * concern * (parameters["unasked_factor"] if unasked else 1.0)
    return max(0.0, trust - loss)


def leak_probability(breach_rate: float, security: float) -> float:
    """Return the chance that data leak from a firm in a period."""
    return as_single(as_single(breach_rate) * as_single(1.0 - as_single(security)))


def leaks(key: Key, firm: int, period: int, breach_rate: float, security: float, replication: int = 0) -> bool:
    """Draw whether data leak from a firm in a period."""
    return leak_draw(key, firm, period, replication) < leak_probability(breach_rate, security)


def leak_draw(key: Key, firm: int, period: int, replication: int = 0) -> float:
    """Return the uniform that decides on it: the firm's place stands where a customer's identity would."""
    return uniform(customer_words(key, firm, period, draw=1, block=0, replication=replication)[0])


def is_close(key: Key, firm: int, period: int, breach_rate: float, security: float) -> bool:
    """Tell whether float32 might decide otherwise on a leak."""
    return near(leak_draw(key, firm, period), leak_probability(breach_rate, security), 1e-6)


def security_spend(known: int, security: float, security_cost: float) -> int:
    """Return what protecting the records of those who are known costs, 1/100 cent."""
    return known * hundredths(100.0 * security_cost * effort(security))


def concern(key: Key, customer: int, mean: float, precision: float, replication: int = 0) -> float:
    """Return a customer's concern: the Beta quantile of her uniform, of shapes mean and 1 - mean times precision."""
    u = fine_uniform(customer_words(key, customer, 0, draw=0, block=0, replication=replication)[0])
    return beta_quantile(u, mean * precision, (1.0 - mean) * precision)


def beta_quantile(u: float, a: float, b: float) -> float:
    """Return the x below which the share u of a Beta distribution lies, by halving an interval."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if beta_share(middle, a, b) < u else (low, middle)
    return 0.5 * (low + high)


def beta_share(x: float, a: float, b: float) -> float:
    """Return the share of a Beta distribution below x: x^a (1-x)^b / (a B) times 1 + sum of prod (a+b+k) x / (a+1+k).

    The series is quick for small x; above the mean the other side is worked out.
    """
    if x in (0.0, 1.0):
        return x
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_share(1.0 - x, b, a)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    term, total, k = 1.0, 1.0, 0
    while term > 1e-16 * total and k < 10_000:
        term *= (a + b + k) * x / (a + 1.0 + k)
        total += term
        k += 1
    return total * math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / a
