# Sourced by the scripts beside it: where things are, and how to give up.
# shellcheck shell=sh
root=$(cd "$(dirname "$0")/../.." && pwd -P)
# The folder of Pulumi.yaml; another one than the checkout in the sandbox.
project=${PROJECT_DIR:-$root}
python=${PYTHON:-$root/.venv/bin/python}
PATH="$root/.venv/bin:$root/.tools/pulumi/bin:$PATH"
export PATH PULUMI_SKIP_UPDATE_CHECK=true
# One failing grant must not keep a revocation from being applied.
export PULUMI_CONTINUE_ON_ERROR=true

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit 1
}

# An environment's name goes into paths and commands.
check_name() {
    case $1 in
    '' | *[!a-z0-9-]* | -*) fail "'$1' is no name of an environment." ;;
    esac
}

pulumi_in() {
    stack=$1
    shift
    pulumi -C "$project" "$@" --stack "$stack" --non-interactive --color never
}

# The same with the policy pack, as the environment configures it.
policed() {
    config=$root/environments/$1/policy.json
    if [ -f "$config" ]; then
        pulumi_in "$@" --policy-pack "$root/policy" --policy-pack-config "$config"
    else
        pulumi_in "$@" --policy-pack "$root/policy"
    fi
}
