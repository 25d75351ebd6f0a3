# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf
# thorough
# timeout: 1200
#
# Plain virsh against jobs, against itself and against a daemon that is restarted: a start in the middle of a move; two
# starts at once for the last function; a domain that nobody has heard of; a definition that goes with its image; a domain
# that is destroyed while it is saved. No memory is lost but what somebody threw away, and no function is kept for ever.

. /lab/ctl.sh
spare=$(function_address 1 2)

free_functions() {
        vgpu-hibernatectl --json functions | jq '[.[] | select(.state == "free")] | length'
}

guard_of() {
        find /var/lib/libvirt/qemu/save -name ".vgpu-hibernate-$1.save"
}

# has_another_job NAME JOB: its last one is another
has_another_job() {
        [ "$(job_of "$1")" != "$2" ]
}

systemctl reload libvirtd

say "virsh start during a move"
guest-state s3 > before
job=$(begin move s3)
await_step "$job" sync
worker=$(pgrep -f "vgpu-hibernate-worker .* run $job")
kill -STOP "$worker"
check "its guest is in its image alone" is "$(virsh -q domstate s3)" "shut off"
check "it is refused" fails_with "vgpu-hibernate:" virsh start s3
kill -CONT "$worker"
check "the move is done all the same" wait_job "$job" "done"
guest-state s3 > after
check "the same guest, on another function" guest-proof --mac-differs before after
check "nothing is left" nothing_left_of s3

say "Two starts at once for the last function"
guest-state s3 > s3-before
guest-state ovmf > ovmf-before
vgpu-hibernatectl -q hibernate s3
vgpu-hibernatectl -q hibernate ovmf
reservation=$(vgpu-hibernatectl --json reserve "$(( $(free_functions) - 1 ))" | jq -r .cookie)
check "one function is left" is "$(free_functions)" 1
virsh -q start s3 > s3-said 2>&1 &
start_s3=$!
virsh -q start ovmf > ovmf-said 2>&1 &
start_ovmf=$!
wins=0 winner='' loser=''
if wait $start_s3; then wins=$(( wins + 1 )) winner=s3; else loser=s3; fi
if wait $start_ovmf; then wins=$(( wins + 1 )) winner=ovmf; else loser=ovmf; fi
check "one of the two gets it" is $wins 1
check "the other is told why" grep -q "no free function" "$loser-said"
check "and keeps its image" test -s "/var/lib/libvirt/qemu/save/$loser.save"
check "$winner: a job does the rest" wait_job "$(job_of "$winner")" "done"
vgpu-hibernatectl release "$reservation"

say "A daemon that is restarted between the restore and the start of $loser"
# shellcheck disable=SC2016
hook_file zz-slow '[ "$2" != start ] || sleep 15'
last=$(job_of "$loser")
virsh -q start "$loser" &
start=$!
check "the hook has been asked" wait_for 30 has_another_job "$loser" "$last"
sleep 3
systemctl restart vgpu-hibernated
check "libvirt goes on" wait $start
check "and so does the job" wait_job "$(job_of "$loser")" "done"
rm /etc/libvirt/hooks/qemu.d/zz-slow
for name in s3 ovmf; do
        guest-state $name > $name-after
        check "$name: the same guest" guest-proof $name-before $name-after
        check "$name: nothing is left" nothing_left_of $name
done

say "A domain that nobody has heard of"
domain-xml s3 --name stranger --function "$spare" > stranger.xml
vgpu-hibernatectl quarantine "$spare" --reason "it smokes"
check "it does not get what nobody may have" fails_with "it smokes" virsh create stranger.xml
vgpu-hibernatectl clear "$spare"
check "it is started" virsh -q create stranger.xml
check "and has its function at once" is "$(function_state "$spare")" assigned
virsh -q destroy stranger
check "which is nobody's before it is reset" is "$(function_state "$spare")" leased
check "and then it is free" function_is "$spare" free

say "virsh undefine --managed-save"
uuid=$(virsh -q domuuid ovmf | head -n 1)
guest-state ovmf > before
held=$(domain_functions ovmf)
vgpu-hibernatectl -q hibernate ovmf --hold
check "its function is held" function_is "$held" held
virsh -q dumpxml --inactive ovmf > ovmf.xml
virsh -q undefine ovmf --managed-save --keep-nvram
check "its memory is still there, under the guard link" test -s "$(guard_of "$uuid")"
check "the domain is known to be hibernated" domain_is ovmf hibernated
check "the log tells of it" wait_for 20 bash -c "journalctl -u vgpu-hibernated | grep -q 'libvirt does not have it any more'"
check "nothing is held for it" function_is "$held" free
check "and nobody can resume it" refused UnknownDomain "vgpu-hibernatectl discard" vgpu-hibernatectl resume ovmf

say "It was by mistake"
virsh -q define ovmf.xml
check "its function is held again" function_is "$held" held
ln "$(guard_of "$uuid")" /var/lib/libvirt/qemu/save/ovmf.save
check "it is resumed" vgpu-hibernatectl -q resume ovmf
guest-state ovmf > after
check "the same guest" guest-proof before after
check "nothing is left" nothing_left_of ovmf

say "virsh destroy in mid-save"
function=$(domain_functions ovmf)
job=$(begin hibernate ovmf)
await_step "$job" save
virsh -q destroy ovmf || true
check "the job ends" wait_for 240 job_ended "$job"
vgpu-hibernatectl job "$job" || true
if [ "$(domain_state ovmf)" = hibernated ]; then
        check "it was saved before" test -s /var/lib/libvirt/qemu/save/ovmf.save
else
        check "the job failed" job_is "$job" failed
        check "nothing is left of the save" nothing_left_of ovmf
        check "nor is it said to be hibernated" domain_is ovmf shut-off
fi
check "its function is free" function_is "$function" free

say "A boot in spite of an image"
uuid=$(virsh -q domuuid s3 | head -n 1)
held=$(domain_functions s3)
vgpu-hibernatectl -q hibernate s3 --hold
check "it is refused, and told how" fails_with "vgpu-hibernatectl discard" virsh start s3 --force-boot
virsh -q dumpxml --inactive s3 > s3.xml
virsh -q undefine s3 --managed-save
check "its memory is discarded when that is meant" fails_with "say '--yes'" vgpu-hibernatectl discard "$uuid"
check "then it is" vgpu-hibernatectl discard --yes "$uuid"
check "nothing is left of it" is "$(guard_of "$uuid")" ""
check "nor of the domain" bash -c '! vgpu-hibernatectl --json list --all | jq -e "any(.[]; .name == \"s3\")"'
check "its function is free" function_is "$held" free
virsh -q define s3.xml
check "it boots" virsh -q start s3
