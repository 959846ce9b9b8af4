#!/bin/sh
# login.sh: log in to PULUMI_BACKEND_URL without a stored secret.
# Object storage uses the job's cloud credentials; Pulumi Cloud takes the job's OIDC token
# (PULUMI_ORGANIZATION names the organization that trusts it).
set -eu
. "$(dirname "$0")/common.sh"
[ -n "${PULUMI_BACKEND_URL:-}" ] || fail "PULUMI_BACKEND_URL is not set; docs/backends.md tells which there are."
case $PULUMI_BACKEND_URL in
https://*)
    [ -n "${PULUMI_ORGANIZATION:-}" ] || fail "Pulumi Cloud needs PULUMI_ORGANIZATION."
    [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || fail "the job has no OIDC token: permissions need id-token: write."
    token=$(mktemp)
    trap 'rm -f "$token"' EXIT
    printf 'header = "Authorization: bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
        curl --silent --show-error --fail --config - \
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=urn:pulumi:org:$PULUMI_ORGANIZATION" |
        jq -er .value >"$token"
    pulumi login "$PULUMI_BACKEND_URL" --oidc-token "file://$token" --oidc-org "$PULUMI_ORGANIZATION" --oidc-expiration 2h
    ;;
*)
    pulumi login "$PULUMI_BACKEND_URL"
    ;;
esac
