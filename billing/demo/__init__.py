"""A lifelike site to look at: invented organizations, and three months of their calls.

Everything is made by the functions that make it in real life; nothing here writes a balance,
a ledger row or a call by itself.
"""
