#!/usr/bin/env bash
# Builds a release whose Swift runtime is linked in, and lays it out below DIRECTORY as an image's root.
# Usage: deploy/build.sh DIRECTORY
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$1"
# Static linking changes every object, so it has a build folder of its own.
flags=(-c release --static-swift-stdlib --scratch-path .build/image)
swift build "${flags[@]}" --product rolloutd
swift build "${flags[@]}" --product rolloutd-jail
binaries=$(swift build "${flags[@]}" --show-bin-path)
install -d "$root/usr/local/lib/rolloutd" "$root/usr/local/bin" "$root/usr/local/share/doc/rolloutd"
install -m 755 "$binaries/rolloutd" "$binaries/rolloutd-jail" "$root/usr/local/lib/rolloutd/"
strip --strip-unneeded "$root/usr/local/lib/rolloutd/rolloutd"
ln -sfn ../lib/rolloutd/rolloutd "$root/usr/local/bin/rolloutd"
install -m 644 deploy/RUNBOOK.md deploy/config.example.json openapi.yaml "$root/usr/local/share/doc/rolloutd/"
du -h "$root/usr/local/lib/rolloutd/rolloutd"
