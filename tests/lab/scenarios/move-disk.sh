# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s4
# timeout: 1200
#
# The guest hibernates to its own disk (S4) and is booted on another card's function: once as a move, once in two jobs.

. /lab/ctl.sh
a=$(function_address 1 2) b=$(function_address 2 2)

guest-state s4 > before
vgpu-hibernatectl move s4 --strategy suspend-to-disk --function "$b"
guest-state s4 > between
check "the same guest, on another card's function" guest-proof --mac "$(function_mac 2 2)" before between
check "it reaches its peer" guest-ping s4
check "the books are right" moved s4 "$a" "$b"

vgpu-hibernatectl hibernate s4 --strategy suspend-to-disk
check "s4 is hibernated" domain_is s4 hibernated
check "its function is free" function_is "$b" free
vgpu-hibernatectl resume s4 --function "$a"
guest-state s4 > after
check "the same guest again, back on the first card" guest-proof --mac "$(function_mac 1 2)" between after
check "it reaches its peer" guest-ping s4
check "the books are right" moved s4 "$b" "$a"
