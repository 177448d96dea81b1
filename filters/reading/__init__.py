"""What signals read texts, markup, coordinates and pictures with: pure functions, and models that are loaded once."""
