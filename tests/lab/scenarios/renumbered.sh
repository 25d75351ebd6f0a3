# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 900
# phases: 3
# more-cards: 0 1 0
#
# A domain is hibernated with a hold, other functions are in quarantine and reserved; then the host boots with one more
# card, before the others, so that each bus has the number that another one had. What was held, reserved and in quarantine
# is so still, under its new address; the guest resumes on its function, the one that has its old address is left alone.
# Then the power goes in the middle of a move, after its commit, and the card is taken out again: the job follows.

. /lab/ctl.sh

# card_of ADDRESS -> the MAC address of the card, which it keeps wherever it is
card_of() {
        cat "/sys/bus/pci/devices/$1"/physfn/net/*/address
}

# mac_of ADDRESS -> which the host gave it at this boot
mac_of() {
        local bus=$(( 16#${1:5:2} ))

        function_mac "$bus" $(( (16#${1:8:2} - 16) * 4 + ${1:11:1} / 2 ))
}

# reserved_functions -> of all reservations
reserved_functions() {
        busctl --json=short get-property org.vgpu.Hibernate1 /org/vgpu/Hibernate1 org.vgpu.Hibernate1.Manager Reservations |
                jq -r '.data[] | .[1][]'
}

runs_on() {
        is "$(virsh -q dumpxml s3 | hostdev_address)" "$1" &&
                is "$(virsh -q dumpxml --inactive s3 | hostdev_address)" "$1" && nothing_left_of s3
}

first=$(function_address 1 0)

case $LAB_PHASE in
1)
        echo '{ "schema": 1, "functions": { "match": [ { "vendor": "8086", "device": "10ca" } ] },
                "timeouts": { "agent_seconds": 60, "suspend_seconds": 45, "wake_seconds": 90, "health_seconds": 900 } }' \
                > /etc/vgpu-hibernate/vgpu-hibernate.json
        systemctl restart vgpu-hibernated.service
        card_of "$first" > its-card
        card_of "$(function_address 2 0)" > other-card

        guest-state s3 > before
        vgpu-hibernatectl hibernate s3 --hold
        vgpu-hibernatectl quarantine "$(function_address 2 1)" --reason "it smokes"
        vgpu-hibernatectl quarantine "$(function_address 1 3)" --reason "it burns"
        vgpu-hibernatectl --quiet reserve 1 --ttl 86400 > cookie
        reserved=$(reserved_functions)
        card_of "$reserved" > reserved-card
        echo "${reserved:8}" > reserved-number
        check "the function is held" function_is "$first" held
        sync
        ;;
2)
        one=$(function_address 2 0) other=$(function_address 3 0) new=$first

        check "the first card is where the second one was" is "$(card_of "$one")" "$(cat its-card)"
        check "and the second one has a new number" is "$(card_of "$other")" "$(cat other-card)"
        check "a third one is where the first was" test "$(card_of "$new")" != "$(cat its-card)"

        check "the hold follows its function" function_is "$one" held
        check "and leaves the one that has its address" function_is "$new" free
        check "the domain shows it" is "$(domain_functions s3)" "$one"
        check "so does the quarantine of the second card" function_is "$(function_address 3 1)" quarantined
        check "and of the first" function_is "$(function_address 2 3)" quarantined
        check "no other one has come into it" is \
                "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "quarantined")] | length')" 2
        reserved=$(reserved_functions)
        check "the reservation is of the same card" is "$(card_of "$reserved")" "$(cat reserved-card)"
        check "and the same number" is "${reserved:8}" "$(cat reserved-number)"
        check "it is kept" function_is "$reserved" held
        # The definitions of guests that are shut off name addresses that are others' by now.
        check "nobody owns anything" is \
                "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "assigned")] | length')" 0
        vgpu-hibernatectl release "$(cat cookie)"

        vgpu-hibernatectl resume s3
        guest-state s3 > after
        check "the guest goes on with its own function" guest-proof --mac "$(mac_of "$one")" before after
        check "which has another address, in the definition too" runs_on "$one"
        check "it reaches its peer" guest-ping s3

        guest-state s3 > before
        job=$(begin move s3)
        await_step "$job" rewrite
        echo "$job" > job
        sync
        power_cut
        ;;
3)
        job=$(cat job)
        check "the first card is where it was at first" is "$(card_of "$first")" "$(cat its-card)"
        check "the move goes forward" wait_for 600 job_is "$job" "done"
        vgpu-hibernatectl job "$job"
        guest-wait s3 300
        guest-state s3 > after
        to=$(domain_functions s3)
        check "to another card" test "$(card_of "$to")" != "$(cat its-card)"
        check "the same guest" guest-proof --mac "$(mac_of "$to")" before after
        check "the books are right" runs_on "$to"
        check "what it had is free" function_is "$first" free
        check "the quarantine has followed again" function_is "$(function_address 2 1)" quarantined
        check "and the other" function_is "$(function_address 1 3)" quarantined
        ;;
esac
