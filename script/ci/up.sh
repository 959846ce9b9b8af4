#!/bin/sh
# up.sh NAME ROWS FOLDER: update an environment if its rows still are the reviewed ones.
# ROWS is the hash that was reviewed. Held rows count as declared: they may come later.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 3 ] || fail "give an environment, the reviewed hash of its rows and a folder."
check_name "$1"
stack=$1 reviewed=$2 out=$3
[ -n "$reviewed" ] || fail "there are no reviewed rows of $stack."
"$root/script/ci/diff.sh" "$stack" "$out"
now=$(cat "$out/rows")
[ "$now" = "$reviewed" ] || fail "the rows of $stack are not the reviewed ones any more (reviewed $reviewed, now $now): \
an account, its tags or its OU has changed since. Review the access diff again: $out/diff.md."
cd "$root"
policed "$stack" up --yes --skip-preview
# What is held is no failure of this update; it is said, and the next update tries again.
if pulumi_in "$stack" config get entra-identity-center:federationStack >/dev/null 2>&1; then
    pulumi_in "$stack" stack output held --json
else
    "$python" -m ops status -C "$project" --stack "$stack" --require-all || [ $? = 1 ]
fi
