# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 900
#
# virsh start of a hibernated domain, with libvirt's hook: it is resumed on a function that is free, and a job does what
# libvirt does not. Whatever goes wrong in between, the image is kept.

. /lab/ctl.sh
a=$(function_address 1 0)
image=/var/lib/libvirt/qemu/save/s3.save

jobs_of_s3() {
        vgpu-hibernatectl --json jobs | jq '[.[] | select(.domain == "s3")] | length'
}

last_job() {
        vgpu-hibernatectl --json jobs | jq 'map(.id) | max'
}

systemctl reload libvirtd

say "A hibernated domain, and no function for it"
guest-state s3 > before
vgpu-hibernatectl hibernate s3
reservation=$(vgpu-hibernatectl --json reserve "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "free")] | length')" | jq -r .cookie)
check "none is free" fails_with "vgpu-hibernate:" virsh start s3
check "the image is kept" test -s "$image"
check "it is hibernated still" domain_is s3 hibernated
vgpu-hibernatectl release "$reservation"
virsh -q dumpxml --inactive s3 > s3.xml
check "a boot is refused" fails_with "would lose its memory" virsh create s3.xml
check "and leaves the image" test -s "$image"

say "libvirt fails after our yes"
# shellcheck disable=SC2016
hook_file zz-broken '[ "$2" != prepare ] || { echo broken >&2; exit 1; }'
before_job=$(last_job)
check "another hook fails" fails_with "broken" virsh start s3
job=$(last_job)
check "our job had begun" test "$job" -gt "$before_job"
check "it failed" wait_job "$job" failed
check "the image is kept" test -s "$image"
check "the domain is hibernated" domain_is s3 hibernated
rm /etc/libvirt/hooks/qemu.d/zz-broken

say "libvirt unlinks the image, and restored nothing: so 11.3 does when a hook refuses the restore"
# shellcheck disable=SC2016
hook_file zz-broken '[ "$2" != restore ] || exit 1'
virsh -q start s3 || true
check "our job failed" wait_job "$(last_job)" failed
check "it put the image back" test -s "$image"
check "the domain is hibernated" domain_is s3 hibernated
rm /etc/libvirt/hooks/qemu.d/zz-broken

say "virsh start"
vgpu-hibernatectl quarantine "$a" --reason "gone to lunch"
check "virsh starts it" virsh -q start s3
job=$(last_job)
check "a job does the rest" wait_job "$job" "done"
guest-state s3 > after
b=$(domain_functions s3)
check "the same guest, on another function" guest-proof --mac-differs before after
check "the one that was chosen" test "$b" != "$a"
check "it reaches its peer" guest-ping s3
vgpu-hibernatectl clear "$a"
check "the books are right" moved s3 "$a" "$b"
check "it starts no job twice" is "$(jobs_of_s3)" 4
