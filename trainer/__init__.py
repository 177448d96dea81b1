"""Training on rendered datasets: SFT, DPO, reward models, evaluation, merging; and teaching nano from scratch.

Reads what curation wrote (a table and its manifest) and never imports Spark. Its modules import the torch libraries
at their top, and those read their environment once, so it is set here, before any of them.
"""

from model.offline import prepare

prepare()
