# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# Settings and small helpers, sourced by every command of the lab. Whatever is exported as VGPU_LAB_* wins.

set -euo pipefail

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE_DIR=$(cd "$LAB_DIR/../.." && pwd)

CACHE=${VGPU_LAB_CACHE:-/var/cache/vgpu-hibernate-lab}
LOGS=${VGPU_LAB_LOGS:-./lab-logs}
SUITE=${VGPU_LAB_SUITE:-trixie}

# The nested host. Each setting is part of the warm snapshot's key.
CARDS=${VGPU_LAB_CARDS:-2}
FUNCTIONS=${VGPU_LAB_FUNCTIONS:-4}
MEMORY_MIB=${VGPU_LAB_MEMORY_MIB:-4096}
CPUS=${VGPU_LAB_CPUS:-2}
DISK_SIZE=${VGPU_LAB_DISK_SIZE:-8G}
GUESTS=${VGPU_LAB_GUESTS:-s3 ovmf s4 q35}

# Further cards, before the others on the bus, of a boot that gives all buses other numbers.
MORE_CARDS=${VGPU_LAB_MORE_CARDS:-0}

# Deadlines are meant for two cores under emulation; a slower machine multiplies them.
SLOWNESS=${VGPU_LAB_SLOWNESS:-1}

# One nested host per checkout: its overlay, sockets and console live here.
CHECKOUT_ID=$(printf %s "$SOURCE_DIR" | sha256sum | cut -c1-12)
RUN=$CACHE/run-$CHECKOUT_ID

log() {
        printf '%(%H:%M:%S)T %s\n' -1 "$*" >&2
}

die() {
        printf '%s: %s\n' "${0##*/}" "$*" >&2
        exit 1
}

deadline() {
        echo $(( $1 * SLOWNESS ))
}

# seconds_since EPOCHREALTIME -> seconds with one digit
seconds_since() {
        awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

require_machine() {
        local missing=() package

        [ "$(id -u)" = 0 ] || die "must run as root"

        while read -r package; do
                dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
                        missing+=("$package")
        done < <(sed '/^#/d' "$LAB_DIR/packages")

        [ ${#missing[@]} = 0 ] || die "missing packages, try: apt-get install ${missing[*]}"
        mkdir -p "$CACHE"
}
