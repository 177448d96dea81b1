"""Video: short drawn clips whose events are known to the frame, shown to the model as frames with their times.

`generate.GENERATOR` makes the samples; `clip.clip_bytes` gives the whole clip as a file.
"""
