#!/bin/sh
# environments.sh BASE HEAD: what changed between two commits, as lines for $GITHUB_OUTPUT.
#   access=[...]  environments whose access changed (files in environments/<name>/)
#   all=[...]     those, or every environment when code changed
#   code=true     anything changed that is no environment's access: Pulumi.<name>.yaml is code too
# ENVIRONMENTS is the JSON list of those that run; others are examples.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give the two commits."
cd "${CHECKOUT:-$root}"

live=$(printf '%s' "${ENVIRONMENTS:-[]}" | jq -ce 'map(strings)') ||
    fail "ENVIRONMENTS must be a JSON list of names."
# Three dots: what the head changed, not what the base did meanwhile.
changed=$(git -c core.quotePath=true diff --name-only --no-renames "$1...$2" | jq -Rnc '[inputs]')
access=$(jq -nc --argjson live "$live" --argjson changed "$changed" \
    '[$live[] | . as $name | select(any($changed[]; startswith("environments/" + $name + "/")))]')
code=$(jq -nc --argjson changed "$changed" \
    'any($changed[]; (startswith("environments/") and (test("^environments/[^/]+/policy[.]json$") | not)) | not)')
all=$access
[ "$code" = false ] || all=$live
printf 'access=%s\nall=%s\ncode=%s\n' "$access" "$all" "$code"
