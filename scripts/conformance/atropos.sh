#!/usr/bin/env bash
# Runs the API tests that atroposlib 0.4.0 ships, unchanged, against our binary and prints a row of the table for each file.
# Usage: scripts/conformance/atropos.sh DIRECTORY_WITH_THE_BINARIES VIRTUAL_ENVIRONMENT
# The tests start `python -m atroposlib.cli.run_api` on port 8000; in the environment made here that command starts rolloutd.
set -euo pipefail
binaries=$(cd "$1" && pwd)
venv="$2"
if [ ! -f "$venv/ready" ]; then
    python3 -m venv "$venv" || exit 75
    # Without the trainer's dependencies: the tests of the API import pytest and requests alone.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps atroposlib==0.4.0 || exit 75
    "$venv/bin/pip" install --quiet --disable-pip-version-check pytest pytest-asyncio requests || exit 75
    cli=$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("atroposlib").submodule_search_locations[0] + "/cli/run_api.py")')
    cat >"$cli" <<'PYTHON'
"""Starts rolloutd in place of atroposlib's own server."""
import os
import sys
import tempfile

binary = os.environ["ROLLOUTD_BINARY"]
port = sys.argv[sys.argv.index("--port") + 1]
database = os.path.join(tempfile.mkdtemp(dir=os.environ["ROLLOUTD_DIRECTORY"]), "ledger.sqlite")
os.execv(binary, [binary, "serve", "--host", "127.0.0.1", "--port", port, "--database", database, "--learner", "off"])
PYTHON
    touch "$venv/ready"
fi
if "$venv/bin/python" -c 'import socket; socket.create_connection(("localhost", 8000), 1)' 2>/dev/null; then
    echo "skipped: atroposlib 0.4.0's API tests, for port 8000 is taken"
    exit 0
fi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
failed=0
for file in test_api_legacy test_api_compression test_api_messages_handling; do
    report="$directory/$file.xml"
    ROLLOUTD_BINARY="$binaries/rolloutd" ROLLOUTD_DIRECTORY="$directory" "$venv/bin/python" -m pytest --quiet -p no:cacheprovider \
        --junit-xml "$report" --pyargs "atroposlib.tests.$file" >"$directory/$file.log" 2>&1 || failed=1
    "$venv/bin/python" - "$report" "$file" <<'PYTHON' || failed=1
import sys
import xml.etree.ElementTree as tree
try:
    suite = next(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
except OSError:
    sys.exit(f"failed: {sys.argv[2]} did not run")
total = int(suite.get("tests"))
passed = total - sum(int(suite.get(kind)) for kind in ("failures", "errors", "skipped"))
print(f"| atroposlib 0.4.0 {sys.argv[2]}.py | {total} | {passed} |")
sys.exit(passed != total)
PYTHON
    [ "$failed" = 0 ] || tail -n 30 "$directory/$file.log"
done
exit "$failed"
