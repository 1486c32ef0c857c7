"""Where runs stay, and how they are read.

store.py       segments in one folder              segment.py  one Parquet file       compact.py  fewer files
rows.py        what goes in and out                manifest.py what the folder belongs to
results.py     tidy tables, paired differences, the best arm
"""
