#!/bin/sh
# comment.sh NUMBER NAME FOLDER: keep one comment of ours on a pull request, with FOLDER/diff.md's text.
# It begins with a marker: the name, the COMMIT it is about, and the hash in FOLDER/reviewed. With CODE=true
# it has no hash: the pull request changes code, too, and the base branch's code made this diff.
# GITHUB_REPOSITORY and gh's own GH_TOKEN come from the workflow.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 3 ] || fail "give a number, a name and a folder."
number=$1 name=$2
text=$3/diff.md reviewed=$(cat "$3/reviewed")
[ "${CODE:-}" != true ] || reviewed=
comments=repos/$GITHUB_REPOSITORY/issues/$number/comments

body=$(mktemp)
trap 'rm -f "$body"' EXIT
printf '<!-- %s commit:%s desired-state:%s -->\n' "$name" "$COMMIT" "$reviewed" >"$body"
cat "$text" >>"$body"
if [ "${CODE:-}" = true ]; then
    printf '\nThis pull request changes code, too. The code of before made this diff, so it is none to deploy by: \
another takes its place once a reviewer has let the job `code` run.\n' >>"$body"
fi

own=$(gh api --paginate "$comments" | jq -rs --arg marker "<!-- $name commit:" \
    'add // [] | map(select(.user.login == "github-actions[bot]" and (.body | startswith($marker)))) | .[0].id // empty')
if [ -n "$own" ]; then
    gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$own" -F "body=@$body" >/dev/null
else
    gh api --method POST "$comments" -F "body=@$body" >/dev/null
fi
