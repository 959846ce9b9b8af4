#!/bin/sh
# reconcile.sh NAME FOLDER: may the environment be updated alone? It runs on the commit of the last
# deployment, so that rules and code are the deployed ones.
# Writes for $GITHUB_OUTPUT: verdict=nothing|apply|ask, hash=<hash>. `apply` only if every change is
# an assignment in an account that had none; everything else is for a person, told in
# FOLDER/issue.md (empty otherwise).
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give an environment and a folder."
check_name "$1"
stack=$1 out=$2

stopped=0
"$root/script/ci/diff.sh" "$stack" "$out" >&2 || stopped=1
[ -s "$out/diff.md" ] || fail "there is no access diff of $stack."
if [ "$stopped" = 1 ]; then
    verdict=ask
    printf 'the preview is stopped\n' >"$out/reasons.txt"
else
    verdict=$("$python" "$root/script/ci/only_new_accounts.py" "$out/preview.json" "$out/reasons.txt")
fi
: >"$out/issue.md"
if [ "$verdict" = ask ]; then
    {
        cat "$out/diff.md"
        printf '\nNot applied alone:\n\n'
        sed 's/^/- /' "$out/reasons.txt"
    } >"$out/issue.md"
fi
printf 'verdict=%s\nhash=%s\n' "$verdict" "$(cat "$out/reviewed")"
