# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 q35
# timeout: 600
#
# Hibernate and resume as two jobs: in between the function is free, the memory is an image. And a guest whose firmware
# can do it only once: the second time is refused, and it goes on running.

. /lab/ctl.sh
a=$(function_address 1 0) b=$(function_address 2 0)

guest-state s3 > before
vgpu-hibernatectl hibernate s3
check "s3 is hibernated" domain_is s3 hibernated
check "its function is free" function_is "$a" free
check "libvirt has its image" test -s /var/lib/libvirt/qemu/save/s3.save
check "hibernating it again is refused" refused NotRunning "resume" vgpu-hibernatectl hibernate s3
check "moving it is refused" refused NotRunning "resume" vgpu-hibernatectl move s3

vgpu-hibernatectl resume s3 --function "$b"
guest-state s3 > after
check "the same guest, on another card's function" guest-proof --mac "$(function_mac 2 0)" before after
check "it reaches its peer" guest-ping s3
check "the books are right" moved s3 "$a" "$b"

guest-state q35 > before
vgpu-hibernatectl move q35
guest-state q35 > between
check "q35 moved once" guest-proof --mac-differs before between
on=$(domain_functions q35)
check "the second time is refused before the guest is touched" \
        refused SuspendDisabled "once in this boot" vgpu-hibernatectl move q35
guest-state q35 > after
check "q35 runs on as it was" guest-proof --mac-same between after
check "on the function it had" is "$(domain_functions q35)" "$on"
check "nothing is left of the try" nothing_left_of q35
check "no function is kept for it" is "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "leased")] | length')" 0
