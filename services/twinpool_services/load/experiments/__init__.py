"""Several load runs that answer one question: `twinpool load experiment`.

A *definition* says which variants take turns and under which load; *running* makes a new lab for each and measures; the
*page* tells what came of it.
"""
