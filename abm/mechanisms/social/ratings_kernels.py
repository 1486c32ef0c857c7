"""Kernels of public ratings: who posts, what the wall shows, who reads it.   Posts of a period are read in the next."""

from __future__ import annotations

import numpy as np

from abm.core.functions import log32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

_STARS = np.int64(5)
_CODES = np.int64(10)  # of one firm in `posted`: a star rating each, without and with a reply
_MOST_STARS = np.float32(5.0)
_A_THOUSAND = np.float32(1000.0)


@equation
def posting_chance(transaction, base, praising, scolding, praised_from, scolded_below):
    """Return the chance of posting unasked: a U that is lowest between the two marks, at most 1."""
    above = max(transaction - praised_from, np.float32(0.0)) / (1.0 - praised_from)
    below = max(scolded_below - transaction, np.float32(0.0)) / scolded_below
    return min(base + praising * above + scolding * below, np.float32(1.0))


@equation
def asked_chance(unasked, taken_up):
    """Return the chance of posting of who is invited: `taken_up` of those who would not have posted do."""
    return unasked + (1.0 - unasked) * taken_up


@equation
def stars_of(satisfaction):
    """Return 1 to 5 stars for satisfaction 0-1, int64: 1 + floor(5 satisfaction), at most 5."""
    return min(np.int64(_MOST_STARS * satisfaction), _STARS - 1) + 1


@equation
def anchored(satisfaction, stars, ratings, anchoring):
    """Return what she rates by: satisfaction, moved by `anchoring` of its way to what the wall shows.

    stars, ratings : sum and number on the wall; their mean M is a satisfaction of (M - 1/2) / 5. An empty wall moves
                     nothing.
    """
    shown = (np.float32(stars) / np.float32(max(ratings, np.int64(1))) - 0.5) / _MOST_STARS
    return satisfaction + anchoring * (shown - satisfaction) if ratings > 0 else satisfaction


@equation
def impression(stars, ratings, replied, softened, prior, neutral_stars):
    """Return the stars that a reader makes of a wall: its mean, drawn to `neutral_stars` by few ratings.

    It is (stars + softened * replied + prior * neutral_stars) / (ratings + prior), and `neutral_stars` where the
    divisor is 0.

    replied : bad ratings with a reply, each of which counts for `softened` stars more; prior : in ratings
    """
    weight = np.float32(ratings) + prior
    shown = np.float32(stars) + softened * np.float32(replied) + prior * neutral_stars
    return shown / weight if weight > 0.0 else neutral_stars


@equation
def pull_of(seen, ratings, few, valence_weight, volume_weight, neutral_stars):
    """Return what a wall adds to utility: valence_weight (seen - neutral_stars) + volume_weight ln(1 + ratings / few).

    seen : the impression, stars      few : ratings at which volume counts ln 2
    """
    return valence_weight * (seen - neutral_stars) + volume_weight * log32(1.0 + np.float32(ratings) / few)


@kernel
def draw_readers(reads, customer_id, readers, key, replication):
    """Draw who reads ratings for life (period 0, draw 3, block 0, word 0 below `readers`).  reads (n,)  [written]"""
    for i in range(customer_id.shape[0]):
        reads[i] = 1 if uniform4(key, customer_id[i], 0, 3 << 16, replication)[0] < readers else 0


@kernel
def post_ratings(
    posted, visit_count, visit_customer, visit_nth, visit_firm, transaction, customer_id, wall_ratings, wall_stars,
    invite, reply, base, praising, scolding, praised_from, scolded_below, taken_up, anchoring, bad_upto, ratings_posted,
    stars_posted, bad_posted, ratings_replied, visitors_invited, stars_deserved, key, replication, lo, hi, t,
):  # fmt: skip
    """Forget last period's posts, and decide who posts a rating now, of which firm.

    Visit by visit, with the words of draw 0, block nth: a visitor is invited if word 1 is below `invite` of the firm;
    she posts if word 0 is below `posting_chance` of the visit's satisfaction, or `asked_chance` of that if she is
    invited. Her stars are `stars_of(anchored(...))`, against the wall as the period before left it. A rating of
    `bad_upto` stars or fewer is replied to if word 2 is below `reply`. A customer posts once a period at most, of her
    latest visit of those on which she would; only that is counted. Invited are counted at every visit, and so are
    `stars_of` of the satisfaction itself, which all visitors together would have given.

    posted (n,)  10 firm + stars, + 5 with a reply; 0 = none  [written]
    ratings_posted, stars_posted, bad_posted, ratings_replied, visitors_invited, stars_deserved  tallies [written]
    """
    for i in range(lo, hi):
        posted[i] = 0
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        a, b, c, _ = uniform4(key, customer_id[i], t, visit_nth[v], replication)
        chance = posting_chance(transaction[v], base, praising, scolding, praised_from, scolded_below)
        invited = b < invite[j]
        visitors_invited[j] += 1 if invited else 0
        stars_deserved[j] += stars_of(transaction[v])
        if a < (asked_chance(chance, taken_up) if invited else chance):
            stars = stars_of(anchored(transaction[v], wall_stars[j], wall_ratings[j], anchoring))
            replied = stars <= bad_upto and c < reply[j]
            posted[i] = _CODES * np.int64(j) + stars + (_STARS if replied else np.int64(0))
    for i in range(lo, hi):
        if posted[i] > 0:
            code = np.int64(posted[i]) - 1
            j, stars = code // _CODES, code % _STARS + 1
            ratings_posted[j] += 1
            stars_posted[j] += stars
            bad_posted[j] += 1 if stars <= bad_upto else 0
            ratings_replied[j] += 1 if code % _CODES >= _STARS else 0


