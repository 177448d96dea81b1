"""Instructions and questions about drawn boards whose answers are right by construction and can be checked again.

`text` writes instructions in English and Chinese, `vqa` draws boards and asks about them, `sandbox` runs code tasks'
tests.
"""
