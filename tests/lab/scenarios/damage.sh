# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 1800
#
# What a guest depends on is damaged: the room for its image, functions, the image itself, journals. Each ends in a named
# error, nothing is started from what is not whole, and when all is put right the same guest runs on.

. /lab/ctl.sh
SAVE=/var/lib/libvirt/qemu/save IMAGE=/var/lib/libvirt/qemu/save/s3.save JOBS=/var/lib/vgpu-hibernate/jobs
a=$(function_address 1 0) b=$(function_address 2 0)

guest_goes_on() {
        guest-wait s3 120 && guest-state s3 > after && guest-proof "$@" before after && mv after before
}
functions_of_card() {
        vgpu-hibernatectl --json functions | jq --arg card "0000:0$1:00.0" '[.[] | select(.physical_function == $card)] | length'
}
card_has() {
        [ "$(functions_of_card "$1")" = "$2" ]
}
remove_functions() {
        echo 0 > "/sys/bus/pci/devices/0000:0$1:00.0/sriov_numvfs"
}
make_functions() {
        /usr/local/sbin/lab-functions
        wait_for 20 card_has 1 4 && wait_for 20 card_has 2 4
}
is_whole_as() {
        [ "$(stat -c %i:%s "$IMAGE")" = "$1" ] && [ "$(virsh -q domstate s3)" = "shut off" ]
}

guest-state s3 > before

say "the disk is full during the save"
# Before the mount: the service's own view of the directory shall not end with it.
vgpu-hibernatectl list > /dev/null
mount -t tmpfs -o size=400M tmpfs "$SAVE"
job=$(begin move s3 --function "$b")
await_step "$job" suspend
fallocate -l $(( $(df --output=avail -B1 "$SAVE" | tail -n 1) - (20 << 20) )) "$SAVE/filler"
check "full: the job ends" wait_for 240 job_ended "$job"
check "full: and says why" refused NoSpace "runs on as before" vgpu-hibernatectl job --follow "$job"
rm "$SAVE/filler"
check "full: the guest runs on as it was" guest_goes_on --mac-same
check "full: on the function it had" is "$(domain_functions s3)" "$a"
check "full: nothing is left" nothing_left_of s3
check "full: not even an empty file" is "$(ls -A "$SAVE")" ""
umount "$SAVE"

say "functions vanish while it is hibernated"
vgpu-hibernatectl -q hibernate s3
remove_functions 2
check "gone: the daemon knows" wait_for 20 card_has 2 0
check "gone: it cannot be asked for" refused UnknownFunction "$b" vgpu-hibernatectl resume s3 --function "$b"
remove_functions 1
check "gone: the daemon knows of the others" wait_for 20 card_has 1 0
check "gone: none is free" refused NoFreeFunction "s3" vgpu-hibernatectl resume s3
check "gone: the domain stays hibernated" domain_is s3 hibernated
check "back: the daemon knows" make_functions
check "back: it is resumed" vgpu-hibernatectl -q resume s3 --function "$b"
check "back: the same guest" guest_goes_on --mac "$(function_mac 2 0)"

say "the function vanishes while the domain is resumed on it"
vgpu-hibernatectl -q hibernate s3
job=$(begin resume s3 --function "$a")
await_step "$job" bind
worker=$(pgrep -f "vgpu-hibernate-worker .* run $job")
kill -STOP "$worker"
say "at $(jq -c '[.steps[] | select(.state != "pending")] | last | [.step, .state]' "$JOBS/$job.json")"
remove_functions 1
kill -CONT "$worker"
check "vanished: the job ends" wait_for 240 job_ended "$job"
vgpu-hibernatectl job "$job" || true
check "vanished: not on that function" bash -c "! vgpu-hibernatectl --json list | jq -e '.[] | select(.name == \"s3\" and .functions == [\"$a\"] and .state == \"running\")'"
[ "$(domain_state s3)" = running ] || check "vanished: the domain is resumed elsewhere" vgpu-hibernatectl -q resume s3
check "vanished: the same guest" guest_goes_on
check "vanished: nothing is left" nothing_left_of s3
make_functions

say "a function's config space is not to be read"
on=$(domain_functions s3)
: > no-config
mount --bind no-config "/sys/bus/pci/devices/$on/config"
vgpu-hibernatectl -q move s3 --function "$a"
check "mute: the guest has moved away from it" guest_goes_on --mac "$(function_mac 1 0)"
check "mute: it is kept from others" function_is "$on" quarantined
check "mute: with the reason" grep -q "config space" <(vgpu-hibernatectl --json functions | jq -r --arg on "$on" '.[] | select(.address == $on) | .reason')
umount "/sys/bus/pci/devices/$on/config"
vgpu-hibernatectl -q clear "$on"
check "mute: an operator gives it back" function_is "$on" free

say "the image is damaged"
vgpu-hibernatectl -q hibernate s3
cp --sparse=always "$IMAGE" whole
identity=$(stat -c %i:%s "$IMAGE")
truncate -s -4M "$IMAGE"
check "truncated: resume says so" refused ImageDamaged "s3" vgpu-hibernatectl resume s3
check "truncated: nothing was started or removed" is_whole_as "${identity%:*}:$(stat -c %s "$IMAGE")"
cat whole > "$IMAGE"
for offset in 0 15 16 20 93; do
        printf '\377' | dd of="$IMAGE" bs=1 seek=$offset conv=notrunc status=none
        check "byte $offset flipped: resume says so" refused ImageDamaged "s3" vgpu-hibernatectl resume s3
        check "byte $offset flipped: nothing was started or removed" is_whole_as "$identity"
        # Only the byte: what failed must not have changed anything else.
        dd if=whole of="$IMAGE" bs=1 count=1 skip=$offset seek=$offset conv=notrunc status=none
done
check "put right: it is the image that it was" cmp whole "$IMAGE"
check "put right: it is resumed" vgpu-hibernatectl -q resume s3
check "put right: the same guest" guest_goes_on
check "put right: nothing is left" nothing_left_of s3

say "journals are cut short"
job=$(vgpu-hibernatectl --json jobs | jq 'map(.id) | max')
cp "$JOBS/$job.json" finished
jq '.state = "running" | .steps[-1].state = "started"' finished > unfinished
for journal in finished unfinished; do
        bytes=$(stat -c %s $journal)
        for length in 0 1 $(( bytes / 3 )) $(( bytes / 2 )) $(( bytes - 3 )); do
                systemctl stop vgpu-hibernated
                head -c "$length" $journal > "$JOBS/$job.json"
                systemctl reset-failed vgpu-hibernated
                systemctl start vgpu-hibernated
                check "$length of $bytes bytes of the journal of a job that is $journal: it is set aside" test -e "$JOBS/$job.json.broken"
                check "and reported" grep -q "unreadable" <(journalctl -u vgpu-hibernated -n 20 --no-pager)
                rm -f "$JOBS/$job.json.broken"
        done
done
check "the domain is as it was" domain_is s3 running
check "the same guest" guest_goes_on --mac-same
check "the next job gets a number of its own" test "$(begin hibernate s3)" -gt "$job"
wait_for 240 domain_is_now s3 hibernated
vgpu-hibernatectl -q resume s3
check "and the guest goes on" guest_goes_on
