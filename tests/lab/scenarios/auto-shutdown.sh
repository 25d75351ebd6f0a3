# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 600
# phases: 2
#
# libvirt's own auto-shutdown saves guests when the host is about to shut down, and cannot save one that has a function. An
# adopted domain is hibernated all the same, and back after the boot.

. /lab/ctl.sh

journal_of_shutdown() {
        journalctl -q -b -1 -o cat
}
is_back() {
        domain_is s3 running &&
                vgpu-hibernatectl --json list --all | jq -e '.[] | select(.name == "s3") | .job == null' > /dev/null
}

case $LAB_PHASE in
1)
        echo 'auto_shutdown_try_save = "persistent"' >> /etc/libvirt/qemu.conf
        systemctl restart libvirtd
        systemctl enable --quiet vgpu-hibernated.service
        systemctl restart vgpu-hibernated.service
        check "the daemon sees it" wait_for 60 domain_is s3 running
        vgpu-hibernatectl --quiet adopt s3
        guest-state s3 > before
        systemctl reboot
        await_reboot ;;
2)
        check "libvirt tried to save it, and could not" grep -q "auto-shutdown: unable to perform managed save of 's3'" \
                <(journal_of_shutdown)
        check "it was hibernated" grep -q "(hibernate of domain 's3'): done" <(journal_of_shutdown)
        check "it is brought back" wait_for 300 is_back
        guest-wait s3 300
        guest-state s3 > after
        check "the same guest" guest-proof before after
        check "nothing is left" nothing_left_of s3 ;;
esac
