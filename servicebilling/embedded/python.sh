# Sourced by ./run and ./test from the project's folder: sets `venv`, and `python` to the
# first Python that is new enough, preferably one that can make virtual environments.

venv=${SERVICEBILLING_VENV:-.venv}
python=

for needed in "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))" \
              "import sys; sys.exit(sys.version_info < (3, 11))"; do
    for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3.14 python3 python; do
        if "$candidate" -c "$needed" 2>/dev/null; then
            python=$candidate
            break 2
        fi
    done
done

if [ -z "$python" ]; then
    echo "ServiceBilling needs Python 3.11 or newer and found none. Install it, or name it:" >&2
    echo "  PYTHON=/path/to/python3.12 $0" >&2
    exit 1
fi
