"""The cases about clients: one module for each kind of thing a client does."""
