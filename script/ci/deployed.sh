#!/bin/sh
# deployed.sh NAME: the commit of an environment's last deployment that went well.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 1 ] || fail "give an environment."
check_name "$1"
deployments=repos/$GITHUB_REPOSITORY/deployments
gh api "$deployments?environment=$1&per_page=30" | jq -r '.[] | "\(.id) \(.sha)"' |
    while read -r id sha; do
        if gh api "$deployments/$id/statuses?per_page=30" | jq -e 'any(.[]; .state == "success")' >/dev/null; then
            printf '%s\n' "$sha"
            break
        fi
    done | grep . || fail "$1 was never deployed."
