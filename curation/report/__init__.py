"""The report: one page that shows what a run did to its rows and to its model, and needs no other file.

A section is a function from the ledger to plain values, None where its stage has not run; `page.html.j2` lays them out.
"""
