"""Invoices, from the first line to the last try to collect them.

lines       one line each: a period of a price, usage, a proration, a pending item
totals      discounts, tax and the customer's balance
drafting    a new invoice
finalizing  no more changes; a number, a payment intent
collecting  tries, retries, paid, given up
items       pending items that wait for the next invoice
operations  the API
previews    what an invoice would be
"""
