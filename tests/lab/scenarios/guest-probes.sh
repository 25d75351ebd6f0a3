# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: none
# timeout: 900
# thorough
# probe-kernels
#
# Does the guest's driver follow to another card? Two guests on functions that look like AMD's MI308X, with the real
# amdgpu in their kernels: Debian stable's does not, and stays on its card; Debian testing's does, and leaves it. And one whose
# agent may not read files, until its operator declares it.

. /lab/ctl.sh
families=/etc/vgpu-hibernate/families.d
old=$(function_address 1 0) new=$(function_address 1 1) beside=$(function_address 1 2) away=$(function_address 2 0)

# amdgpu has no device here, so a guest is well if the driver of its network function is there.
mkdir -p $families
jq '.health = [{path: "/sys/class/net/eth*/device/uevent", line: "DRIVER=igbvf"}] | del(.gate, .clean, .vram_used)' \
        /usr/share/vgpu-hibernate/families.d/amd-mi308x.json > $families/amd-mi308x.json
jq '.timeouts.agent_seconds = 100' /lab/vgpu-hibernate.json > /etc/vgpu-hibernate/vgpu-hibernate.json
for function in "$old" "$new" "$beside" "$away"; do
        function-identity "$function" 0x1002 0x74b6 0x120000
done
systemctl restart vgpu-hibernated

# start NAME FUNCTION ADDRESS: with the kernel of this name
start() {
        guest-like s3 "s,/lab/vmlinuz,/lab/$1/vmlinuz,; s,/lab/guest.initrd,/lab/$1/initrd," --name "$1" \
                --function "$2" --ip "$3/24" --memory 512
        guest-exec "$1" "test \"\$(cat /sys/module/amdgpu/initstate)\" = live"
}

# explains NAME WORD...: these are said of a move
explains() {
        local name=$1 said word
        shift
        said=$(vgpu-hibernatectl explain "$name" 2>&1) || true
        for word; do
                [[ $said = *"$word"* ]] || { echo "'$word' is not in: $said"; return 1; }
        done
}

# fits NAME FUNCTION yes|no
fits() {
        is "$(vgpu-hibernatectl --json explain "$1" |
                jq -r --arg function "$2" '.candidates[] | select(.function == $function) | if .fits then "yes" else "no" end')" "$3"
}

start stable "$old" 10.9.0.21 > stable.log 2>&1 &
starting=$!
check "testing's kernel runs with amdgpu" start testing "$new" 10.9.0.22
check "so does stable's" wait $starting

check "stable's driver does not follow, and that is said" \
        explains stable "not made to follow to other cards" "no amdgpu_gmc_is_pdb0_enabled" "same-physical-node"
check "another card's function does not fit" fits stable "$away" no
check "one of its own card does" fits stable "$beside" yes
check "asked for by name it is refused" refused Incompatible "amdgpu_gmc_is_pdb0_enabled" \
        vgpu-hibernatectl move stable --function "$away"

guest-state stable > before
vgpu-hibernatectl move stable
guest-state stable > after
check "it moves on its card" guest-proof --mac-differs before after
check "after the daemon chose again" moved stable "$old" "$beside"

check "testing's driver follows, and that is said" explains testing "follows to other cards, since its kernel has amdgpu_"
check "another card's function fits" fits testing "$away" yes
guest-state testing > before
vgpu-hibernatectl move testing
guest-state testing > after
check "it moves to the other card, and is well" guest-proof --mac-differs before after
check "the books are right" moved testing "$new" "$away"

# The agent's policy: it comes back without the command that opens files.
guest-exec testing "(sleep 1; killall qemu-ga; sleep 1
        exec qemu-ga -m virtio-serial -p /dev/virtio-ports/org.qemu.guest_agent.0 -t /run -b guest-file-open) > /dev/null 2>&1 &"
opens_no_files() {
        virsh -q qemu-agent-command --timeout 5 testing '{"execute": "guest-info"}' 2>/dev/null |
                jq -e '.return.supported_commands[] | select(.name == "guest-file-open") | .enabled | not' > /dev/null
}
check "the agent may not open files any more" wait_for 120 opens_no_files
check "what cannot be read is not known" explains testing "not known to follow" "may not read files"
check "and does not fit" fits testing "$new" no
virsh -q metadata testing http://vgpu.org/hibernate/1 --key vgpu --live --config --set "<guest fixups='yes'/>"
check "a declaration is taken for it" explains testing "follows to other cards, since its operator declares so"
check "and fits" fits testing "$new" yes
virsh -q metadata testing http://vgpu.org/hibernate/1 --key vgpu --live --config --set "<guest fixups='perhaps'/>"
check "one that says nothing is refused" refused InvalidOption "'fixups' must be 'yes' or 'no'" vgpu-hibernatectl move testing
