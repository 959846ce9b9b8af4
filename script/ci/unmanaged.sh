#!/bin/sh
# unmanaged.sh FOLDER: fail if the access diff in FOLDER tells of grants by hand, and the stack's
# configuration lets no update succeed then (unmanaged: fail). The diff itself is complete all the same.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 1 ] || fail "give a folder with an access diff."
jq -e '.unmanaged.fails | not' "$1/diff.json" >/dev/null || {
    jq -r '.unmanaged.grants[].text' "$1/diff.json" >&2
    fail "somebody granted this by hand: declare it, or end it (docs/operations.md#granted-by-hand)."
}
