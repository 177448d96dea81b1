"""What nano is taught: pictures of one to two hands full of vision tokens with many questions about each, and judging.

`board` draws shapes and numbers, `window` a few buttons; `course` makes lessons of them, in the order in which they
are learnt, and examinations that no lesson has shown. It is all that nano will know.
"""
