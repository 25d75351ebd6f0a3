# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 900
#
# Targets that QEMU cannot take: somebody else holds their VFIO group. The next one is tried; when none does, the guest
# goes back to the function that it had, or stays hibernated, as asked for.

. /lab/ctl.sh
a=$(function_address 1 0)

# hold ADDRESS...: their groups are open elsewhere, which only QEMU finds out
hold() {
        local address group
        for address; do
                group=/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$address/iommu_group")")
                systemd-run --quiet --collect --unit="hold-${address//[:.]/-}" bash -c "exec 9<>$group; exec sleep infinity"
                wait_for 30 is_open "$group" || fail "nobody holds $group"
        done
}
let_go() {
        systemctl stop 'hold-*'
        vgpu-hibernatectl --json functions | jq -r '.[] | select(.state == "quarantined") | .address' |
                while read -r address; do vgpu-hibernatectl clear "$address"; done
}
attempts() {
        vgpu-hibernatectl --json job "$1" | jq '.attempts | length'
}
last_job() {
        vgpu-hibernatectl --json jobs | jq 'map(.id) | max'
}

mapfile -t others < <(for number in 0 1 2 3; do function_address 2 $number; done)

guest-state s3 > before
hold "${others[@]:0:3}"
check "the third bad target is followed by none: the guest is back" \
        refused RestoreFailed "runs again on the functions that it had" vgpu-hibernatectl move s3
job=$(last_job)
check "three were tried" is "$(attempts "$job")" 3
guest-state s3 > after
check "it is the same guest on the same function" guest-proof --mac-same before after
check "its books are right" is "$(domain_functions s3)" "$a"
check "nothing is left" nothing_left_of s3
check "what QEMU complained of is quarantined" is \
        "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "quarantined" and (.reason | test("vfio")))] | length')" 3
check "the story says so" bash -c "vgpu-hibernatectl job $job | grep -q 'going on with function $a, which the domain had'"
let_go

hold "${others[@]:0:1}"
vgpu-hibernatectl move s3
job=$(last_job)
check "a bad target is followed by a good one" is "$(attempts "$job")" 1
guest-state s3 > after
check "the same guest, on the other card" guest-proof --mac-differs before after
b=$(domain_functions s3)
check "the books are right" moved s3 "$a" "$b"
check "the bad one is not offered again" function_is "${others[0]}" quarantined
let_go

hold "$a"
check "a target asked for by name is not exchanged; the guest may stay hibernated" \
        refused RestoreFailed "stays hibernated" vgpu-hibernatectl move s3 --function "$a" --fallback stay
check "and is" domain_is s3 hibernated
let_go
vgpu-hibernatectl resume s3 --function "$a"
guest-state s3 > after
check "the same guest, resumed where it could not before" guest-proof --mac-same before after
check "the books are right" moved s3 "$b" "$a"
