"""What a model family is, and the models themselves.

The torch-free half (image, family, geometry, grounding, actions, chat, answer) says how pixels, boxes, clicks and turns
become the tokens of one family, and who can be asked (engine, http); curation, filters and synth import it. The other
half loads, freezes and runs the networks (local among them) and is imported only where they are needed.
"""
