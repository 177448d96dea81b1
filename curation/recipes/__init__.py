"""Recipes that ship with the project."""
