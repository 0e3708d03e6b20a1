"""Subscriptions. Periods belong to their items; the subscription itself has none.

rows        what a subscription and an item look like
creating    the first invoice and the first try to collect it
waking      what falls due: trial's end, renewal, cancellation, expiry
prorating   what a change costs, worked out before anything is touched
changing    the change itself, paid first where that is asked for
ending      cancellation, now or at a period's end
pausing     pause and resume
following   what an invoice's fate does to its subscription
operations, item_operations, previews
            the API
"""
