# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 900
# phases: 3
#
# The daemon is restarted in the middle of a save, then the host is rebooted in the middle of it: with logind, and in the
# second phase without. Each time the save is completed before libvirt-guests and libvirt are stopped, and the job goes
# forward after the boot: the guest is moved, and is the one that it was.

. /lab/ctl.sh
a=$(function_address 1 0) b=$(function_address 2 0)

job_value() {
        jq -r "$2" "/var/lib/vgpu-hibernate/jobs/$1.json"
}
step_is() {
        [ "$(job_value "$1" ".steps[] | select(.step == \"$2\") | .state")" = "$3" ]
}
job_is() {
        [ "$(vgpu-hibernatectl --json job "$1" | jq -r .state)" = "$2" ]
}

# begin_slow_save TARGET: sets job, whose save goes on for longer than a daemon takes to start, and logind by itself waits
begin_slow_save() {
        systemctl set-property --runtime libvirtd.service "IOWriteBandwidthMax=/dev/vda 4M"
        job=$(vgpu-hibernatectl --json --no-wait move s3 --function "$1" | jq .id)
        wait_for 240 step_is "$job" save started || fail "job $job did not come to its save"
}

logind_waits() {
        systemd-inhibit --list --no-pager | grep vgpu-hibernated > /dev/null
}

# in_order WORDS WORDS: in the boot before this one, a line with the first came before one with the second
in_order() {
        journalctl -q -b -1 -o cat | awk -v first="$1" -v second="$2" '
                index($0, first) { seen = 1 }
                index($0, second) { good = seen; exit }
                END { exit !good }'
}

# moved_after_boot FROM TO CARD
moved_after_boot() {
        check "the save was completed before the host went down" \
                in_order "Job $job (move of domain 's3'): rests" "Stopping libvirt-guests.service"
        check "and before libvirt was stopped" \
                in_order "Job $job (move of domain 's3'): rests" "Stopping libvirtd.service"
        check "after the boot the job goes forward" wait_for 400 job_is "$job" "done"
        guest-wait s3 300
        guest-state s3 > after
        check "the guest is moved" guest-proof --mac "$(function_mac "$3" 0)" before after
        check "the books are right" moved s3 "$1" "$2"
}

case $LAB_PHASE in
1)
        check "the units are sound" systemd-analyze verify --man=no \
                vgpu-hibernated.service vgpu-hibernate-shutdown.service
        systemctl unmask --quiet libvirt-guests.service
        systemctl enable --quiet vgpu-hibernated.service
        systemctl start libvirt-guests.service vgpu-hibernated.service
        guest-state s3 > before

        begin_slow_save "$b"
        echo "$job" > job
        worker=$(job_value "$job" .worker_pid)
        systemctl restart vgpu-hibernated.service
        check "daemon restarted: the save goes on in its worker" is "$(job_value "$job" .worker_pid)" "$worker"
        check "which lives" kill -0 "$worker"
        check "and logind is asked to wait" wait_for 20 logind_waits

        say "rebooting"
        systemctl reboot
        check "a host that shuts down takes no jobs" refused ShuttingDown "shut down" vgpu-hibernatectl hibernate s3
        await_reboot ;;
2)
        job=$(cat job)
        moved_after_boot "$a" "$b" 2

        # As ctrl-alt-del does it.
        guest-state s3 > before
        begin_slow_save "$a"
        echo "$job" > job
        say "rebooting without logind"
        systemctl start --no-block --job-mode=replace-irreversibly reboot.target
        await_reboot ;;
3)
        job=$(cat job)
        moved_after_boot "$b" "$a" 1
        vgpu-hibernatectl job "$job" ;;
esac
