"""Faults: asked for, listed, taken away."""

from servicebilling.sandbox.stripe import faults
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.control.routes import does
from servicebilling.sandbox.stripe.errors import unknown_id


@does("GET", "faults")
def show(box: Box, params: Row) -> Row:
    return {"data": box.faults}


@does("POST", "faults", faults.TAKES)
def ask(box: Box, params: Row) -> Row:
    return faults.ask_for(box, params)


@does("DELETE", "faults")
def clear(box: Box, params: Row) -> Row:
    box.faults.clear()
    return {"data": []}


@does("POST", "faults/clear")
def clear_from_page(box: Box, params: Row) -> Row:
    return clear(box, params)


@does("DELETE", "faults/{id}")
def remove(box: Box, params: Row, id: str) -> Row:
    for fault in box.faults:
        if fault["id"] == id:
            box.faults.remove(fault)
            return fault
    raise unknown_id("fault", id, param="id")
