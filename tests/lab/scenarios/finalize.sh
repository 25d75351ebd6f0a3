# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# timeout: 600
#
# libvirtd is killed in a save and stays away until QEMU has written everything: a whole image under the header of a
# partial one, and a QEMU that must never be continued. The guest must come back from that image.

. /lab/ctl.sh
a=$(function_address 1 0) b=$(function_address 2 0)
image=/var/lib/libvirt/qemu/save/s3.save

# Whoever connects would start it again.
libvirtd_away() {
        systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket 2>/dev/null
        systemctl kill --signal=SIGKILL libvirtd
        systemctl stop libvirtd 2>/dev/null || true
}
libvirtd_back() {
        systemctl reset-failed libvirtd
        systemctl start libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd
}
is_closed() {
        ! is_open "$image"
}

guest-state s3 > before
job=$(begin move s3 --function "$b")
wait_for 120 test -s "$image" || fail "there is no image"
libvirtd_away
wait_for 120 is_closed || fail "the image is written for ever"
check "the image says that it is partial" is "$(head -c 16 "$image")" LibvirtQemudPart
check "QEMU lives" pgrep -f "guest=s3,"
sleep 3
libvirtd_back

wait_for 300 job_ended "$job" || fail "job $job has no end"
vgpu-hibernatectl job "$job" || true
domain_is s3 running || fail "the domain is $(domain_state s3)"
guest-wait s3 300
guest-state s3 > after
check "the guest came back from its image" guest-proof before after
check "nothing is left" nothing_left_of s3
check "no function is kept" is "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "leased")] | length')" 0
check "its books are right" function_is "$(domain_functions s3)" assigned
check "the other function is free" function_is "$([ "$(domain_functions s3)" = "$a" ] && echo "$b" || echo "$a")" free
