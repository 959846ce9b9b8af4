#!/bin/sh
# diff.sh NAME FOLDER: preview an environment with the policy pack, and write what it means for
# access: FOLDER/preview.json, diff.json, diff.md and reviewed (the hash of the desired state).
# Exit code 1 when the preview or a rule of the pack stops it; diff.md tells which.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give an environment and a folder."
check_name "$1"
mkdir -p "$2"
out=$(cd "$2" && pwd -P)
cd "$root"

stack=$1
stopped=0
# The event log is the only place where --json tells what the pack says.
PULUMI_DEBUG_COMMANDS=true policed "$stack" preview --json --show-sames --show-replacement-steps \
    --event-log "$out/events.json" >"$out/preview.json" 2>"$out/preview.err" || stopped=1

access_diff() {
    "$python" -m ops diff -C "$project" --stack "$stack" --preview "$out/preview.json" --format "$1" || [ $? = 1 ]
}
if ! access_diff json >"$out/diff.json" || ! access_diff markdown >"$out/diff.md"; then
    cat "$out/preview.err" >&2
    fail "there is no access diff of $stack."
fi
jq -r '.desiredState.hash // empty' "$out/diff.json" >"$out/reviewed"
jq -r 'select(.policyEvent).policyEvent | "[\(.enforcementLevel)] \(.policyName): \(.message | split("\n")[1:] | map(select(. != "")) | join(" "))"' \
    "$out/events.json" | sort -u >"$out/policies.txt"
rm "$out/events.json"
if [ -s "$out/policies.txt" ]; then
    printf '\n<details open><summary>Policy pack</summary>\n\n```\n%s\n```\n</details>\n' \
        "$(cat "$out/policies.txt")" >>"$out/diff.md"
fi
[ "$stopped" = 0 ] || fail "the preview of $stack is stopped: see diff.md."
