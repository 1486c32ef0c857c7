"""Random numbers addressed by what is decided.

Claim: a draw is a pure function of (seed, namespace, who, when, which decision, replication), so two worlds that
differ in one policy share all other luck person by person, and no order of work, thread or batch can change a
result.
Source: SALMON_2011 (Philox4x32-10), checked against the published known-answer vectors.

Key      : 64 bits of SeedSequence(seed, namespace); a namespace is "population", "graph" or a mechanism's name.
Counter  : customers (customer id, period, draw << 16 | block, replication);
           ties (sender, receiver, period << 8 | draw, replication).
One uniform a decision, by inversion. `uniform`: float32 with 23 bits, never 0 or 1; `uniform_fine`: float64 with 32.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from abm.core.kernels import equation

SCHEME = "philox4x32-10/1"  # recorded with every result; a change of addressing is a new scheme

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)


@lru_cache(maxsize=4096)
def stream_key(seed: int, namespace: str) -> np.uint64:
    """Return the 64-bit key of a namespace's stream under a seed (any non-negative whole number)."""
    words = np.frombuffer(hashlib.blake2b(namespace.encode(), digest_size=16).digest(), "<u4")
    state = np.random.SeedSequence(seed, spawn_key=tuple(int(w) for w in words)).generate_state(2, np.uint32)
    return np.uint64((int(state[1]) << 32) | int(state[0]))


@equation
def philox(a, b, c, d, key):
    """Philox4x32-10: four 32-bit words from a counter of four words and a key; all as uint64."""
    x, y, z, w = np.uint64(a), np.uint64(b), np.uint64(c), np.uint64(d)
    k0, k1 = np.uint64(key) & _LOW, np.uint64(key) >> _SHIFT
    for _ in range(10):  # only the low halves of the words count; masked where they are used, a multiplication does it
        p, q = _M0 * (x & _LOW), _M1 * (z & _LOW)
        x, y, z, w = (q >> _SHIFT) ^ y ^ k0, q, (p >> _SHIFT) ^ w ^ k1, p
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return x & _LOW, y & _LOW, z & _LOW, w & _LOW


@equation
def uniform(word):
    """Return a word as a float32 in (0, 1): 23 bits, so that neither end is reached."""
    return (np.float32(np.int32(word >> np.uint64(9))) + 0.5) * np.float32(2.0**-23)


@equation(double=True)
def uniform_fine(word):
    """Return a word as a float64 in (0, 1): 32 bits, for probabilities too small for float32."""
    return (np.float64(np.int64(word)) + 0.5) * 2.0**-32


@equation
def uniform4(key, a, b, c, d):
    """Return four float32 uniforms in (0, 1) for a counter of four words."""
    x, y, z, w = philox(a, b, c, d, key)
    return uniform(x), uniform(y), uniform(z), uniform(w)


@equation(double=True)
def uniform4_fine(key, a, b, c, d):
    """Return four float64 uniforms in (0, 1) for a counter of four words."""
    x, y, z, w = philox(a, b, c, d, key)
    return uniform_fine(x), uniform_fine(y), uniform_fine(z), uniform_fine(w)
