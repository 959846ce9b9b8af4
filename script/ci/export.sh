#!/bin/sh
# export.sh: what the later steps of a job need, as lines for $GITHUB_ENV; nothing of it is secret.
# Both clouds and the backend take the job's OIDC token, so that no secret is stored anywhere.
set -eu
. "$(dirname "$0")/common.sh"
for name in PULUMI_BACKEND_URL ARM_TENANT_ID ARM_CLIENT_ID; do
    value=$(printenv "$name") || value=
    [ -n "$value" ] || fail "the variable $name is not set in this job's environment; docs/environments.md names them."
    [ "$(printf '%s\n' "$value" | wc -l)" = 1 ] || fail "$name must be one line."
    printf '%s=%s\n' "$name" "$value"
done
printf 'ARM_USE_OIDC=true\nARM_USE_CLI=false\nPULUMI_CONTINUE_ON_ERROR=true\n'
# plugins.sh has installed them.
printf 'PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true\n'
