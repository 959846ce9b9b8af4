#!/bin/sh
# up.sh NAME HASH FOLDER: update an environment, revocations first, if this still is the update that
# was reviewed: HASH is the desiredState.hash of its access diff.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 3 ] || fail "give an environment, the reviewed hash of its access diff and a folder."
check_name "$1"
stack=$1 reviewed=$2 out=$3
[ -n "$reviewed" ] || fail "there is no reviewed access diff of $stack."
"$root/script/ci/diff.sh" "$stack" "$out"
cd "$root"
set -- --policy-pack "$root/policy"
config=$root/environments/$stack/policy.json
[ ! -f "$config" ] || set -- "$@" --policy-pack-config "$config"
"$python" -m ops up -C "$project" --stack "$stack" --yes --reviewed "$reviewed" --preview "$out/preview.json" "$@" ||
    fail "$stack was not updated as reviewed: see above, and the access diff in $out/diff.md."
# What is held is no failure of this update; it is said, and the next update tries again.
if pulumi_in "$stack" config get entra-identity-center:federationStack >/dev/null 2>&1; then
    pulumi_in "$stack" stack output held --json
else
    "$python" -m ops status -C "$project" --stack "$stack" --require-all || [ $? = 1 ]
fi
