# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Commands in the nested host. One connection is kept and shared: its set-up is slow under emulation.

ssh_options() {
        SSH_OPTIONS=(
                -F /dev/null -i "$IMAGE/id" -p "$(cat "$RUN/port")"
                -o BatchMode=yes -o LogLevel=ERROR
                -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
                -o ServerAliveInterval=30 -o ServerAliveCountMax=10
                -o ControlMaster=auto -o ControlPersist=600 -o "ControlPath=$RUN/ssh"
        )
}

# host_exec [-t] COMMAND...
host_exec() {
        local options=()

        [ "$1" != -t ] || { options=(-t); shift; }
        ssh_options
        ssh "${SSH_OPTIONS[@]}" "${options[@]}" -o ConnectTimeout=20 root@127.0.0.1 "$@" 8>&- 9>&-
}

ssh_forget() {
        [ ! -S "$RUN/ssh" ] || ssh -F /dev/null -o "ControlPath=$RUN/ssh" -O exit lab 2>/dev/null || true
        rm -f "$RUN/ssh"
}

# The emulator chose a free port, so that several hosts never ask for the same.
ssh_find_port() {
        host_monitor "info usernet" | awk '$1 ~ /HOST_FORWARD/ { print $4; exit }' > "$RUN/port"
        [ -s "$RUN/port" ] || die "the nested host's ssh port is not known"
}

# Under emulation, on a machine with too much to do, a kernel now and then loses its clock in its first second. It says
# so itself, and nothing has touched the disk yet.
host_lost_its_clock() {
        grep -aq "rcu_preempt kthread timer wakeup didn't happen" "$RUN/console.log"
}

# host_wait_ssh SECONDS: fails if it is worth to start it again
host_wait_ssh() {
        local end=$(( SECONDS + $1 ))

        ssh_forget
        ssh_find_port
        # The first, successful try becomes the connection that is kept: it must not hold our output open.
        until host_exec true > /dev/null 2>&1 < /dev/null; do
                host_running || { tail -n 20 "$RUN/console.log" >&2; die "the nested host ended"; }
                ! host_lost_its_clock || return 1
                [ $SECONDS -lt $end ] || { tail -n 20 "$RUN/console.log" >&2; die "the nested host did not answer in $1 s"; }
                sleep 0.5
        done
}
