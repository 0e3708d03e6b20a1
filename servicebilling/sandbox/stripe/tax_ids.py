"""Tax ids of a customer. The value is not verified; it only has to be there once."""

from zlib import crc32

from servicebilling.sandbox.stripe import routing
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.customers import PATH, alive
from servicebilling.sandbox.stripe.errors import unknown_id
from servicebilling.sandbox.stripe.parameters import LISTING, Hash, Text
from servicebilling.sandbox.stripe.presenting import includes, listed

CREATE = Hash(must=["type", "value"], type=Text(), value=Text())


@routing.post(PATH + "/{customer}/tax_ids", CREATE)
def create(box: Box, params: Row, id: str) -> Row:
    customer = alive(box, id)
    kept = {"type": params["type"], "value": params["value"]}
    if kept not in customer["_tax_ids"]:
        customer["_tax_ids"] = [*customer["_tax_ids"], kept]
    return _shown(customer, kept)


@routing.get(PATH + "/{customer}/tax_ids", LISTING)
def list_tax_ids(box: Box, params: Row, id: str) -> Row:
    return of_customer(box, alive(box, id))


@routing.delete(PATH + "/{customer}/tax_ids/{tax_id}")
def delete(box: Box, params: Row, customer: str, id: str) -> Row:
    owner = alive(box, customer)
    left = [row for row in owner["_tax_ids"] if _shown(owner, row)["id"] != id]
    if len(left) == len(owner["_tax_ids"]):
        raise unknown_id("tax_id", id, param="id")
    owner["_tax_ids"] = left
    return {"id": id, "object": "tax_id", "deleted": True}


@includes("customer", "tax_ids")
def of_customer(box: Box, customer: Row) -> Row:
    rows = [_shown(customer, row) for row in customer["_tax_ids"]]
    return listed(rows, f"{PATH}/{customer['id']}/tax_ids")


def _shown(customer: Row, row: Row) -> Row:
    number = crc32(f"{row['type']} {row['value']}".encode())
    return {
        "id": f"txi_{customer['id'][4:]}{number}",
        "object": "tax_id",
        "country": None,
        "created": customer["created"],
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "owner": {"type": "customer", "customer": customer["id"]},
        "type": row["type"],
        "value": row["value"],
        "verification": None,
    }
