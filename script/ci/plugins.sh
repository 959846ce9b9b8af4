#!/bin/sh
# plugins.sh: install the provider plugins that requirements.txt's SDKs ask for, each held to its
# SHA-256 in tools/pulumi/SHA256SUMS. It runs before a job has an identity; afterwards the engine
# downloads none (export.sh), since what it fetches by itself is held to no checksum.
set -eu
. "$(dirname "$0")/common.sh"
sums=${PLUGIN_SUMS:-$root/tools/pulumi/SHA256SUMS}
case $(uname -s) in
Linux) os=linux ;;
Darwin) os=darwin ;;
*) fail "there are no plugins for $(uname -s) here." ;;
esac
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "there are no plugins for $(uname -m) here." ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in aws azuread; do
    version=$(sed -n "s/^pulumi-$name==\([0-9.]*\) .*/\1/p" "$root/requirements.txt")
    archive=pulumi-resource-$name-v$version-$os-$arch.tar.gz
    pinned=$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$sums")
    [ -n "$pinned" ] || fail "$(basename "$sums") has no line about $archive: write it with script/plugin-sums, \
compare it with the digest on the page of pulumi-$name's release v$version, and have the line reviewed (docs/pull-requests.md#supply-chain)."
    curl -fsSL --proto '=https' --max-time 600 -o "$work/$archive" \
        "https://github.com/pulumi/pulumi-$name/releases/download/v$version/$archive" ||
        fail "$archive can't be downloaded: the line above says why."
    sum=$({ sha256sum "$work/$archive" 2>/dev/null || shasum -a 256 "$work/$archive"; } | sed 's/ .*//')
    [ "$sum" = "$pinned" ] ||
        fail "$archive was downloaded with the SHA-256 $sum, $(basename "$sums") pins $pinned: it was not installed."
    # Not --checksum: the engine leaves the last bytes out when they come with the end of the answer.
    pulumi plugin install resource "$name" "$version" --file "$work/$archive" --reinstall --non-interactive --color never
done
