# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 900
#
# What plain virsh can do to hibernate: suspend the guest of a domain that asks for it. And why not more: what QEMU's
# migration mode does that would let virsh managedsave work.

. /lab/ctl.sh
a=$(function_address 1 0)
image=/var/lib/libvirt/qemu/save/s3.save

last_job() {
        vgpu-hibernatectl --json jobs | jq 'map(.id) | max // 0'
}

wait_job() {
        wait_for 300 job_ended "$1" && job_is "$1" "$2" && return
        vgpu-hibernatectl job "$1"
        return 1
}

# new_job AFTER: a job has begun since the one of this number
new_job() {
        [ "$(last_job)" -gt "$1" ]
}

# declare_asleep yes|no
declare_asleep() {
        virsh -q metadata s3 http://vgpu.org/hibernate/1 --key vgpu --live --config \
                --set "<guest hibernate_asleep='$1'/>" > /dev/null
}

set_mode() {
        virsh -q qemu-monitor-command s3 \
                "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"mode\": \"$1\"}}" > /dev/null
}

status_is() {
        [ "$(qemu-status s3)" = "$1" ]
}

# virsh start of a domain that is hibernated, and all that follows
resume_by_virsh() {
        local job
        job=$(last_job)
        virsh -q start s3 && new_job "$job" && wait_job "$(last_job)" "done"
}

systemctl reload libvirtd
guest-state s3 > before

say "A domain that does not ask for it"
check "virsh managedsave is refused" fails_with "VFIO migration is not supported in kernel" virsh managedsave s3
virsh -q dompmsuspend s3 mem
check "its guest sleeps" wait_for 60 status_is suspended
sleep 3
check "and no job begins" is "$(last_job)" 0
check "it can be hibernated as it sleeps" vgpu-hibernatectl hibernate s3
cp "$image" copy.save # this guest has no disk that would go on without it
check "and resumed" resume_by_virsh
guest-state s3 > after
check "the same guest" guest-proof before after

say "A domain that asks for it"
declare_asleep yes
job=$(last_job)
virsh -q dompmsuspend s3 mem
check "a job begins when its guest sleeps" wait_for 60 new_job "$job"
check "it hibernates the domain" wait_job $(( job + 1 )) "done"
check "the domain is hibernated" domain_is s3 hibernated
check "its function is anybody's" function_is "$a" free
vgpu-hibernatectl quarantine "$a" --reason "gone to lunch"
check "virsh start resumes it" resume_by_virsh
guest-state s3 > after
b=$(domain_functions s3)
check "the same guest, on another function" guest-proof --mac-differs before after
vgpu-hibernatectl clear "$a"
check "the books are right" moved s3 "$a" "$b"

say "And virsh managedsave right behind"
job=$(last_job)
virsh -q dompmsuspend s3 mem
virsh managedsave s3 || true # before, in, or after the job
check "the job takes what it finds" wait_for 60 new_job "$job"
check "and ends" wait_job $(( job + 1 )) "done"
check "the domain is hibernated" domain_is s3 hibernated
check "virsh start resumes it" resume_by_virsh
guest-state s3 > after
check "the same guest" guest-proof before after
declare_asleep no

# From here on QEMU has the mode for good, as by "-global migration.mode=cpr-reboot", and no job takes it back.
say "QEMU's mode, for a guest that runs"
qemu-img create -q -f qcow2 /var/lib/libvirt/images/s3.qcow2 64M
virsh -q attach-disk s3 /var/lib/libvirt/images/s3.qcow2 vda --subdriver qcow2 --targetbus virtio --live
check "without it a snapshot is refused" fails_with "VFIO migration is not supported" virsh snapshot-create-as s3 one
set_mode cpr-reboot
check "with it a save is refused still" fails_with "only supports cpr-reboot for runstate suspended" virsh managedsave s3
check "the guest reaches its peer" guest-ping s3
check "but a snapshot is taken" virsh -q snapshot-create-as s3 one
virsh -q snapshot-revert s3 one
check "after which the guest runs" status_is running
check "with a function that does not work" fails_with "" guest-ping s3

say "QEMU's mode, for a guest that sleeps"
virsh -q snapshot-delete s3 one
virsh -q destroy s3
virsh -q restore copy.save
virsh -q resume s3
virsh -q dompmwakeup s3
guest-wait s3 300
virsh -q dompmsuspend s3 mem
wait_for 60 status_is suspended
check "without it a core dump is refused" fails_with "VFIO migration is not supported" virsh dump s3 core
set_mode cpr-reboot
check "with it the dump is made" virsh -q dump s3 core
check "and nobody can wake the guest any more" fails_with "not in suspended state" virsh dompmwakeup s3
check "nor continue it" fails_with "pmsuspended" virsh resume s3
check "since QEMU has ended its life" status_is postmigrate
