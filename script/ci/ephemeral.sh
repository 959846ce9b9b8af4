#!/bin/sh
# ephemeral.sh up NUMBER     make the stack pr-NUMBER in the test tenant: the enterprise application
#                            and its assignments (phase app; an organization has one federation)
# ephemeral.sh down NUMBER   take it down, and prove that nothing is left
# TEST_ENVIRONMENT names the environment whose configuration it copies.
set -eu
. "$(dirname "$0")/common.sh"
[ $# = 2 ] || fail "give up or down, and the number of the pull request."
case $2 in
'' | *[!0-9]*) fail "'$2' is no number of a pull request." ;;
esac
stack=pr-$2
source=${TEST_ENVIRONMENT:-dev}
check_name "$source"
name="AWS IAM Identity Center (pull request $2)"

up() {
    cp "$project/Pulumi.$source.yaml" "$project/Pulumi.$stack.yaml"
    pulumi_in "$stack" stack select --create
    for key in identityCenter provisioning protect allowPhaseBack; do
        pulumi_in "$stack" config rm "entra-identity-center:$key" >/dev/null 2>&1 || true
    done
    pulumi_in "$stack" config set --path entra-identity-center:enterpriseApp.name "$name"
    policed "$stack" up --yes --skip-preview
    pulumi_in "$stack" preview --expect-no-changes
}

down() {
    if ! pulumi_in "$stack" stack select >/dev/null 2>&1; then
        printf '%s is gone already.\n' "$stack"
        return 0
    fi
    [ -f "$project/Pulumi.$stack.yaml" ] || cp "$project/Pulumi.$source.yaml" "$project/Pulumi.$stack.yaml"
    pulumi_in "$stack" destroy --yes --skip-preview
    left=$(pulumi_in "$stack" stack export | jq '[.deployment.resources // [] | .[]] | length')
    [ "$left" = 0 ] || fail "$stack still has $left resources."
    (cd "$root" && "$python" script/ci/left_behind.py "$name")
    pulumi_in "$stack" stack rm --yes
    rm -f "$project/Pulumi.$stack.yaml"
    printf '%s is taken down: no resource in its state, no application %s in Entra.\n' "$stack" "'$name'"
}

case $1 in
up | down) "$1" ;;
*) fail "'$1' is neither up nor down." ;;
esac
