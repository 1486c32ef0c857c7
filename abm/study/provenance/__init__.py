"""Where numbers come from: what makes two runs the same, and what a run was made of.

digest.py    when two runs are the same run             revisions.py  which numbers shipped code makes
identity.py  what of a scenario decides numbers         sources.py    what shipped code says, however it is laid out
inputs.py    logs and graphs beside the study file      versions.py   of Python and libraries
files.py     files that are whole or not there
"""
