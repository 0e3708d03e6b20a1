"""What every list can be searched by, besides its own ids."""

# Exact or from the start, so that an index can answer; filters only where the choices are
# known, because others would read the whole table for them.
ORGANIZATION = ["organization__slug__exact", "organization__name__istartswith"]
