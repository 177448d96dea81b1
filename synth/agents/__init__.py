"""Screens and episodes from a real browser: made-up programs as pages, what is on them, and tasks carried out there.

`screens` looks at a page, `episodes` works with it, `miniwob` does the same with pages that others wrote.
"""
