"""Assignment: which customers are treated, by luck of their own and as likely as a stated rule makes it.

Claim: P(treated) = 1 / (1 + e^-(a + Σ b_k z_k)), z_k a covariate less its mean over its standard deviation, and a such
that the mean of P is the wanted share. With all b_k = 0 treatment is at random; a b_k above 0 treats more of those with
much of k, and everything that goes with k then looks like an effect (confounding).
Source: definition (propensity score: Rosenbaum & Rubin 1983, Biometrika, from memory).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from abm.core.streams import stream_key
from abm.world.traits import drawn_traits

FloatArray = np.ndarray
STREAM = "twins.treatment"  # of random numbers, from which no market draws


def standardised(values: FloatArray) -> FloatArray:
    """Return values (n,) less their mean, over their standard deviation; 0 where all are alike."""
    spread = 0.0 if np.all(values == values[0]) else float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))


def probabilities(score: FloatArray, share: float) -> FloatArray:
    """Return the probability of treatment (n,) of customers by their score Σ b_k z_k (n,), `share` on average."""
    middle = logit(share)
    low, high = middle - score.max() - 1.0, middle - score.min() + 1.0  # all below the share, all above it
    constant = brentq(lambda a: float(expit(a + score).mean()) - share, low, high, xtol=1e-12)
    return expit(constant + score)


def assigned(identity: FloatArray, probability: FloatArray, seed: int, replication: int) -> FloatArray:
    """Return who is treated (n,) bool: each customer by a draw at her own address, whoever else there is.

    identity : of the customers (n,)        probability : of treatment (n,)
    """
    treated = np.empty(len(identity), np.bool_)
    for rows, luck in drawn_traits(identity, stream_key(seed, STREAM), replication):
        treated[rows] = luck[0] < probability[rows]
    return treated
