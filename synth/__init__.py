"""What is made rather than gathered.

Each generator of `winnow synth` is a package (`documents`, `plots`, `tables`, `grounding`, `agents`, `video`,
`verifiable`), of the kind that `generator` describes; `catalogue` lists them. `raw` is the demo's raw data, `defects`
spoils rows on purpose, `lessons` is what nano is taught; `judge` and `pairs` are what a model's answers become.
"""
