"""Raw data as a user would bring it, for the demo and the tests: ten sources in foreign formats, with defects.

`scenes`, `signs`, `receipts`, `screens`, `charts` and `pages` draw pictures whose every box and text is known, `texts`
writes plain instructions; `sources` turns them into rows, `writers` lays those out, and `folder.make_raw` puts it all
into one folder, with a record of what was planted. Pillow only: no browser is needed.
"""
