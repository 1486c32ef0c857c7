"""What people look at: tables of text, figures, the report, the catalogue of what there is, the ODD description.

summary.py    what a results folder says: effects of the arms, the best one, courses over time
tables.py     tables of text             catalogue.py  rows of parameters, mechanisms, KPIs, presets, sources, studies
plots.py      table in, Axes out         figures.py    which figures a study gets, and their files
verdict.py    tables and documents of verdicts        race.py   their figures
sensitivity.py  figures of sensitivity analyses
replications.py  figures of the warm-up, and of an interval against replications
report.py     one HTML file              markup.py     bits of HTML             odd.py  the ODD description in Markdown
"""
