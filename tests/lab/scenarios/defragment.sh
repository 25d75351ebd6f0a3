# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: none
# thorough
# timeout: 1800
# phases: 2
# more-cards: 0 1
#
# Five guests are spread over three cards, none of which is empty. A plan makes room for a whole card and is carried out: the
# room is reserved, the guest that moved goes on. Then another card is evacuated while the daemon is killed in the middle; the
# next one goes on. In the end two guests change places, for which there is a plan by hand. All five are what they were.

. /lab/ctl.sh

vms="vm1 vm2 vm3 vm4 vm5"

# start NAME CARD FUNCTION...: one after the other
start() {
        while [ $# -gt 0 ]; do
                guest-start s3 --name "$1" --function "$(function_address "$2" "$3")" --ip "10.9.0.$(( 20 + ${1#vm} ))/24"
                shift 3
        done
}

physical_function() {
        basename "$(readlink -f "/sys/bus/pci/devices/$1/physfn")"
}

# owned_on PF -> how many of its functions are not free
owned_on() {
        vgpu-hibernatectl --json functions |
                jq --arg pf "$1" '[.[] | select(.physical_function == $pf and (.state | IN("assigned", "leased")))] | length'
}

goes_on() {
        guest-wait "$1" 300
        guest-state "$1" > "after-$1"
        guest-proof "before-$1" "after-$1" && domain_is "$1" running && nothing_left_of "$1"
}

all_held() {
        local function

        for function; do
                function_is "$function" held || return 1
        done
}

case $LAB_PHASE in
1)
        echo '{ "schema": 1, "functions": { "match": [ { "vendor": "8086", "device": "10ca" } ] },
                "timeouts": { "agent_seconds": 60, "suspend_seconds": 60, "wake_seconds": 120, "health_seconds": 900 } }' \
                > /etc/vgpu-hibernate/vgpu-hibernate.json
        sync
        ;;
2)
        # As many at a time as there are processors.
        start vm1 1 0 vm2 1 1 vm5 3 2 &
        start vm3 2 0 vm4 2 3
        wait $!
        for vm in $vms; do
                guest-state "$vm" > "before-$vm"
        done

        # 1. Room for a whole card.
        vgpu-hibernatectl plan --goal fit=4,on=pf --json > plan.json
        vgpu-hibernatectl map --goal fit=4,on=pf
        check "one domain has to move" is "$(jq '.moves | length' plan.json)" 1
        mover=$(jq -r '.moves[0].domain' plan.json)
        vgpu-hibernatectl apply plan.json --reserve --ttl 3600 --json > job
        check "the plan was carried out" is "$(jq -r .state job)" "done"
        # shellcheck disable=SC2046 # a list
        check "the room is reserved" all_held $(jq -r '.rooms[0].functions[]' plan.json)
        check "the card is empty" is "$(owned_on "$(physical_function "$(jq -r '.rooms[0].functions[0]' plan.json)")")" 0
        check "$mover goes on" goes_on "$mover"
        check "a plan is good once" refused PlanStale "plan anew" vgpu-hibernatectl apply plan.json
        vgpu-hibernatectl release "$(jq -r .cookie job)"

        # 2. A card with two, and no daemon in the middle.
        card=$(physical_function "$(function_address 2 0)")
        vgpu-hibernatectl plan --goal "evacuate=$card" --json > plan.json
        moves=$(jq '.moves | length' plan.json)
        check "at least two domains have to move" test "$moves" -ge 2
        job=$(vgpu-hibernatectl apply plan.json --no-wait)
        await_step $(( job + 1 )) save
        systemctl kill --kill-whom=main --signal=KILL vgpu-hibernated.service
        check "the next daemon goes on" wait_for 900 job_is "$job" "done"
        vgpu-hibernatectl job "$job"
        check "the card is evacuated" is "$(owned_on "$card")" 0
        for vm in $(jq -r '.moves[].domain' plan.json); do
                check "$vm goes on" goes_on "$vm"
        done

        # 3. What only hibernation can do.
        one=$(domain_functions vm1) other=$(domain_functions "$mover")
        jq -n --arg stamp "$(vgpu-hibernatectl inventory | jq -r .stamp)" --arg mover "$mover" --arg one "$one" --arg other "$other" \
                '{ schema: 1, stamp: $stamp, waves: [ [ "vm1", $mover ] ], moves: [
                        { domain: "vm1", functions: [ { from: $one, to: $other } ] },
                        { domain: $mover, functions: [ { from: $other, to: $one } ] } ] }' |
                vgpu-hibernatectl apply -
        check "vm1 has what $mover had" is "$(domain_functions vm1)" "$other"
        check "$mover has what vm1 had" is "$(domain_functions "$mover")" "$one"

        for vm in $vms; do
                check "$vm is what it was" goes_on "$vm"
        done
        ;;
esac
