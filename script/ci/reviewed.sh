#!/bin/sh
# reviewed.sh COMMIT NAME: the hash of the desired state that was reviewed in the pull request that became
# COMMIT. It stands in our own comment about the pull request's last commit, nowhere else.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give a commit and an environment."
check_name "$2"
pull=$(gh api "repos/$GITHUB_REPOSITORY/commits/$1/pulls" | jq -c \
    --arg commit "$1" 'map(select(.merged_at and .merge_commit_sha == $commit)) | .[0] // empty')
[ -n "$pull" ] || fail "$1 comes from no merged pull request: run this workflow by hand, with the hash of the desired state."
number=$(printf '%s' "$pull" | jq -r .number)
head=$(printf '%s' "$pull" | jq -r .head.sha)
reviewed=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$number/comments" | jq -rs \
    --arg marker "<!-- access-diff-$2 commit:$head desired-state:" \
    'add // [] | map(select(.user.login == "github-actions[bot]" and (.body | startswith($marker))))
     | .[0].body // "" | ltrimstr($marker) | split(" ")[0] // empty')
[ -n "$reviewed" ] || fail "pull request $number has no access diff of its last commit $head for $2."
printf '%s\n' "$reviewed"
