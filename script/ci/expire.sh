#!/bin/sh
# expire.sh NAME FOLDER: take away the access whose rule's last day has passed, and nothing else.
# A person decided that when the rule was reviewed, so nobody is asked again.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give an environment and a folder."
check_name "$1"
stack=$1 out=$2

if ! "$root/script/ci/diff.sh" "$stack" "$out" >&2; then
    [ -s "$out/diff.md" ] || fail "there is no access diff of $stack."
    printf 'The preview of %s is stopped: nothing is taken away before a person has looked.\n' "$stack"
    exit 0
fi
urns=$("$python" "$root/script/ci/expired.py" "$out/diff.json" "$out/preview.json")
if [ -z "$urns" ]; then
    printf 'No access of %s has ended.\n' "$stack"
    exit 0
fi
set --
while IFS= read -r urn; do
    set -- "$@" --target "$urn"
done <<END
$urns
END
# Without a target, everything would be destroyed.
[ $# -ge 2 ] || fail "there are no targets."
printf 'Ended in %s:\n%s\n' "$stack" "$urns"
# Not an update: even one with targets runs the program, whose components would remember the rest of
# a pending change as reviewed.
pulumi_in "$stack" destroy --yes --skip-preview --suppress-outputs "$@"
