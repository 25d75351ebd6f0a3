# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf
# thorough
# timeout: 900
#
# Two guests are on one card. A plan evacuates it, with the daemon killed in the middle of a move; the next one goes on, and the
# room is reserved in the end. Then the two change places, for which there is a plan by hand: something that only
# hibernation can do. Both are what they were.

. /lab/ctl.sh

card=$(basename "$(readlink -f "/sys/bus/pci/devices/$(function_address 1 0)/physfn")")

owned() {
        vgpu-hibernatectl --json functions |
                jq --arg pf "$card" '[.[] | select(.physical_function == $pf and (.state | IN("assigned", "leased")))] | length'
}

goes_on() {
        guest-wait "$1" 300
        guest-state "$1" > "after-$1"
        guest-proof "before-$1" "after-$1" && domain_is "$1" running && nothing_left_of "$1"
}

for vm in s3 ovmf; do
        guest-state "$vm" > "before-$vm"
done

vgpu-hibernatectl plan --goal "evacuate=$card" --json > plan.json
check "both domains have to move" is "$(jq '.moves | length' plan.json)" 2
vgpu-hibernatectl map --goal "evacuate=$card"
job=$(vgpu-hibernatectl apply plan.json --no-wait)
check "a plan is good once" refused PlanStale "plan anew" vgpu-hibernatectl apply plan.json
await_step $(( job + 1 )) save
systemctl kill --kill-whom=main --signal=KILL vgpu-hibernated.service
check "the next daemon goes on" wait_for 600 job_is "$job" "done"
vgpu-hibernatectl job "$job"
check "the card is evacuated" is "$(owned)" 0
for vm in s3 ovmf; do
        check "$vm goes on" goes_on "$vm"
done

# Nothing has to move any more: what is left to do is to keep the room.
vgpu-hibernatectl plan --goal fit=4,on=pf --json > plan.json
vgpu-hibernatectl apply plan.json --reserve --ttl 3600 --json > job.json
check "it was carried out" is "$(jq -r .state job.json)" "done"
check "the room is reserved" function_is "$(jq -r '.rooms[0].functions[0]' plan.json)" held
vgpu-hibernatectl release "$(jq -r .cookie job.json)"

one=$(domain_functions s3) other=$(domain_functions ovmf)
jq -n --arg stamp "$(vgpu-hibernatectl inventory | jq -r .stamp)" --arg one "$one" --arg other "$other" \
        '{ schema: 1, stamp: $stamp, waves: [ [ "s3", "ovmf" ] ], moves: [
                { domain: "s3", functions: [ { from: $one, to: $other } ] },
                { domain: "ovmf", functions: [ { from: $other, to: $one } ] } ] }' |
        vgpu-hibernatectl apply -
check "s3 has what ovmf had" is "$(domain_functions s3)" "$other"
check "ovmf has what s3 had" is "$(domain_functions ovmf)" "$one"
for vm in s3 ovmf; do
        check "$vm is what it was" goes_on "$vm"
done
