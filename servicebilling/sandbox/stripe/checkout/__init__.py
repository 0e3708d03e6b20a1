"""Checkout: a page of ours where a customer pays once, subscribes, or leaves a card.

opening     a session: what it sells and for how much
amounts     its lines and sums
completing  what happens when the customer pays
operations  the API
"""
