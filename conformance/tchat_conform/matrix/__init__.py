"""Every client with every server: whether they work together, and if not, who breaks which rule."""
