"""The reference server of tchat/1: pure rules, a SQLite store, and asyncio connections around them."""
