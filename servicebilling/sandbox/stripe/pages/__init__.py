"""The pages that Stripe hosts for customers, drawn here: plain HTML, no scripts.

routes     how a page is registered, and what one is
html       the frame that says "sandbox", and small pieces
answering  finds the page of a path
checkout, authentication, invoices, portal, pdf
           the pages
"""
