#!/bin/sh
# issue.sh NAME TITLE FILE: keep one open issue about NAME, with FILE's text; close it when FILE is empty.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 3 ] || fail "give a name, a title and a file."
name=$1 title=$2 text=$3
issues=repos/$GITHUB_REPOSITORY/issues

body=$(mktemp)
trap 'rm -f "$body"' EXIT
printf '<!-- %s -->\n' "$name" >"$body"
cat "$text" >>"$body"

own=$(gh api --paginate "$issues?state=open&creator=app%2Fgithub-actions" | jq -rs --arg marker "<!-- $name -->" \
    'add // [] | map(select((.body // "") | startswith($marker))) | .[0].number // empty')
if [ ! -s "$text" ]; then
    [ -z "$own" ] || gh api --method PATCH "$issues/$own" -f state=closed -f state_reason=completed >/dev/null
elif [ -n "$own" ]; then
    gh api --method PATCH "$issues/$own" -f "title=$title" -F "body=@$body" >/dev/null
else
    gh api --method POST "$issues" -f "title=$title" -F "body=@$body" >/dev/null
fi
