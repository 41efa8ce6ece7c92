"""The reference client of tchat/1: a session for programs, and a command line for people and pipes."""
