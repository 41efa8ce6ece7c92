"""Runs ``python -m tchat_conform``."""

from tchat_conform.cli import main

main()
