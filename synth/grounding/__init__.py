"""Grounding: drawn scenes whose boxes, points, counts and phrases are known, and cut-outs pasted on other pictures.

`generate.GENERATOR` draws scenes; `paste.paste_generator` takes cut-outs of somebody's own annotated images.
"""
