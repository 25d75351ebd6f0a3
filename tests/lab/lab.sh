# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The nested host as the commands see it: make what it needs, bring it up, take it down.

. "$LAB_DIR/cache.sh"
. "$LAB_DIR/tree.sh"
. "$LAB_DIR/initrd.sh"
. "$LAB_DIR/probe-kernels.sh"
. "$LAB_DIR/image.sh"
. "$LAB_DIR/qemu.sh"
. "$LAB_DIR/accel.sh"
. "$LAB_DIR/ssh.sh"

# Everything that a start needs, made where missing: sets TREE, KERNEL, IMAGE and ACCEL.
lab_prepare() {
        require_machine
        export TREE KERNEL IMAGE ACCEL
        TREE=$(get_tree host)
        KERNEL=$(get_kernel "$TREE")
        IMAGE=$(get_image "$TREE" "$KERNEL")
        ACCEL=$(get_accel)
}

# One command at a time may start or stop this checkout's host.
lab_lock() {
        mkdir -p "$RUN"
        exec 8> "$RUN/lock"
        flock -n 8 || die "another command of this checkout is using the lab"
}

# A command that needs a running host talks to the very one that was started, whatever the settings are now.
lab_attach() {
        [ -f "$RUN/started" ] || die "no nested host is running, see 'boot' and 'warm'"
        . "$RUN/started"
        host_running || die "no nested host is running, see 'boot' and 'warm'"
}

lab_note_started() {
        local name

        for name in TREE KERNEL IMAGE ACCEL MEMORY_MIB CPUS CARDS FUNCTIONS HOST_CMDLINE; do
                printf '%s=%q\n' "$name" "${!name}"
        done > "$RUN/started"
}

# lab_disk BACKING FORMAT: a new, empty overlay
lab_disk() {
        rm -f "$RUN/disk.qcow2"
        : > "$RUN/console.log"
        : > "$RUN/console-before.log"
        qemu_img create -q -f qcow2 -b "$1" -F "$2" "$RUN/disk.qcow2"
}

# The helpers and scenarios are pushed at every start: changing one makes nothing else again.
lab_push() {
        tar -C "$LAB_DIR" -c host scenarios | host_exec 'tar -C /lab -x --no-same-owner --transform "s,^host/,,"'
}

# lab_push_probe_kernels: into /lab/stable and /lab/testing, for a scenario that wants them
lab_push_probe_kernels() {
        local kernels
        kernels=$(get_probe_kernels "$TREE")

        tar -C "$kernels" -c stable testing | host_exec 'tar -C /lab -x --no-same-owner'
}

lab_wait_system() {
        # "degraded" is for a scenario to look at; what every scenario needs is asked for by name.
        host_exec 'systemctl is-system-running --wait >/dev/null
                systemctl is-active --quiet lab-functions.service && virsh -q list >/dev/null ||
                { systemctl --failed --no-legend; journalctl -b -p warning --no-pager | tail -n 30; exit 1; }' >&2 ||
                die "the nested host came up without its functions or libvirt"
}

# From the disk of an overlay that is there already: the second half of a power cut, too.
lab_boot() {
        local started=$EPOCHREALTIME tries

        lab_note_started
        for (( tries = 1; ; tries++ )); do
                cat "$RUN/console.log" >> "$RUN/console-before.log"
                : > "$RUN/console.log"
                host_start "${1:-cold}" "${2:-}"
                host_wait_status running 60
                ! host_wait_ssh "$(deadline 240)" || break
                [ "$tries" -lt 5 ] || die "the nested host loses its clock at every boot"
                log "the nested host lost its clock, booting again"
                host_kill KILL
        done
        lab_wait_system
        lab_push
        log "nested host booted ($ACCEL) in $(seconds_since "$started") s"
}

lab_boot_cold() {
        lab_disk "$IMAGE/host.raw" raw
        lab_boot cold
}

lab_start_guests() {
        local started=$EPOCHREALTIME

        host_exec "/lab/guests-start $*" >&2 || die "the guests did not start"
        log "guests $* answer after $(seconds_since "$started") s"
}

make_warm() {
        local dir=$1 started

        trap 'host_kill KILL' EXIT
        lab_disk "$IMAGE/host.raw" raw
        truncate -s "${MEMORY_MIB}M" "$dir/ram"
        lab_boot record "$dir"
        # shellcheck disable=SC2086 # a list
        lab_start_guests $GUESTS
        host_exec 'sync; sleep 3; /lab/functions-state save'
        ssh_forget

        started=$EPOCHREALTIME
        host_save "$dir"
        host_monitor quit > /dev/null || true
        host_kill TERM
        trap - EXIT

        mv "$RUN/disk.qcow2" "$dir/disk.qcow2"
        cp "$RUN/console.log" "$dir/console.log"
        chmod a-w "$dir/ram" "$dir/state" "$dir/disk.qcow2"
        log "snapshot taken in $(seconds_since "$started") s"
}

# Helpers that only scenarios use do not count: the snapshot holds what started the guests.
get_warm() {
        local key

        host_machine "$ACCEL" "$KERNEL"
        key=$(recipe_key "made from $IMAGE" "accelerator $ACCEL" "$GUESTS" "$HOST_CMDLINE" "${MACHINE_ARGS[*]}" \
                "$(uname -r)" "$LAB_DIR"/host/{domain-xml,functions.sh,functions-state,guests-start,guest-start,guest-wait} "$(declare -f make_warm)")
        cache_get warm "$key" make_warm || die "cannot make the warm snapshot"
}

lab_start_warm() {
        local started=$EPOCHREALTIME snapshot=$1

        lab_disk "$snapshot/disk.qcow2" qcow2
        lab_note_started
        host_start warm "$snapshot"
        host_wait_status running 60
        host_wait_ssh "$(deadline 60)"
        # It still believes that it is the hour of the snapshot.
        host_exec "date -s @$(date +%s) >/dev/null; /lab/functions-state restore"
        lab_push
        log "nested host started from the warm snapshot ($ACCEL) in $(seconds_since "$started") s"
}

# lab_start_scenario_host SNAPSHOT PROJECT GUEST...: the host as a scenario wants it. PROJECT is empty to do without.
lab_start_scenario_host() {
        local snapshot=$1 project=$2
        shift 2

        lab_stop
        lab_start_warm "$snapshot"
        [ -z "$project" ] || project_install
        host_exec "/lab/choose-guests $*" >&2
}

lab_stop() {
        host_kill TERM
        rm -f "$RUN/disk.qcow2" "$RUN/started" "$RUN/port"
}

# lab_keep_logs NAME OUTPUT: what there is to read of a failure, for people
lab_keep_logs() {
        local logs=${LOGS:?}/$1

        rm -rf "$logs"
        mkdir -p "$logs"
        cat "$RUN/console-before.log" "$RUN/console.log" > "$logs/host-console.txt"
        cp "$2" "$logs/output.txt"
        ! host_running || timeout 120 "$LAB_DIR/exec" collect-logs < /dev/null 2>/dev/null | tar -C "$logs" -x 2>/dev/null || true
        echo "# logs: $logs"
}
