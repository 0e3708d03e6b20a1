"""Products."""

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    ID,
    LISTING,
    Anything,
    Clearable,
    Flag,
    Hash,
    Metadata,
    Rows,
    Text,
    merged,
)

PATH = "/v1/products"
UPDATE = Hash(
    active=Flag(),
    default_price=ID,
    description=Clearable(Text(40_000)),
    images=Rows(Text(), most=8),
    marketing_features=Rows(Hash(must=["name"], name=Text(80)), most=15),
    metadata=Metadata(),
    name=Text(),
    shippable=Flag(),
    statement_descriptor=Text(22),
    tax_code=Clearable(Text()),
    tax_details=Anything(),
    unit_label=Clearable(Text(12)),
    url=Clearable(Text()),
)
CREATE = UPDATE.also(must=["name"], id=ID)
LIST = LISTING.also(active=Flag(), created=BETWEEN, ids=Rows(ID), url=Text())

EMPTY: Row = {
    "active": True,
    "default_price": None,
    "description": None,
    "images": [],
    "marketing_features": [],
    "metadata": {},
    "package_dimensions": None,
    "shippable": None,
    "statement_descriptor": None,
    "tax_code": None,
    "type": "service",
    "unit_label": None,
    "url": None,
}


def make(box: Box, fields: Row, *, id: str = "") -> Row:
    """Return a new product; announces it."""
    found = EMPTY | fields | {"metadata": merged({}, fields.get("metadata", {}))}
    found.pop("tax_details", None)
    product = box.add("product", found, id=id)
    product["updated"] = product["created"]
    emit(box, "product.created", product)
    return product


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    id = params.pop("id", "")
    if id and box.find("product", id):
        raise refused("Product already exists.", param="id", code="resource_already_exists")
    return make(box, params, id=id)


@routing.get(PATH, LIST)
def list_products(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "active", "url")
    return listing.page(
        box,
        "product",
        params,
        url=PATH,
        where=lambda row: fits(row) and row["id"] in params.get("ids", [row["id"]]),
    )


@routing.get(PATH + "/{id}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("product", id)


@routing.post(PATH + "/{id}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    product = box.named_in_path("product", id)
    if "default_price" in params:
        box.named("price", params["default_price"], param="default_price")
    params.pop("tax_details", None)
    with changing(box, product, "product.updated"):
        if "metadata" in params:
            product["metadata"] = merged(product["metadata"], params.pop("metadata"))
        product |= params
        product["updated"] = box.now()
    return product


@routing.delete(PATH + "/{id}")
def delete(box: Box, params: Row, id: str) -> Row:
    product = box.named_in_path("product", id)
    if any(price["product"] == id for price in box.every("price")):
        raise refused(
            "This product cannot be deleted because it has one or more user-created prices."
        )
    emit(box, "product.deleted", product)
    box.drop(product)
    return {"id": id, "object": "product", "deleted": True}
