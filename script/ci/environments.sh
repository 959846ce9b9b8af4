#!/bin/sh
# environments.sh BASE HEAD: what changed between two commits, as lines for $GITHUB_OUTPUT.
#   access=[...]  environments whose access changed: files that their configuration reads
#   all=[...]     those, or every environment when code changed
#   code=true     anything else changed: Pulumi.<name>.yaml, and files that no environment reads, too
# ENVIRONMENTS is the JSON list of those that run; others are examples.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give the two commits."
exec "$python" "$root/script/ci/reads.py" changed "$1" "$2"
