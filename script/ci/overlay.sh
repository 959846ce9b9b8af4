#!/bin/sh
# overlay.sh COMMIT NAME: put the access that one environment reads at COMMIT over this checkout.
# Everything else stays the base branch's: code, Pulumi.<name>.yaml, the policy pack and its
# configuration. Only regular files come: a link could show what else lies on this machine.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give a commit and an environment."
check_name "$2"
cd "${CHECKOUT:-$root}"

old=$("$python" "$root/script/ci/reads.py" of "$2" HEAD)
new=$("$python" "$root/script/ci/reads.py" of "$2" "$1")
[ -n "$new" ] || fail "$2 reads nothing in environments/ or access/: Pulumi.$2.yaml names its access files."
if printf '%s\n%s\n' "$old" "$new" | grep -v '^[A-Za-z0-9._/-]*$' >&2; then
    fail "names of access files are letters, digits, dots, hyphens and underscores."
fi
entries=$(git ls-tree -r "$1" -- access environments) || fail "$1 is not here."
if printf '%s\n' "$entries" | grep -v '^100644 blob ' | grep . >&2; then
    fail "access and environments may hold plain files only."
fi

printf '%s\n' "$old" | while IFS= read -r path; do
    rm -f "./$path"
done
printf '%s\n' "$new" | while IFS= read -r path; do
    # What the configuration names and the commit has not: the preview tells.
    git cat-file -e "$1:$path" 2>/dev/null || continue
    mkdir -p "$(dirname "$path")"
    git show "$1:$path" >"$path"
done
