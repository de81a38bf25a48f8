#!/bin/sh
# Makes the image on which the container tests run, once: Debian bookworm in place of the pinned Python images, where no
# registry can be reached.
#
# The system comes by debootstrap from the mirror that this machine's apt uses already. Needs root and apt.
set -eu

base=localhost/gallop-bookworm
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

if ! command -v buildah >/dev/null || ! command -v debootstrap >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "base_image.sh: buildah or debootstrap is missing; run as root to install them" >&2; exit 1; }
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends buildah debootstrap
fi

exists() {
    buildah inspect --type image "$1" >/dev/null 2>&1
}

make_base() {
    # The first mirror that apt has for Debian itself (not its security updates).
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "Debian" && $4 == "main" { print $1; exit }')
    mirror=${DEBIAN_MIRROR:-$mirror}
    [ -n "$mirror" ] || { echo "base_image.sh: apt knows no Debian mirror; name one in DEBIAN_MIRROR" >&2; exit 1; }
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase --include=python3,python3-venv,git,make,ca-certificates bookworm "$root" "$mirror"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$root" / >/dev/null
    buildah config --env PATH="$path" --env LANG=C.UTF-8 "$container"
    buildah commit --quiet --disable-compression --rm "$container" "$base" >/dev/null
}

exists "$base" || make_base
