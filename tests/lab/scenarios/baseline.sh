# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 300
#
# A guest moves to another card by plain virsh. None of the project takes part: it proves the lab.

guest-state s3 > before
say "before: $(cat before)"
guest-ping s3 || fail "s3 does not reach $PEER before the move"

virsh-move s3 "$(function_address 2 0)"

guest-state s3 > after
say "after:  $(cat after)"
check "the guest went on with the function of the other card" guest-proof --mac "$(function_mac 2 0)" before after
check "the guest reaches its peer through it" guest-ping s3
check "the persistent XML has the new function" \
        grep -q "bus='0x02' slot='0x10' function='0x0'" <(virsh dumpxml --inactive s3)
