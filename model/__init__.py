"""What a model family is, and the models themselves.

The torch-free half (image, family, geometry, grounding, actions, chat) says how pixels, boxes, clicks and turns
become the tokens of one family; curation, filters and synth import it. The other half loads, freezes and runs the
networks and is imported only where they are needed.
"""
