"""Afterword asks developers about their internal tools at the moment they used them."""

__version__ = "0.1.0"
