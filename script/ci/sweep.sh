#!/bin/sh
# sweep.sh: take down every stack pr-<number> whose pull request is closed.
set -eu
. "$(dirname "$0")/common.sh"
failed=0
for stack in $(pulumi -C "$project" stack ls --output json --non-interactive | jq -r '.[].name | split("/")[-1] | select(test("^pr-[0-9]+$"))'); do
    number=${stack#pr-}
    state=$(gh api "repos/$GITHUB_REPOSITORY/pulls/$number" | jq -r .state) || state=unknown
    [ "$state" = closed ] || continue
    "$root/script/ci/ephemeral.sh" down "$number" || failed=1
done
[ "$failed" = 0 ] || fail "a stack could not be taken down."
