"""Judgement: what is measured of a sample and its images, and what a recipe's rules make of it.

`signals/` holds the measurements, one small function each; `catalogue` collects them and `measure` runs them on Arrow
batches. `rules` turns a recipe's rules into SQL over those measurements, `phash` finds near duplicates, and `verify`
and `score` compare an answer with its reference. Nothing here drops a row, and nothing needs Spark or torch.
"""
