"""What is made rather than gathered.

`drawing`, `scenes`, `signs`, `receipts`, `screens` and `charts` draw pictures whose every box and text is known, and
`texts` writes plain instructions; each is a pure function of a `random.Random`. `sources` turns them into rows as a
user would bring them, `defects` spoils some of those on purpose, `writers` lays them out in foreign formats, and
`raw.make_raw` puts it all into one folder, with a record of what was planted. `lessons` is what nano is taught;
`judge` and `pairs` are what a model's answers are made into.
"""
