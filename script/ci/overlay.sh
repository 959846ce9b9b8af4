#!/bin/sh
# overlay.sh COMMIT NAME: put the access of one environment at COMMIT over this checkout.
# Everything else stays the base branch's: code, Pulumi.<name>.yaml, the policy pack and its
# configuration. Only regular files come: a link could show what else lies on this machine.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give a commit and an environment."
check_name "$2"
cd "${CHECKOUT:-$root}"
folder=environments/$2
kept=$folder/policy.json

entries=$(git ls-tree -r "$1" -- "$folder") || fail "$1 is not here."
[ -n "$entries" ] || fail "there is no $folder at $1."
if printf '%s\n' "$entries" | grep -v '^100644 blob ' >&2; then
    fail "$folder may hold plain files only."
fi
if printf '%s\n' "$entries" | cut -f 2 | grep -v '^[A-Za-z0-9._/-]*$' >&2; then
    fail "file names in $folder are letters, digits, dots, hyphens and underscores."
fi

find "$folder" -type f ! -path "$kept" -exec rm {} +
printf '%s\n' "$entries" | cut -f 2 | while IFS= read -r path; do
    [ "$path" != "$kept" ] || continue
    mkdir -p "$(dirname "$path")"
    git show "$1:$path" >"$path"
done
