#!/bin/sh
# drift.sh NAME FILE: compare the clouds with the last update; FILE is empty when they agree.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give an environment and a file."
check_name "$1"
found=$(mktemp)
trap 'rm -f "$found"' EXIT
mkdir -p "$(dirname "$2")"
: >"$2"
drifted=
if ! pulumi_in "$1" refresh --preview-only --expect-no-changes --suppress-outputs --suppress-progress >"$found" 2>&1; then
    drifted=$(grep -E '^ *[~+-]' "$found" | grep -v 'pulumi:pulumi:Stack' | sed 's/^ */    /' | sort -u) || drifted=
    [ -n "$drifted" ] || {
        cat "$found" >&2
        fail "the clouds can't be compared with the last update of $1."
    }
fi
# What no refresh shows: an older version of a permission set in effect, and what is in no state.
(cd "$root" && "$python" -m ops doctor -C "$project" --stack "$1" --for preview --full --json) >"$found" || [ $? = 1 ]
repairs=$("$python" "$root/script/ci/unfinished.py" "$found" repairs) || fail "what $1 lacks can't be told."
by_hand=$("$python" "$root/script/ci/unfinished.py" "$found" unmanaged) || fail "what is granted by hand in $1 can't be told."
[ -n "$drifted$repairs$by_hand" ] || exit 0
{
    if [ -n "$drifted$repairs" ]; then
        printf 'Something outside of Pulumi has changed what `%s` manages, or was never finished:\n\n' "$1"
        printf '%s\n' "$drifted" "$repairs"
        printf '\n`pulumi up --refresh --stack %s` puts it back as declared; or change the declaration.\n\n' "$1"
    fi
    if [ -n "$by_hand" ]; then
        printf 'Somebody granted by hand what `%s` does not declare:\n\n%s\n\n' "$1" "$by_hand"
    fi
    printf 'This issue closes itself once both agree.\n'
} >"$2"
