"""Which arm is best.

compare.py     compare(): the best arm with a stated probability     robust.py     which arm wins where
question.py    what is asked                                         selection.py  who is eliminated when
races.py       does the runs that races ask for                      verdict.py    what is said

What rivals would do: game.py, of the profiles of profiles.py, by the payoffs of payoffs.py.
Whether the results are what the study claims: judgement.py, of its criteria.
"""
