"""Where numbers come from: what makes two runs the same, and what a run was made of.

digest.py      when two runs are the same run           files.py     files that are whole or not there
inputs.py      logs and graphs beside the study file    versions.py  of Python and libraries
"""
