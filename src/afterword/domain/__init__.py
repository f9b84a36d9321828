"""The rules: values in, values out, nothing else. Standard library only."""
