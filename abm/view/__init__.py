"""What people look at: tables of text, figures, the report, the catalogue of what there is, the ODD description.

summary.py    what a results folder says: effects of the arms, the best one, courses over time
tables.py     tables of text             catalogue.py  rows of parameters, mechanisms, KPIs, presets, sources, studies
plots.py      the house style, and effects: table in, Axes out; over_time, levels, claims, by_group, money, customers,
              flows, winners, twins, radar, card: further families of figures, a file each
drawn.py      a figure as PNG and as SVG in a page        figures.py, inside.py  which figures a study gets
snapshot.py   persons, flows and accounts of first replications, run again        accessor.py  results.plot
verdict.py    tables and documents of verdicts        race.py   their figures
sensitivity.py  figures of sensitivity analyses
replications.py  figures of the warm-up, and of an interval against replications
report.py     one HTML file              markup.py     bits of HTML             odd.py  the ODD description in Markdown
headline.py   what was found, in a sentence           overview.py  the table of arms and measures
"""
