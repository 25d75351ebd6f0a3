# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# What the benchmarks in this host have in common

# timed FILE COMMAND...: its output goes to FILE; sets "seconds", how long it took
timed() {
        local file=$1 started=$EPOCHREALTIME status=0
        shift
        "$@" > "$file" || status=$?
        seconds=$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
        return "$status"
}

# timed_move FILE NAME FUNCTION: a move by the project; sets "steps" as well, how long each of them took
timed_move() {
        timed "$1" vgpu-hibernatectl --json move "$2" --function "$3" || return
        steps=$(jq -c '[.steps[] | {(.name): ((.ended_usec - .started_usec) / 1000000)}] | add' "$1")
}

daemon_pid() {
        systemctl show --property MainPID --value vgpu-hibernated.service
}

watch_pid() {
        pgrep -P "$(daemon_pid)" -f ' watch$'
}
