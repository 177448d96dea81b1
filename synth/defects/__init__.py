"""Defects, planted with the truth on record.

`raw` spoils rows of raw data, for the demo: what ingest, rules and deduplication ought to do with them. The others
spoil samples of the contract, one file for each area of the rules, and name the preset rule that ought to notice.
"""
