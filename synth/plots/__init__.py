"""Charts by matplotlib, seaborn and plotly: their data as HTML, questions that the picture answers, and its marks.

`generator.GENERATOR` makes them. `facts` draws the numbers, `style` the looks, `axes`, `seaborn_axes` and `plotly_page`
the picture, and `ask` the questions.
"""
