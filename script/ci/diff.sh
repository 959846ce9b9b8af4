#!/bin/sh
# diff.sh NAME FOLDER: preview an environment with the policy pack, and write what it means for
# access: FOLDER/preview.json, diff.json, diff.md and rows (the hash of the resolved rows).
# Exit code 1 when the preview or a rule of the pack stops it; diff.md tells which.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give an environment and a folder."
check_name "$1"
mkdir -p "$2"
out=$(cd "$2" && pwd -P)
cd "$root"

set -- "$1" --policy-pack policy
config=environments/$1/policy.json
[ ! -f "$config" ] || set -- "$@" --policy-pack-config "$config"
stack=$1
shift

stopped=0
pulumi_in "$stack" preview "$@" >"$out/preview.txt" 2>&1 || stopped=1
pulumi_in "$stack" preview --json --show-sames "$@" >"$out/preview.json" 2>"$out/preview.err" || stopped=1
"$python" -m ops diff --preview "$out/preview.json" --format json >"$out/diff.json" || [ $? = 1 ] ||
    fail "there is no access diff of this preview."
"$python" -m ops diff --preview "$out/preview.json" --format markdown >"$out/diff.md" || [ $? = 1 ]
jq -er .rowsHash "$out/diff.json" >"$out/rows"
# The pack's word, without a dump of resources that could hold what nobody should read.
sed -n '/^Policies:/,/^$/p' "$out/preview.txt" >"$out/policies.txt"
if grep -q '\[' "$out/policies.txt"; then
    printf '\n<details><summary>Policy pack</summary>\n\n```\n%s\n```\n</details>\n' \
        "$(cat "$out/policies.txt")" >>"$out/diff.md"
fi
[ "$stopped" = 0 ] || fail "the preview of $stack is stopped: see diff.md."
