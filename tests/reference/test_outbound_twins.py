"""The twin of calls instead of letters: by hand, and against the kernels, with all theories that send letters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.mechanisms.phases import Phase
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference.by_hand import SEED, assert_counted, per_firm
from tests.reference.outbound import CAMPAIGN, CARE, LISTED, NOT_LISTED, REACHED, Call, Letters
from tests.reference.random_numbers import customer_words, stream_key, uniform

N, T, VOICE = 4, 26, 2.5
SAVED, LAPSED = 1, 1  # states of who is picked
SECTIONS: dict[str, Any] = {
    **{name: {} for name in ("information", "contacts", "complaint", "recovery", "care", "offers", "save", "win_back")},
    "exit": {"forgiving": 0.5}, "contact_centre": {}, "outbound": {"voice_gain": VOICE},
}  # fmt: skip


class TestByHand:
    def test_a_letter_becomes_a_call(self):
        """She gets nothing of it, and the call stands for all of it; what is sent while it is listed goes by post."""
        call, letter = Call(), Letters(2, 500, 1, 1)
        assert call.turn(CAMPAIGN, letter, True) == (Letters(), 1)
        assert (call.state, call.about, call.says) == (LISTED, CAMPAIGN, letter)
        assert call.turn(CAMPAIGN, Letters(1), True) == (Letters(1), 0)

    def test_who_is_reached_is_told(self):
        """Beside what comes by post then, and only of what the call was about; after that she may be called anew."""
        call = Call(REACHED, 2, CAMPAIGN, Letters(1, 300, 0, 1))
        assert call.turn(CARE, Letters(1), True) == (Letters(1), 0)
        assert call.turn(CAMPAIGN, Letters(1, 200), False) == (Letters(2, 500, 0, 1), 0)
        assert call.state == NOT_LISTED
        call = Call(REACHED, 2, CARE, Letters(3))
        assert call.turn(CARE, Letters(1), True) == (Letters(3), 1)
        assert (call.state, call.periods, call.says) == (LISTED, 0, Letters(1))

    def test_nobody_calls_by_another_lot(self):
        assert Call().turn(CARE, Letters(3), False) == (Letters(3), 0)


shares = st.sampled_from([0.0, 0.5, 1.0])
of_firm = st.tuples(shares, shares, st.booleans(), st.integers(0, 3))
# known, reachable, picked to be saved, picked as lapsed, the call: state, about, contacts, voucher, apology, waking
of_pair = st.tuples(
    st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2), st.integers(1, 2),
    st.integers(1, 4), st.sampled_from([0, 700]), st.integers(0, 1), st.integers(0, 1),
)  # fmt: skip


def world(policies: Any) -> Small:
    """Return a small world of two firms that write and call; a firm without anybody who calls writes."""
    firms = [
        {
            "information": {"data_coverage": 1.0},
            "care": {"regular_contact": float(greetings)},
            "save": {"save_rate": 0.5, "save_offer": 3.0, "holdout": 0.0},
            "win_back": {"acquisition_budget": 1.0, "win_back_offer": 2.0},
            "outbound": {"care_by_phone": by_care, "campaigns_by_phone": by_campaign},
            "contact_centre": {"agents": 1, "blended": True},
        }
        for by_care, by_campaign, _, greetings in policies
    ]
    small = Small(N, firms, **SECTIONS)
    small.firms.calls_out[:] = [calls for _, _, calls, _ in policies]
    return small


def luck(identity: int, j: int, word: int) -> float:
    """Return a uniform of a firm's decision on a customer."""
    words = customer_words(stream_key(SEED, "outbound"), identity, T, draw=0, block=j, replication=0)
    return uniform(words[word])


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(
    per_firm(of_firm),
    per_firm(st.lists(of_pair, min_size=N, max_size=N)),
    st.permutations(range(100, 100 + N)),
)
def test_calls_instead_of_letters_are_those_of_the_twin(policies, pairs, identities):
    small = world(policies)
    c = small.c
    c.customer_id[:] = identities
    if "outbound_about" not in c:
        assert not any(by_care or by_campaign for by_care, by_campaign, *_ in policies)
        return
    set_up(small, pairs)
    small.phases(Phase.CONTACT, t=T)
    by_care, by_campaign = (any(of[k] > 0 for of in policies) for k in range(2))
    scheduled = [0, 0]
    for j, i in np.ndindex(2, N):
        known, reachable, saved, lapsed, state, about, contacts, offer, apology, waking = pairs[j][i]
        said = Letters(contacts, offer, apology, waking) if about == CAMPAIGN else Letters(contacts)
        call = Call(state, 1, about, said)
        sent = Letters(saved + lapsed, 300 * saved + 200 * lapsed, lapsed, saved)
        greetings = Letters(policies[j][3] * known)
        may = [policies[j][2] and known and luck(identities[i], j, 1 - k) < policies[j][k] for k in range(2)]
        is_told = state == REACHED and (by_campaign if about == CAMPAIGN else by_care)
        got, new = call.turn(CAMPAIGN, sent, may[1]) if by_campaign else (sent, 0)
        told, more = call.turn(CARE, greetings, may[0]) if by_care else (greetings, 0)
        scheduled[j] += new + more
        found = [small.passing[name][j, i] for name in ("approaches", "offer_value", "apologies", "wakings")]
        assert found == [got.contacts + told.contacts, got.offer, got.apology, got.waking]
        heard = VOICE * contacts if by_care and state == REACHED and about == CARE else 0.0
        if "care_contacts" in small.passing:
            assert small.passing.care_contacts[j, i] == heard + greetings.contacts * (1 - more)
        assert [c.outbound_state[j, i], c.outbound_periods[j, i]] == [call.state, call.periods]
        assert c.outbound_contacts[j, i] == call.says.contacts
        assert c.reachable[j, i] == (reachable or is_told)
    assert_counted(small, {"outbound_scheduled": scheduled})


def set_up(small: Small, pairs: Any) -> None:
    """Write what firms know of customers, whom they have picked, and which calls there are."""
    c = small.c
    for j, i in np.ndindex(2, N):
        known, reachable, saved, lapsed, state, about, contacts, offer, apology, waking = pairs[j][i]
        c.known[j, i], c.reachable[j, i] = known, reachable
        c.save_state[j, i], c.win_back_state[j, i] = SAVED * saved, LAPSED * lapsed
        c.outbound_state[j, i], c.outbound_periods[j, i], c.outbound_about[j, i] = state, 1, about
        c.outbound_contacts[j, i] = contacts
        if "outbound_offer" in c:
            c.outbound_offer[j, i], c.outbound_apology[j, i], c.outbound_waking[j, i] = offer, apology, waking
