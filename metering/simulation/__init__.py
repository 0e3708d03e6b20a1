"""Calls that nobody made: how they go, and the messages that would tell of them. Pure."""
