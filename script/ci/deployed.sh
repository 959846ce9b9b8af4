#!/bin/sh
# deployed.sh: the commit of each environment's last deployment that went well, as lines for
# $GITHUB_OUTPUT: environments=[...] those that were ever deployed, commits={"<name>": "<commit>"}.
# ENVIRONMENTS is the JSON list of those that run. It needs no identity, and its job has none: what is
# checked out there is not what was deployed. Whoever may write deployments could name any commit:
# only those count that a workflow made and that this checkout's history holds.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 0 ] || fail "there are no arguments."
deployments=repos/$GITHUB_REPOSITORY/deployments

of() {
    gh api "$deployments?environment=$1&per_page=30" |
        jq -r '.[] | select(.creator.login == "github-actions[bot]") | "\(.id) \(.sha)"' |
        while read -r id sha; do
            case $sha in *[!0-9a-f]* | '') continue ;; esac
            git -C "${CHECKOUT:-$root}" merge-base --is-ancestor "$sha" HEAD 2>/dev/null || continue
            if gh api "$deployments/$id/statuses?per_page=30" | jq -e 'any(.[]; .state == "success")' >/dev/null; then
                printf '%s' "$sha"
                break
            fi
        done
}

names=$(printf '%s' "${ENVIRONMENTS:-[]}" | jq -r 'map(strings) | .[]') || fail "ENVIRONMENTS must be a JSON list of names."
commits={}
for name in $names; do
    check_name "$name"
    commit=$(of "$name")
    if [ -z "$commit" ]; then
        printf '%s was never deployed.\n' "$name" >&2
        continue
    fi
    commits=$(printf '%s' "$commits" | jq -c --arg name "$name" --arg commit "$commit" '.[$name] = $commit')
done
printf 'environments=%s\ncommits=%s\n' "$(printf '%s' "$commits" | jq -c keys)" "$commits"
