"""`python -m servicebilling.embedded`: what ./run becomes once its packages are there."""

import sys

from servicebilling.embedded import options
from servicebilling.embedded.errors import CannotStart


def main() -> int:
    chosen = options.parse(sys.argv[1:])
    # Imported late: ./run --help works before anything is installed.
    from servicebilling.embedded import site

    try:
        return site.run(chosen)
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
