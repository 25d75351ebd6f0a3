# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# guests: none
# timeout: 120
# phases: 2
#
# What was synced survives a power cut, what was not does not, and the functions come back by themselves.
# It proves the lab: every scenario that cuts the power relies on it.

if [ "$LAB_PHASE" = 1 ]; then
        cp /proc/sys/kernel/random/boot_id boot-before
        echo kept > synced
        sync -f .
        echo lost > not-synced
        power_cut
fi

check "this is another boot" test "$(cat boot-before)" != "$(cat /proc/sys/kernel/random/boot_id)"
check "what was synced is there" grep -qx kept synced
check "what was not synced is gone" test ! -s not-synced
check "libvirt answers" virsh -q list
for card in 1 2; do
        for number in 0 1 2 3; do
                function=$(function_address "$card" "$number")
                check "$function is on vfio-pci" test "$(function_driver "$function")" = vfio-pci
        done
done
