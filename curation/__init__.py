"""The platform: recipes become a DAG of stages, stages become tables in a store, tables become a ledger and a dataset.

`contract/` is what the packages share. `plan.py` turns a recipe into stages, `dag.py` runs them on Dagster, one file
per stage does the work (`ingest`, `measure`, `decide`, `deduplicate`, `mix`, `formats/sft`, `training`), `store.py`
and `spark.py` are the ground they stand on, `ledger.py` answers questions about rows and `cli.py` is the command.
"""
