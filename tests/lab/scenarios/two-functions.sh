# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: none
# thorough
# timeout: 900
#
# A guest with two functions moves both to the other card and back; one is exchanged and the other kept; and when the
# second target cannot be had, before the job or while it binds, the first is left as it was and the guest runs on.

. /lab/ctl.sh

one=$(function_address 1 0) two=$(function_address 1 1)
other_one=$(function_address 2 0) other_two=$(function_address 2 1)

# both_functions -> each function in the guest: its address there and its MAC address
both_functions() {
        guest-state s3 | jq -r '.vfs | sort_by(.pci)[] | "\(.pci) \(.mac)"'
}

# has MAC MAC: at the addresses in the guest that it always had
has() {
        is "$(both_functions)" "$(printf '%s %s\n' "$first_place" "$1" "$second_place" "$2")"
}

# owns ADDRESS ADDRESS: in both definitions, in this order, and nothing else is taken or left over
owns() {
        is "$(domain_functions s3 | xargs)" "$1 $2" &&
                is "$(virsh -q dumpxml --inactive s3 | hostdev_addresses | xargs)" "$1 $2" &&
                domain_is s3 running && function_is "$1" assigned && function_is "$2" assigned && nothing_left_of s3 &&
                is "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "assigned" or .state == "leased")] | length')" 2
}

# Standard input: domain XML. The host's addresses of its hostdevs.
hostdev_addresses() {
        sed -n "/<hostdev/,/<\/hostdev>/{/<source>/,/<\/source>/s/.*domain='0x\([0-9a-f]*\)' bus='0x\([0-9a-f]*\)' slot='0x\([0-9a-f]*\)' function='0x\([0-9a-f]*\)'.*/\1:\2:\3.\4/p}"
}

guest-start s3 --function "$one" --function "$two" --ip 10.9.0.11/24,10.9.1.11/24
first_place=$(both_functions | sed -n '1s/ .*//p') second_place=$(both_functions | sed -n '2s/ .*//p')
check "the guest has two functions" has "$(function_mac 1 0)" "$(function_mac 1 1)"

guest-state s3 > before
vgpu-hibernatectl move s3
guest-state s3 > after
check "both move, and the guest is the same" guest-proof --mac "$(function_mac 2 0)" before after
check "each is where it was in the guest" has "$(function_mac 2 0)" "$(function_mac 2 1)"
check "the books are right" owns "$other_one" "$other_two"
check "it reaches its peer" guest-ping s3

# 1. Somebody has the second target: nothing begins.
vgpu-hibernatectl quarantine "$two" --reason "not for this one"
check "a set that is not free is refused as a whole" \
        refused FunctionBusy "$two" vgpu-hibernatectl move s3 --function "$one" --function "$two"
check "nothing is leased" function_is "$one" free
check "nor was anything touched" owns "$other_one" "$other_two"
vgpu-hibernatectl clear "$two"

# 2. The second target cannot be bound: the first goes back to what it was.
echo > "/sys/bus/pci/devices/$one/driver_override"
echo "$one" > /sys/bus/pci/drivers/vfio-pci/unbind
echo > "/sys/bus/pci/devices/$two/driver_override"
echo "$two" > /sys/bus/pci/drivers/vfio-pci/unbind
check "the first has no driver" is "$(function_driver "$one")" ""
# Its member of sysfs takes the driver's name and keeps it: nothing that is asked for is bound.
mount --bind /dev/null "/sys/bus/pci/devices/$two/driver_override"
guest-state s3 > before
check "a target that cannot be bound fails the job" \
        refused BindFailed "$two" vgpu-hibernatectl move s3 --function "$one" --function "$two"
umount "/sys/bus/pci/devices/$two/driver_override"
guest-state s3 > after
check "the guest ran on" guest-proof --mac-same before after
check "on what it had" owns "$other_one" "$other_two"
check "the first is unbound again" is "$(function_driver "$one")" ""
check "and free" function_is "$one" free
vgpu-hibernatectl clear "$two" || true

# 3. One is exchanged, the other stays.
guest-state s3 > before
vgpu-hibernatectl move s3 --function "$one" --function "$other_two"
guest-state s3 > after
check "one moves" guest-proof --mac "$(function_mac 1 0)" before after
check "and the other is kept" has "$(function_mac 1 0)" "$(function_mac 2 1)"
check "both are in the books" owns "$one" "$other_two"

# 4. And all of it back.
vgpu-hibernatectl move s3 --function "$one" --function "$two"
guest-state s3 > after
check "home again" guest-proof --mac "$(function_mac 1 0)" before after
check "with both" has "$(function_mac 1 0)" "$(function_mac 1 1)"
check "and the books are right" owns "$one" "$two"
