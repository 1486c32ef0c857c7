"""Random numbers of the reference model, in whole numbers of plain Python.

Claim: each decision has one uniform number, a pure function of (seed, stream, who, when, which
decision, replication).
Source: Salmon, Moraes, Dror & Shaw 2011 (Philox4x32-10); docs/model.md, "Where luck comes from".

    key      two words of SeedSequence(seed, blake2b of the stream's name)
    counter  customers (customer, period, draw * 65536 + block, replication)
             ties      (sender, receiver, period * 256 + draw, replication)
"""

from __future__ import annotations

import hashlib
from statistics import NormalDist

import numpy as np

WORD = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10

Words = tuple[int, int, int, int]
Key = tuple[int, int]


def philox(counter: Words, key: Key) -> Words:
    """Return the four 32-bit words of a counter under a key."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        product0, product1 = MULTIPLIERS[0] * x0, MULTIPLIERS[1] * x2
        high0, low0 = product0 >> 32, product0 & WORD
        high1, low1 = product1 >> 32, product1 & WORD
        x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
        k0, k1 = (k0 + WEYL[0]) & WORD, (k1 + WEYL[1]) & WORD
    return x0, x1, x2, x3


def stream_key(seed: int, stream: str) -> Key:
    """Return the key words (low, high) of a stream under a seed."""
    digest = hashlib.blake2b(stream.encode(), digest_size=16).digest()
    name = tuple(int.from_bytes(digest[start : start + 4], "little") for start in range(0, 16, 4))
    low, high = np.random.SeedSequence(seed, spawn_key=name).generate_state(2, np.uint32)
    return int(low), int(high)


def customer_words(key: Key, customer: int, period: int, *, draw: int, block: int, replication: int) -> Words:
    """Return the words of a customer's decision."""
    return philox((customer, period, draw * 65536 + block, replication), key)


def tie_words(key: Key, sender: int, receiver: int, period: int, *, draw: int, replication: int) -> Words:
    """Return the words of a decision on a tie, from sender to receiver."""
    return philox((sender, receiver, period * 256 + draw, replication), key)


def uniform(word: int) -> float:
    """Return a word as a number in (0, 1) with 23 bits: the same number in float32 and in float64."""
    return ((word >> 9) + 0.5) * 2.0**-23


def fine_uniform(word: int) -> float:
    """Return a word as a number in (0, 1) with 32 bits, for Poisson draws and rare events."""
    return (word + 0.5) * 2.0**-32


def normal(u: float) -> float:
    """Return the standard normal quantile of u in (0, 1)."""
    return NormalDist().inv_cdf(u)
