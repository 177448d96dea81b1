"""How duplicates are found: rows are reduced to their distinct contents, cheap keys give candidate pairs of those, a
second look confirms some pairs as edges, the connected components of the edges are the groups, and of each group one
row survives.
"""
