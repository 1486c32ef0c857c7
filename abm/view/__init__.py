"""What people look at: tables of text, figures, the report, the catalogue of what there is, the ODD description.

catalogue.py  rows of parameters, mechanisms, KPIs, presets, sources, studies      tables.py  tables of text
summary.py    what a results folder says: effects of the arms, the best one, courses over time
plots.py      figures: table in, Axes out      report.py  one HTML file      odd.py  the ODD description in Markdown
"""
