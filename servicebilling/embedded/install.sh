# Sourced by ./run and ./test from the project's folder.

venv=${SERVICEBILLING_VENV:-.venv}

# Makes $venv and installs the named locks into it; quick when that is done already.
install() {
    "$venv/bin/python" -m servicebilling.embedded.install --check "$venv" "$@" 2>/dev/null || {
        find_python
        "$python" -m servicebilling.embedded.install "$venv" "$@"
    }
    keep_bytecode
}

# Whoever wants no bytecode beside the sources, as in most containers, has it in $venv: without
# any, each of a dozen processes would compile all packages again, for ten seconds.
keep_bytecode() {
    if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then
        unset PYTHONDONTWRITEBYTECODE
        PYTHONPYCACHEPREFIX=${PYTHONPYCACHEPREFIX:-$(cd -- "$venv" && pwd)/bytecode}
        export PYTHONPYCACHEPREFIX
    fi
}

# Sets $python to the first that is new enough, preferably one that can make environments.
find_python() {
    for needed in "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))" \
                  "import sys; sys.exit(sys.version_info < (3, 11))"; do
        for python in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3.14 python3 python; do
            "$python" -c "$needed" 2>/dev/null && return
        done
    done
    echo "ServiceBilling needs Python 3.11 or newer and found none. Install it, or name it:" >&2
    echo "  PYTHON=/path/to/python3.12 $0" >&2
    exit 1
}
