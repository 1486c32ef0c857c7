"""Which uncertain factors matter.

analysis.py    sensitivity(): runs at the points of a design, and what they say
indices.py     works it out
influence.py   says it in words
"""