@kernel(per="market")
def renew_wall(posts_of, stars_of_posts, replies_of, wall_ratings, wall_stars, wall_replied, posted, window, lo, hi, t):
    """Take this period's posts onto the wall, and those of `window` periods ago off it.

    Place `t % window` of each firm holds what came in the period that leaves; numbers are whole, so that the order of
    customers does not matter.

    posts_of, stars_of_posts, replies_of (m, window)  [written]
    wall_ratings, wall_stars, wall_replied (m,)  ratings, stars, ratings  [written]
    """
    place = np.int64(t) % window
    for j in range(wall_ratings.shape[0]):
        wall_ratings[j] -= posts_of[j, place]
        wall_stars[j] -= stars_of_posts[j, place]
        wall_replied[j] -= replies_of[j, place]
        posts_of[j, place] = 0
        stars_of_posts[j, place] = 0
        replies_of[j, place] = 0
    for i in range(lo, hi):
        if posted[i] > 0:
            code = np.int64(posted[i]) - 1
            rated = code // _CODES
            posts_of[rated, place] += 1
            stars_of_posts[rated, place] += code % _STARS + 1
            replies_of[rated, place] += 1 if code % _CODES >= _STARS else 0
    for j in range(wall_ratings.shape[0]):
        wall_ratings[j] += posts_of[j, place]
        wall_stars[j] += stars_of_posts[j, place]
        wall_replied[j] += replies_of[j, place]


@kernel(per="market")
def judge_wall(
    wall_pull, wall_found, wall_ratings, wall_stars, wall_replied, softened, prior, few, neutral_stars, valence_weight,
    volume_weight, listing, wall_size, wall_periods, lo, hi,
):  # fmt: skip
    """Work out what each firm's wall is worth to a reader, and how easily she finds the firm by it.

    `prior` and `few` are given per 1,000 customers of the market: each counts `customers / 1000` times that, float32.

    wall_pull (m,)  logit units, `pull_of` the `impression`  [written]
    wall_found (m,)  `listing * r / (r + few)` with r ratings on the wall, 0 without any  [written]
    wall_size, wall_periods  tallies: ratings on the wall at the end of the period, 1  [written]
    """
    thousands = np.float32(np.int64(hi) - np.int64(lo)) / _A_THOUSAND
    for j in range(wall_pull.shape[0]):
        ratings = wall_ratings[j]
        seen = impression(wall_stars[j], ratings, wall_replied[j], softened, prior * thousands, neutral_stars)
        wall_pull[j] = pull_of(seen, ratings, few * thousands, valence_weight, volume_weight, neutral_stars)
        shown = np.float32(ratings)
        wall_found[j] = listing * shown / (shown + few * thousands) if ratings > 0 else np.float32(0.0)
        wall_size[j] += ratings
        wall_periods[j] += 1


@kernel
def read_wall(utility, encounters, reads, wall_pull, own_experience, lo, hi):
    """Add what the wall is worth to who reads it: `wall_pull * own_experience / (own_experience + encounters)`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            believed = own_experience / (own_experience + encounters[j, i])
            utility[j, i - lo] += wall_pull[j] * believed if reads[i] > 0 else np.float32(0.0)


@kernel
def find_on_wall(aware, reads, wall_found, customer_id, learned, key, replication, lo, hi, t):
    """Let readers learn of firms that are on the wall, this period's posts included.

    A reader who does not know a firm finds it with chance `wall_found` (draw 1, block j, word 0).

    aware (m, n)  [written]      learned  tally [written]
    """
    for j in range(aware.shape[0]):
        for i in range(lo, hi):
            if aware[j, i] == 0 and reads[i] > 0:
                found = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0] < wall_found[j]
                aware[j, i] = 1 if found else 0
                learned[j] += 1 if found else 0


@kernel(per="share")
def book_ratings(visits, bad_posted, invite_expense, reply_expense, invite_spend, reply_spend):
    """Book what invitations cost, for each visit, and replies, for each bad rating, in 1/100 cent.

    invite_spend, reply_spend  tallies [written]
    """
    for j in range(invite_expense.shape[0]):
        invite_spend[j] += visits[j] * invite_expense[j]
        reply_spend[j] += bad_posted[j] * reply_expense[j]
