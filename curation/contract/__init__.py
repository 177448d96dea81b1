"""The thin waist: what a sample, a recipe, a manifest and a rendered dataset are.

Both halves of the project import this package and it imports neither of them: no Spark, no torch.
Data crosses packages as Parquet files with a manifest, in the schemas that are written here.
"""
