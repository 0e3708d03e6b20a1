"""The control of the stand-in, under /_sandbox: for tests, demos and whoever develops.

routes      how an act is registered
answering   finds it; JSON in, JSON out
state       what is there; reset, settings
time        the main clock
breaking    faults
sending     deliveries, by hand and in any order; secrets
customers   what customers and banks do: pay, dispute, cancel in the portal
overview    the page at /_sandbox
"""
