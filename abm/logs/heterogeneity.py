"""How customers differ, estimated from their purchases: every fit of this package in one place.

fit_nbd                : purchase rates when nobody leaves; norms of repeat buying (nbd.py)
fit_bgnbd              : purchase rates and drop-out; expected purchases, probability alive (bgnbd.py)
fit_alike_drop_out     : purchase rates, and drop-out that is alike for all (alike_drop_out.py)
fit_mbgnbd             : the same where the first purchase may be the last (mbgnbd.py)
fit_paretonbd          : purchase rates, and drop-out at any moment (paretonbd.py)
fit_bgbb               : purchases and drop-out where there is one occasion in a period (bgbb.py)
fit_sbg, fit_survivors : drop-out of customers under contract, retention (sbg.py)
fit_gamma_gamma        : mean baskets, for customer value (baskets.py)
fit_lognormal_baskets  : mean baskets told from chance, purchase by purchase (baskets.py)

The fits take columns as `purchases.summary`, `purchase_counts` and `purchase_days` give them, and return
frozen results with their parameters, `log_likelihood`, `n` and `describe()`; `parameter_errors` says how sure they are.
"""

from abm.logs.alike_drop_out import AlikeDropOut, fit_alike_drop_out
from abm.logs.baskets import (
    GammaGamma,
    LognormalBaskets,
    expected_mean_amount,
    fit_gamma_gamma,
    fit_lognormal_baskets,
)
from abm.logs.bgbb import (
    BGBB,
    alive_bgbb,
    bgbb_history_probability,
    bgbb_probability,
    conditional_bgbb,
    expected_bgbb,
    fit_bgbb,
)
from abm.logs.bgnbd import (
    BGNBD,
    bgnbd_probability,
    conditional_expected_purchases,
    expected_purchases,
    fit_bgnbd,
    probability_alive,
)
from abm.logs.mbgnbd import MBGNBD, alive_mbgnbd, conditional_mbgnbd, expected_mbgnbd, fit_mbgnbd, mbgnbd_probability
from abm.logs.nbd import (
    NBD,
    RepeatNorms,
    conditional_trend,
    fit_nbd,
    nbd_from_penetration,
    nbd_probability,
    repeat_norms,
)
from abm.logs.paretonbd import (
    ParetoNBD,
    alive_paretonbd,
    conditional_paretonbd,
    expected_paretonbd,
    fit_paretonbd,
    paretonbd_probability,
)
from abm.logs.sbg import SBG, expected_renewals, fit_sbg, fit_survivors, retention, survival
from abm.logs.standard_errors import parameter_errors

__all__ = [
    "BGBB",
    "BGNBD",
    "MBGNBD",
    "NBD",
    "SBG",
    "AlikeDropOut",
    "GammaGamma",
    "LognormalBaskets",
    "ParetoNBD",
    "RepeatNorms",
    "alive_bgbb",
    "alive_mbgnbd",
    "alive_paretonbd",
    "bgbb_history_probability",
    "bgbb_probability",
    "bgnbd_probability",
    "conditional_bgbb",
    "conditional_expected_purchases",
    "conditional_mbgnbd",
    "conditional_paretonbd",
    "conditional_trend",
    "expected_bgbb",
    "expected_mbgnbd",
    "expected_mean_amount",
    "expected_paretonbd",
    "expected_purchases",
    "expected_renewals",
    "fit_alike_drop_out",
    "fit_bgbb",
    "fit_bgnbd",
    "fit_gamma_gamma",
    "fit_lognormal_baskets",
    "fit_mbgnbd",
    "fit_nbd",
    "fit_paretonbd",
    "fit_sbg",
    "fit_survivors",
    "mbgnbd_probability",
    "nbd_from_penetration",
    "nbd_probability",
    "parameter_errors",
    "paretonbd_probability",
    "probability_alive",
    "repeat_norms",
    "retention",
    "survival",
]
