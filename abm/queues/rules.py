"""Rules and records of a service day: what each number in the rows that compiled code reads means.

A *facility* is a place where people are served: a branch, a counter, a site of a contact centre. It has *lines* in
which people wait, and *pools* of servers who can stand in for each other; a pool serves some of the lines.
"""

from __future__ import annotations

from typing import Any, NamedTuple

MOST_STAGES = 3
MOST_LINES = 16  # of a facility
MOST_POOLS = 16  # of a facility
NOBODY = -1
ENDLESS = 1e18  # minutes or persons: this and more is without end

# What became of a person; the first four as the outcomes of a visit.
SERVED, BALKED, ABANDONED, DENIED, AWAY, WAITING, IN_SERVICE = range(7)
STATES = ("served", "balked", "abandoned", "denied", "away", "waiting", "in service")

# A person's record of whole numbers.
(
    STATE,  # one of the codes above
    STAGE,  # which she is at, from 0
    TRIES,  # how often she has come
    HANDLED,  # how often she has been served
    FACILITY,  # where she is, or comes to next
    SECOND,  # where she goes if she is not served, -1 = nowhere
    KIND,  # of people: which lines she joins
    LINE,  # that she is in, or was in last
    POOL,  # by which she was served last, -1 = none
    BEHIND,  # who waits right behind her while she is in a line, -1 = nobody
    AHEAD,  # who waits right ahead of her while she is in a line, -1 = nobody
    MATE,  # who is served together with her, or moves on with her, -1 = nobody
    OVERTAKEN,  # how many came to the line later and were served earlier
    TICKET,  # number that she drew at the line, as all do who join it, from 0
    WHO,  # identity, for random numbers
    NTH,  # which of her visits of the period, for random numbers
) = range(16)
WORDS = 16

# What she wants: minutes but for the luck.
(
    ARRIVAL,  # when she comes for the first time
    PATIENCE,  # how long she waits in a line, ENDLESS = for ever
    ACCEPTED,  # wait that she accepts on seeing the line, or on hearing of it
    LUCK,  # uniform that decides whether she balks
    CALL_LUCK,  # uniform that decides whether she takes a call back
    DUE,  # time of her appointment; of others when they come
    NEED,  # minutes of service, if the pool is of usual speed; the next ones of the later stages
) = range(7)
WANTS = NEED + MOST_STAGES

# What happened to her: times in minutes.
(
    ALARM,  # when somebody looks whether her patience has ended, ENDLESS = never
    JOINED,  # the line that she is in, or was in last
    DEADLINE,  # when her patience in that line ends
    BEGAN,  # when service began last
    LEFT,  # when she left for good
    WAITED,  # in all lines, also by who gave up or was sent home
    FIRST_WAIT,  # before service last began at the first stage
    ANNOUNCED,  # wait that she was told of when she came last, also if she balked then; -1 = none
) = range(8)
TIMES = 8

# A facility's rules.
(
    ROOM,  # people there can be at most, ENDLESS = no limit
    VISIBLE,  # 1 = the line can be seen before it is joined
    ANNOUNCES,  # 1 = who has to wait is told how long
    ANNOUNCED_PART,  # of the expected wait, that is told
    BALK_SCALE,  # minutes: how gradually balking sets in around the accepted wait; 0 = at once
    BALKS,  # 1 = who sees or hears of too long a wait does not join
    TICKETS,  # 1 = numbers are drawn: those who left without being called still count in what is seen
    APPOINTMENTS,  # 1 = lines are in the order of DUE, not of coming
    CALL_BACK_LINE,  # -1 = none
    CALL_BACK_AFTER,  # expected wait above which a call back is offered
    CALL_BACK_TAKEN,  # chance that it is taken
    RETRIES,  # chance that who was not served comes again
    RETRY_AFTER,  # mean minutes until then
    MOST_TRIES,  # 32 at most, as draws go by the number of tries
    ELSEWHERE,  # chance that who was not served goes to her second facility
    TRAVEL,  # minutes that takes
    REPEATS,  # chance that who was served comes again, as what she wanted is not done
    WRONG_REPEATS,  # the same if the pool had not the skill, in addition
    REPEAT_AFTER,  # mean minutes until then
    WRONG_PACE,  # factor on the time of service by a pool without the skill
    FAIRNESS,  # 1 = overtaking is counted
    STAGES,
    LINES,
    POOLS,
) = range(24)
RULES = 24

# A line's rules: its place in the order of service, the lines whose people are served no later (bits), the stage.
RANK, BEFORE, AT_STAGE = range(3)
LINE_RULES = 3

# What a line is like at the moment.
# ISSUED numbers have been drawn; CALLED is one more than the highest with which service began, and equals ISSUED when a
# server is free and nobody waits.
HEAD, TAIL, LENGTH, SERVING, ISSUED, CALLED = range(6)
LINE_STATE = 6

# A pool's rules: lines that it serves (bits), those among them without the skill (bits), whom it serves at a time, and
# those among them (bits) that it serves only while more than RESERVE of its servers are free.
SERVES, WITHOUT_SKILL, BATCH, RESERVED, RESERVE = range(5)
POOL_RULES = 5

# What a pool is like at the moment, in persons.
STAFF, BUSY = range(2)
POOL_STATE = 2

# What is counted at a facility.
(
    TRIED,  # comings
    COMPLETED,  # comings that ended in service
    TURNED,  # by outcome: comings that ended as BALKED, ABANDONED, DENIED; TURNED + outcome - 1 is the place
    _,
    __,
    MOVED,  # people who were not served and decided to go to their second facility
    CALLED_BACK,  # who took a call back
    REPEATED,  # comings of people who had been served
    INSIDE,  # people there at the moment
    LONGEST,  # most people who waited in one line at a time
) = range(10)
COUNTS = 10


class Day(NamedTuple):
    """All that a service day works on; F facilities, L lines and P pools of each.

    person (people, WORDS), times and wants (people, TIMES and WANTS) minutes: see above; in the order of arrival
    rules (F, RULES); lines (F, L, LINE_RULES); pools (F, P, POOL_RULES); pace (F, P) factor on the minutes of service
    joins (F, stages, kinds) lines (bits) that people of a kind may join; mean (F, stages) usual minutes of service
    shift_time (shifts,) minutes; shift_place (shifts,) facility x MOST_POOLS + pool; shift_staff (shifts,) from then on
    line_state (F, L, LINE_STATE); pool_state (F, P, POOL_STATE); busy (F, P) minutes of service; counts (F, COUNTS)
    event_time, event_code (2 x people,), events (1,)  a heap of things to come, and its length
    first, last : people of the day; stride, horizon : of a finite population; key, period, replication : of luck
    """

    person: Any
    times: Any
    wants: Any
    rules: Any
    lines: Any
    pools: Any
    pace: Any
    joins: Any
    mean: Any
    shift_time: Any
    shift_place: Any
    shift_staff: Any
    line_state: Any
    pool_state: Any
    busy: Any
    counts: Any
    event_time: Any
    event_code: Any
    events: Any
    first: Any
    last: Any
    stride: Any
    horizon: Any
    key: Any
    period: Any
    replication: Any
