# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Sourced before every scenario, in the nested host.

set -euo pipefail
PATH=/lab:$PATH

. /lab/functions.sh

# An address that every guest reaches through its function.
# shellcheck disable=SC2034 # for the scenarios
PEER=10.9.0.1

# Of a scenario that says "# phases: N" in its head: which one is this?
: "${LAB_PHASE:=1}"

# The power goes, this instant and with nothing written: the next phase runs after the boot. A phase that just ends
# is followed by a power cut, too.
power_cut() {
        echo 1 > /proc/sys/kernel/sysrq
        echo b > /proc/sysrq-trigger
        sleep 60
}

# After "systemctl reboot" or the like: the next phase runs after the boot.
await_reboot() {
        [ "$LAB_CHECKS_FAILED" = 0 ] || exit 1
        sleep infinity
}

fail() {
        printf 'FAILED: %s\n' "$*" >&2
        exit 1
}

say() {
        printf '[%7.1f] %s\n' "$(awk -v a="$LAB_SCENARIO_START" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')" "$*"
}
LAB_SCENARIO_START=$EPOCHREALTIME

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
        local end=$(( SECONDS + $1 ))
        shift
        until "$@"; do
                [ $SECONDS -lt $end ] || return 1
                sleep 0.5
        done
}

# check DESCRIPTION COMMAND...: one assertion, reported by its own line; the scenario goes on and fails at its end
LAB_CHECKS=0
LAB_CHECKS_FAILED=0
check() {
        local description=$1
        shift
        LAB_CHECKS=$(( LAB_CHECKS + 1 ))
        if "$@"; then
                echo "    ok $LAB_CHECKS - $description"
        else
                echo "    not ok $LAB_CHECKS - $description"
                LAB_CHECKS_FAILED=$(( LAB_CHECKS_FAILED + 1 ))
        fi
}

lab_finish() {
        local status=$?
        [ "$LAB_CHECKS" = 0 ] || echo "    1..$LAB_CHECKS"
        [ "$status" != 0 ] || [ "$LAB_CHECKS_FAILED" = 0 ] || status=1
        exit "$status"
}
trap lab_finish EXIT
