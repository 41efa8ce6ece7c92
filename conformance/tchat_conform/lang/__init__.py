"""What the suite says in another language than English: catalogues, and what reads and checks them.

The engine speaks English throughout, and the reports work with what it says. Only what they show goes through
``translate``, which finds the template that a sentence was made of. Names of the protocol stay as they are.
"""
