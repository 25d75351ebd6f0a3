# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf s4
# thorough
# timeout: 900
# phases: 3
# more-cards: 0 1 0
#
# Domains are adopted, with libvirt-guests at work, and the host is rebooted with three of them running: each is hibernated
# before libvirt-guests begins, and back after the boot, in order, on what functions there are then: with one more card
# before the others, so that no address is what it was; then with that card gone and two functions left, so that the last
# in the order stays hibernated. One that was off, and that libvirt was to start, is booted by the daemon. What adopt
# changes it shows first, and disown leaves the domain as it was.

. /lab/ctl.sh

# use_functions RULE...: of the pool
use_functions() {
        local rules
        rules=$(printf '%s, ' "$@")
        printf '{ "schema": 1, "functions": { "match": [ %s ] },
                "timeouts": { "agent_seconds": 60, "suspend_seconds": 90, "wake_seconds": 120, "health_seconds": 900 } }\n' \
                "${rules%, }"
}

definition() {
        virsh -q dumpxml --inactive --security-info "$1"
}
libvirt_starts() {
        is "$(virsh -q dominfo "$1" | sed -n 's/^Autostart: *//p')" "$2"
}
# adopted NAME PROPERTY VALUE
adopted() {
        is "$(vgpu-hibernatectl --json list --all | jq -r ".[] | select(.name == \"$1\") | .$2")" "$3"
}
# in_order BOOT WORDS WORDS: in the journal of this boot a line with the first comes before one with the second
in_order() {
        journalctl -q -b "$1" -o cat | awk -v first="$2" -v second="$3" '
                index($0, first) { seen = 1 }
                index($0, second) { good = seen; exit }
                END { exit !good }'
}
# hibernated_first NAME: in the boot before this one
hibernated_first() {
        in_order -1 "(hibernate of domain '$1'): done" "Stopping libvirt-guests.service"
}
runs() {
        [ "$(virsh -q domstate "$1")" = running ]
}

# back NAME: it runs, with a function that is its own, and is the one that it was
back() {
        check "$1 was hibernated before libvirt-guests was stopped" hibernated_first "$1"
        check "$1 is brought back" wait_for 600 no_job_of "$1"
        check "and runs" domain_is "$1" running
        guest-wait "$1" 300
        guest-state "$1" > after
        check "$1 is the guest that it was" guest-proof "$1.before" after
        check "$1 has a function" function_is "$(domain_functions "$1")" assigned
        check "which its definition names" is "$(definition "$1" | hostdev_address)" "$(domain_functions "$1")"
        check "$1 has left nothing" nothing_left_of "$1"
}
no_job_of() {
        [ "$(domain_state "$1")" = running ] &&
                vgpu-hibernatectl --json list --all | jq -e --arg name "$1" '.[] | select(.name == $name) | .job == null' > /dev/null
}

reboot_host() {
        for guest in s3 ovmf s4; do
                guest-state "$guest" > "$guest.before"
        done
        say "rebooting"
        systemctl reboot
        await_reboot
}

case $LAB_PHASE in
1)
        use_functions '{ "vendor": "8086", "device": "10ca" }' > /etc/vgpu-hibernate/vgpu-hibernate.json
        printf 'ON_SHUTDOWN=shutdown\nON_BOOT=start\n' > /etc/default/libvirt-guests
        systemctl unmask --quiet libvirt-guests.service
        systemctl enable --quiet vgpu-hibernated.service
        systemctl restart vgpu-hibernated.service
        systemctl start libvirt-guests.service

        # As a domain is that libvirt has seen to until now.
        definition q35 | sed "/<hostdev/s/managed='no'/managed='yes'/" > q35.xml
        virsh -q define q35.xml
        virsh -q autostart q35
        definition q35 > q35.was

        check "it shows what it would change" grep -q "^+.*<hostdev .*managed=\"no\"" \
                <(vgpu-hibernatectl adopt q35 --dry-run)
        check "and autostart" grep -q "^libvirt's autostart: on -> off" <(vgpu-hibernatectl adopt q35 -n)
        check "and changes nothing" is "$(definition q35)" "$(cat q35.was)"
        check "not that either" libvirt_starts q35 enable
        vgpu-hibernatectl adopt q35 --order 9 --on-shutdown nothing
        check "adopted: its function is no longer libvirt's to bind" grep -q "<hostdev .*managed='no'" <(definition q35)
        check "nor its start" libvirt_starts q35 disable
        check "but the daemon's" adopted q35 autostart true
        check "in its order" adopted q35 order 9
        check "once more it is the same" grep -q "nothing to change" <(vgpu-hibernatectl adopt q35 2>&1)
        vgpu-hibernatectl disown q35
        check "disowned it is as it was" is "$(definition q35)" "$(cat q35.was)"
        check "and libvirt starts it" libvirt_starts q35 enable
        check "the books say so" adopted q35 adopted false
        vgpu-hibernatectl --quiet adopt q35 --order 9 --on-shutdown nothing

        # In an order that neither names nor UUIDs have.
        vgpu-hibernatectl --quiet adopt s4 --order 30
        vgpu-hibernatectl --quiet adopt s3 --order 10
        vgpu-hibernatectl --quiet adopt ovmf --order 20
        check "a running domain is adopted at once" adopted s3 on_shutdown hibernate
        reboot_host ;;
2)
        for guest in s3 ovmf s4; do
                back "$guest"
        done
        check "s3 came before ovmf" in_order 0 "(resume of domain 's3'): accepted" "(resume of domain 'ovmf'): accepted"
        check "and ovmf before s4" in_order 0 "(resume of domain 'ovmf'): accepted" "(resume of domain 's4'): accepted"
        check "who was off is booted" wait_for 120 runs q35
        check "by the daemon, when the others were back" in_order 0 "(resume of domain 's4'): done" \
                "Domain 'q35' is started"
        virsh -q destroy q35

        # For the next boot only two functions, which this host has now under other addresses.
        use_functions "{ \"address\": \"$(function_address 2 0)\" }" "{ \"address\": \"$(function_address 2 1)\" }" \
                > few.json
        mkdir -p /etc/systemd/system/lab-functions.service.d
        printf '[Service]\nExecStartPost=cp /root/few.json /etc/vgpu-hibernate/vgpu-hibernate.json\n' \
                > /etc/systemd/system/lab-functions.service.d/few.conf
        vgpu-hibernatectl --quiet disown q35
        virsh -q autostart --disable q35
        reboot_host ;;
3)
        back s3
        back ovmf
        check "s4 was hibernated as well" hibernated_first s4
        check "no function is left for it: it stays so" domain_is s4 hibernated
        check "and the journal says why" grep -q "Domain 's4' stays hibernated: no free function" \
                <(journalctl -q -b -u vgpu-hibernated MESSAGE_ID=7c9a2d1e84b34c5f8e6b0f3d92a7c451)
        check "nothing has booted over its image" is "$(virsh -q domstate s4)" "shut off"

        use_functions '{ "vendor": "8086", "device": "10ca" }' > /etc/vgpu-hibernate/vgpu-hibernate.json
        systemctl restart vgpu-hibernated.service
        vgpu-hibernatectl --quiet resume s4
        guest-wait s4 300
        guest-state s4 > after
        check "it is resumed when there are others" guest-proof s4.before after ;;
esac
