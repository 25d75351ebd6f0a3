# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf
# timeout: 600
#
# Bad input and bad luck: each ends in a named error that says what to do, and the guest runs on as it was.

. /lab/ctl.sh
own=$(function_address 1 0)
options() {
        busctl call org.vgpu.Hibernate1 /org/vgpu/Hibernate1 org.vgpu.Hibernate1.Manager "$@" 2>&1
}
bus_refuses() {
        local word=$1 output
        shift
        if output=$(options "$@"); then echo "accepted: $output"; return 1; fi
        case $output in *"$word"*) ;; *) echo "got: $output"; return 1 ;; esac
}

guest-state s3 > before

check "unknown domain" refused UnknownDomain "virsh list" vgpu-hibernatectl move nobody
check "hostile name" refused UnknownDomain "virsh list" vgpu-hibernatectl hibernate $'../../etc\n\e[31m'
check "resume of a running domain" refused NotHibernated "s3" vgpu-hibernatectl resume s3
check "unknown option" bus_refuses "colour" Move "sa{sv}" s3 1 colour s red
check "wrong type of an option" bus_refuses "strategy" Move "sa{sv}" s3 1 strategy u 7
check "unknown strategy" bus_refuses "teleport" Move "sa{sv}" s3 1 strategy s teleport
check "unknown option of the command line" bash -c '! vgpu-hibernatectl move s3 --strategie x 2> err && grep -q strategie err'

guest-start s3 --no-wait --name bare --no-function
domain_is bare running
check "domain without a function" refused NoFunction "bare" vgpu-hibernatectl hibernate bare
virsh -q destroy bare
domain_is bare shut-off
check "domain that does not run" refused NotRunning "bare" vgpu-hibernatectl hibernate bare
virsh -q undefine bare --nvram

guest-start s3 --no-wait --name nopm --function "$(function_address 1 2)" --no-pm
domain_is nopm running
check "suspend disabled in the XML" refused SuspendDisabled "suspend-to-mem enabled='yes'" vgpu-hibernatectl move nopm
check "also S4" refused SuspendDisabled "suspend-to-disk" vgpu-hibernatectl move nopm --strategy suspend-to-disk
virsh -q destroy nopm
virsh -q undefine nopm --nvram

guest-start s3 --no-wait --name mute --function "$(function_address 1 2)" --no-agent
domain_is mute running
check "no channel for a guest agent" refused NoAgent "org.qemu.guest_agent.0" vgpu-hibernatectl move mute
virsh -q destroy mute
virsh -q undefine mute --nvram

sed -i 's/"agent_seconds": 60/"agent_seconds": 5/' /etc/vgpu-hibernate/vgpu-hibernate.json
systemctl restart vgpu-hibernated
silent() {
        ! virsh -q qemu-agent-command --timeout 5 "$1" '{"execute": "guest-ping"}' > /dev/null 2>&1
}
guest-exec ovmf '(sleep 3; killall -STOP qemu-ga) > /dev/null 2>&1 &'
wait_for 120 silent ovmf || fail "the agent of ovmf was not stopped"
check "guest agent that does not answer" refused NoAgent "ovmf" vgpu-hibernatectl move ovmf
cp /lab/vgpu-hibernate.json /etc/vgpu-hibernate/
systemctl restart vgpu-hibernated

mount -t tmpfs -o size=64M tmpfs /var/lib/libvirt/qemu/save
check "not enough space for the image" refused NoSpace "MiB free" vgpu-hibernatectl move s3
umount /var/lib/libvirt/qemu/save

target=$(function_address 2 0)
echo > "/sys/bus/pci/devices/$target/driver_override"
function-bind "$target" igbvf
check "function of a foreign driver" refused ForeignDriver "igbvf" vgpu-hibernatectl move s3 --function "$target"
check "it is still with that driver" is "$(function_driver "$target")" igbvf
function-bind "$target" vfio-pci
check "function of another domain" refused FunctionBusy "ovmf" vgpu-hibernatectl move s3 --function "$(function_address 1 1)"
check "function that is not there" refused UnknownFunction "0000:77:00.0" vgpu-hibernatectl move s3 --function 0000:77:00.0
check "not an address" bus_refuses "nonsense" Move "sa{sv}" s3 1 functions as 1 nonsense
check "the same function twice" bus_refuses "twice" Move "sa{sv}" s3 1 functions as 2 "$target" "$target"

for function in $(vgpu-hibernatectl --json functions | jq -r '.[] | select(.state == "free") | .address'); do
        vgpu-hibernatectl -q quarantine "$function" --reason "kept by a test"
done
check "no free function" refused NoFreeFunction "kept by a test" vgpu-hibernatectl move s3
for function in $(vgpu-hibernatectl --json functions | jq -r '.[] | select(.state == "quarantined") | .address'); do
        vgpu-hibernatectl -q clear "$function"
done

guest-state s3 > after
check "through all of it s3 ran on as it was" guest-proof --mac-same before after
check "on the function it had" is "$(domain_functions s3)" "$own"
check "nothing is left over" nothing_left_of s3

job=$(vgpu-hibernatectl --json --no-wait move s3 | jq .id)
check "a second job for the same domain" refused DomainBusy "$job" vgpu-hibernatectl hibernate s3
wait_for 300 bash -c "vgpu-hibernatectl --json job $job | jq -e '.state == \"done\"' > /dev/null"
guest-state s3 > after
check "the first job moved it" guest-proof --mac-differs before after
