"""Samples rendered to the rows that a trainer reads, for one model family and pixel budget."""
