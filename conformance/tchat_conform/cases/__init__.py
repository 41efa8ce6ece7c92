"""The cases, one module a level."""
