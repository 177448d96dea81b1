"""The signals. To add one, write one decorated function in the file of what it looks at: `header` (a medium's facts),
`text`, `regions`, `steps` or `pixels`. The function's name is the signal's name, its docstring says what it measures.
"""
