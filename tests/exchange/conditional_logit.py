"""A conditional logit by Newton's method: what a package for choice models would make of a panel in long form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def conditional_logit(panel: pd.DataFrame, attributes: Sequence[str]) -> pd.DataFrame:
    """Return estimate and standard_error of the intercepts (but the first firm's) and of the attributes.

    panel : occasion, firm, chosen, available and the attributes, a row per occasion and firm in the same order
    """
    firms = list(dict.fromkeys(panel["firm"]))
    m, names = len(firms), [*firms[1:], *attributes]
    dummies = (panel["firm"].to_numpy()[:, None] == np.array(firms[1:], object)).astype(float)
    x = np.concatenate([dummies, panel[[*attributes]].to_numpy(float)], axis=1).reshape(-1, m, len(names))
    chosen = panel["chosen"].to_numpy(float).reshape(-1, m)
    shut = np.where(panel["available"].to_numpy().reshape(-1, m) > 0, 0.0, -np.inf)
    beta = np.zeros(len(names))
    for _ in range(50):
        utility = x @ beta + shut
        weight = np.exp(utility - utility.max(axis=1, keepdims=True))
        p = weight / weight.sum(axis=1, keepdims=True)
        centred = x - np.einsum("nj,njk->nk", p, x)[:, None]
        information = np.einsum("nj,njk,njl->kl", p, centred, centred)
        step = np.linalg.solve(information, np.einsum("nj,njk->k", chosen - p, x))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    error = np.sqrt(np.diagonal(np.linalg.inv(information)))
    return pd.DataFrame({"estimate": beta, "standard_error": error}, index=names)
