"""Training on rendered datasets: data and collation, supervised fine-tuning, evaluation on task metrics, merging.

Reads what curation wrote (a table and its manifest) and never imports Spark. Its modules import the torch libraries
at their top, and those read their environment once, so it is set here, before any of them.
"""

from model.offline import prepare

prepare()
