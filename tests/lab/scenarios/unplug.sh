# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 q35
# thorough
# timeout: 900
#
# Strategy unplug: the guest lets go of its function, moves, and gets another one at the same address, also when its worker
# is killed on the way. It is never taken unasked. A guest that cannot be unplugged keeps what it has. And strategy
# device-state, which no function here can do, is refused in QEMU's own words.

. /lab/ctl.sh
a=$(function_address 1 0) b=$(function_address 2 0)
sed -i 's/"unplug_seconds": 60/"unplug_seconds": 45/; s/"agent_seconds": 60/"agent_seconds": 20/' \
        /etc/vgpu-hibernate/vgpu-hibernate.json
systemctl restart vgpu-hibernated

# await_driver NAME FILE: its state to FILE, once the driver in the guest has found a function
has_driver() {
        guest-state "$1" > "$2" 2> /dev/null && jq -e '.vf.driver == "igbvf"' "$2" > /dev/null
}
await_driver() {
        wait_for 240 has_driver "$1" "$2" || fail "no driver in $1 has a function: $(cat "$2")"
}
explained() {
        vgpu-hibernatectl --json explain "$1" | jq -c "$2"
}
steps_of() {
        vgpu-hibernatectl --json job "$1" | jq -r '[.steps[] | select(.state == "done") | .name] | join(" ")'
}

guest-state s3 > before

check "unasked, another strategy is taken" is "$(explained s3 .strategy)" '"suspend-to-ram"'
check "it could be asked for, and its price is said" \
        is "$(explained s3 '.strategies[] | select(.strategy == "unplug") | [.chosen, .possible, (.reason | test("loses all"))]')" \
        '[false,true,true]'
check "nobody can save the state of these functions, says QEMU" \
        refused NotMigratable "$a: VFIO migration is not supported in kernel" vgpu-hibernatectl move s3 --strategy device-state
guest-state s3 > after
check "after which the guest runs on as it was" guest-proof --mac-same before after

vgpu-hibernatectl move s3 --strategy unplug --function "$b"
await_driver s3 after
check "the same guest, on the function of the other card" guest-proof --mac "$(function_mac 2 0)" before after
check "the books are right" moved s3 "$a" "$b"
check "all steps are done" is "$(steps_of 2)" \
        "check bind unplug save sync rebind restore plug continue discard redefine release health clean"

vgpu-hibernatectl hibernate s3 --strategy unplug
check "s3 is hibernated" domain_is s3 hibernated
check "its function is free" function_is "$b" free
check "the image knows of no function" is "$(virsh managedsave-dumpxml s3 | grep -c '<hostdev')" 0
vgpu-hibernatectl resume s3 --function "$a"
await_driver s3 after
check "the same guest, back on the first card" guest-proof --mac "$(function_mac 1 0)" before after
check "the books are right" moved s3 "$b" "$a"

# Before the commit the way is back to the function that the guest had, after it forward to the other.
kill_at() {
        local step=$1 had=$2 gets=$3 job
        job=$(begin move s3 --strategy unplug --function "$b")
        await_step "$job" "$step"
        kill -KILL "$(jq .worker_pid "/var/lib/vgpu-hibernate/jobs/$job.json")"
        wait_for 240 job_ended "$job" || fail "job $job does not end"
        await_driver s3 after
        check "worker killed at $step: the same guest runs on" guest-proof before after
        check "worker killed at $step: the books are right" moved s3 "$had" "$gets"
}
kill_at unplug "$b" "$a"
kill_at save "$b" "$a"
kill_at plug "$a" "$b"

# SeaBIOS on q35: after a wake-up nobody hears the guest any more. One whose agent tells is not even asked.
qemu_is() {
        [ "$(qemu-status q35)" = "$1" ]
}
guest-state q35 > before
virsh -q dompmsuspend q35 mem
wait_for 60 qemu_is suspended || fail "q35 does not suspend"
virsh -q dompmwakeup q35
guest-wait q35 120
check "a guest that cannot let go, by its own word" refused UnplugFailed "unmapped" vgpu-hibernatectl move q35 --strategy unplug
guest-exec q35 '(sleep 2; killall -STOP qemu-ga; sleep 60; killall -CONT qemu-ga) > /dev/null 2>&1 &'
sleep 10
check "and one that does not" refused UnplugFailed "SeaBIOS on machine type q35" vgpu-hibernatectl move q35 --strategy unplug
guest-wait q35 240
guest-state q35 > after
check "it runs on" guest-proof --mac-same before after
check "with the function that it had" is "$(domain_functions q35)" "$(function_address 1 3)"
check "and nothing is left over" nothing_left_of q35
