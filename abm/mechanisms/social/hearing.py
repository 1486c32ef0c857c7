"""Hearing: stories go over ties from those who tell to their neighbours.   Reads neighbours.

What is said in t acts on choices from t + 1. Few tell, so tellers are looked for and their ties listed, some at a time,
with all draws of a list made together: a draw that is waited for before the next is begun costs several times as much.
Claim: a story shifts a hearer by her headroom, less when it opposes a firm preference or is a bad one of her own
provider, and less the more she knows the firm herself; hearing of a firm makes it known.
Source: EAST_HAMMOND_LOMAX_2008 (headroom, own brand; sizes from memory: about +.2 and -.1 of probability). That own
experience takes the place of hearsay is assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation, kernel
from abm.core.streams import philox, uniform


@equation
def headroom(preference, good, own, unlikely_below, likely_above, opposed_part, own_brand_part):
    """Return the room a story has: what preference can still gain or lose, less against a settled preference.

    own : whether it is about her provider, of whom she believes less that is bad
    """
    room = 1.0 - preference if good else preference
    opposed = preference < unlikely_below if good else preference > likely_above
    room = opposed_part * room if opposed else room
    return own_brand_part * room if own and not good else room


@equation
def credulity(encounters, own_experience):
    """Return what a story counts with who has visited the firm herself: 1 / (1 + encounters / own_experience)."""
    return own_experience / (own_experience + encounters)


@equation
def luck_of(teller, hearer, t, replication, key):
    """Return the uniform that decides whether a story passes a tie."""
    return uniform(philox(teller, hearer, t << 8, replication, key)[0])


@equation
def tellers_among(speaker, story, row_of_identity, first, last):
    """List those of identities first..last who have a story; return how many.   speaker (room,)  rows  [written]"""
    found = np.int64(0)
    if row_of_identity.shape[0] > 0:
        for identity in range(first, last):
            speaker[found] = row_of_identity[identity]
            found += 1 if story[row_of_identity[identity]] > 0 else 0
    else:
        for k in range(first, last):
            speaker[found] = k
            found += 1 if story[k] > 0 else 0
    return found


@equation
def ties_of(teller, hearer, strength, speaker, speakers, place, done, tie_start, tie_target, tie_weight):
    """List ties of the speaker at a place of their list, from her tie `done` on, and of those behind her.

    Returns how many were listed, and where to go on: when the list is full, or the speakers have come to an end.

    teller, hearer, strength (room,)  rows of both, weight of the tie  [written]
    """
    found, room = np.int64(0), np.int64(hearer.shape[0])
    while place < speakers and found < room:
        k = np.int64(speaker[place])
        first = tie_start[k] + done
        many = min(tie_start[k + 1] - first, room - found)
        for e in range(many):
            teller[found + e] = k
            hearer[found + e] = tie_target[first + e]
            strength[found + e] = tie_weight[first + e]
        found += many
        whole = first + many == tie_start[k + 1]
        done = np.int64(0) if whole else done + many
        place += 1 if whole else 0
    return found, place, done


@equation
def ties_to(teller, hearer, strength, found, lo, hi):
    """Leave on the list the ties to rows lo..hi; return how many."""
    kept = np.int64(0)
    for c in range(found):
        i = hearer[c]
        teller[kept], hearer[kept], strength[kept] = teller[c], i, strength[c]
        kept += 1 if (lo <= i) & (i < hi) else 0
    return kept


@equation
def passed_ties(teller, hearer, strength, resistance, found, customer_id, contact_rate, t, replication, key):
    """Leave on the list those ties that the story passes; return how many.

    resistance (room,)  the draw less the probability: a story passes below 0  [written]
    """
    certain = True
    for c in range(found):
        certain &= contact_rate * strength[c] >= 1.0
    if certain:
        return found
    for c in range(found):
        luck = luck_of(customer_id[teller[c]], customer_id[hearer[c]], t, replication, key)
        resistance[c] = luck - contact_rate * strength[c]
    passed = np.int64(0)
    for c in range(found):
        teller[passed], hearer[passed], strength[passed] = teller[c], hearer[c], strength[c]
        passed += 1 if resistance[c] < 0.0 else 0
    return passed


@kernel(per="share")
def hear(
    word_of_mouth, expectation, aware, preference, provider, encounters, story, tie_start, tie_target, tie_weight,
    customer_id, speaker, teller, hearer, strength, resistance, heard, learned, referred, contact_rate, praise, blame,
    nudge, good_target, bad_target, unlikely_below, likely_above, opposed_part, own_brand_part, own_experience,
    row_of_identity, key, replication, lo, hi, t,
):  # fmt: skip
    """Carry each story to those neighbours of the teller who are in rows lo..hi.

    A story passes a tie with probability `contact_rate * weight` (draw 0 of the tie, word 0), and makes its firm known.
    A good one adds `praise * weight * credulity * headroom` to the stock of its firm, a bad one takes `blame * weight *
    credulity * headroom` from it; the expectation moves by `nudge * credulity` of its way to `good_target` or
    `bad_target`.

    A hearer gets stories in the order of their tellers' ids.

    word_of_mouth (m, n)  logit units, expectation (m, n)  0-1, aware (m, n)  [written]
    speaker, teller, hearer, strength, resistance (room,)  ties that are worked on together  [written]
    heard, learned, referred  tallies [written]
    """
    room, customers = np.int64(hearer.shape[0]), np.int64(story.shape[0])
    for first in range(0, customers, room):
        speakers = tellers_among(speaker, story, row_of_identity, first, min(first + room, customers))
        place = done = np.int64(0)
        while place < speakers:
            found, place, done = ties_of(
                teller, hearer, strength, speaker, speakers, place, done, tie_start, tie_target, tie_weight
            )
            found = ties_to(teller, hearer, strength, found, lo, hi) if hi - lo < customers else found
            passed = passed_ties(
                teller, hearer, strength, resistance, found, customer_id, contact_rate, t, replication, key
            )
            for c in range(passed):
                said, i, weight = np.int64(story[teller[c]]), hearer[c], strength[c]
                firm, good = said // 2 - 1, said % 2 > 0
                aim, effect = (good_target, praise) if good else (bad_target, -blame)
                own = provider[i] == firm
                gap = headroom(
                    preference[firm, i], good, own, unlikely_below, likely_above, opposed_part, own_brand_part
                )
                believed = credulity(encounters[firm, i], own_experience)
                word_of_mouth[firm, i] += effect * (weight * believed * gap)
                expectation[firm, i] += nudge * believed * (aim - expectation[firm, i])
                heard[firm] += 1
                if aware[firm, i] == 0:
                    aware[firm, i] = 1
                    learned[firm] += 1
                    referred[firm] += 1
