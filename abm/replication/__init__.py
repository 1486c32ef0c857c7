"""Published findings held against what this toolkit finds: a folder each, judged by tolerances fixed beforehand."""
