"""Tables as Chromium sets them: their HTML, questions about them, and the boxes of their cells.

`generator.GENERATOR` makes them. `words` and `content` give the texts, `looks` the CSS, `sheet` the picture, and `ask`
the questions.
"""
