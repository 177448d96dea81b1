"""The platform: recipes become a DAG of stages, stages become tables in a store, tables become a ledger and a dataset.

`contract/` is what the packages share. `stages.py` turns a recipe into stages, `plan.py` says which are stale, `dag.py`
runs them on Dagster, one file per stage does the work (`duplicates/` for those that look for copies), `store.py` and
`spark.py` are the ground they stand on, `ledger.py` answers questions about rows, `report/` draws the page, `review/`
asks people and `cli.py` is the command.
"""
