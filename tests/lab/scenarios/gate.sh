# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 900
#
# A family that names a gate and a cleaning command. The gate is a stand-in for a card's own tool, in the form of AMD's:
# a function is ACTIVE while its guest runs. What it says of a function may be fixed by a file.

. /lab/ctl.sh
a=$(function_address 1 0)
mapfile -t others < <(for number in 0 1 2 3; do function_address 2 $number; done)

install -d /etc/lab-gate /etc/vgpu-hibernate/families.d
cat > /usr/local/bin/lab-gate << 'END'
#!/bin/bash
# lab-gate --vf=ADDRESS
address=${1#--vf=} state=AVAILABLE
for name in $(virsh -r -q list --name); do
        virsh -r -q dumpxml "$name" |
                grep -q "bus='0x${address:5:2}' slot='0x${address:8:2}' function='0x${address:11:1}'/>" || continue
        [ "$(virsh -r -q domstate "$name")" = pmsuspended ] || state=ACTIVE
done
[ ! -e "/etc/lab-gate/$address" ] || state=$(cat "/etc/lab-gate/$address")
echo "$address $state" >> /run/vgpu-hibernate/lab-gate
printf '[ { "gpu": 0, "vf": 0, "schedule": { "flr_count": "2", "vf_state": "%s" } } ]\n' "$state"
END
cat > /usr/local/bin/lab-clean << 'END'
#!/bin/bash
# lab-clean ADDRESS
echo "clearing $1" >&2
[ ! -e /etc/lab-gate/dirty ] || { echo "the memory of $1 cannot be cleared" >&2; exit 3; }
echo "$1 cleaned" >> /run/vgpu-hibernate/lab-gate
END
chmod +x /usr/local/bin/lab-gate /usr/local/bin/lab-clean
cat > /etc/vgpu-hibernate/families.d/intel-igbvf.json << 'END'
{
  "schema": 1, "devices": [ "8086:10ca" ], "targets": "any",
  "gate": { "command": [ "lab-gate", "--vf={address}" ], "deadline_seconds": 20,
            "path": "/0/schedule/vf_state", "accepts": [ "AVAILABLE" ] },
  "clean": { "command": [ "/usr/local/bin/lab-clean", "{address}" ], "deadline_seconds": 30 }
}
END
systemctl restart vgpu-hibernated

# said ADDRESS WORD: the stand-in, at any time
said() {
        grep -qx "$1 $2" /run/vgpu-hibernate/lab-gate
}
reason_of() {
        vgpu-hibernatectl --json functions | jq -r --arg address "$1" '.[] | select(.address == $address) | .reason'
}

guest-state s3 > before
echo ACTIVE > "/etc/lab-gate/${others[0]}"
vgpu-hibernatectl move s3
check "a target that its gate does not let through is followed by another" \
        is "$(vgpu-hibernatectl --json jobs | jq -r 'max_by(.id).attempts | map(.step) | join(" ")')" check
b=$(domain_functions s3)
check "it is that one" is "$b" "${others[1]}"
guest-state s3 > after
check "the same guest, on the other card" guest-proof --mac-differs before after
check "the books are right" moved s3 "$a" "$b"
check "the source was asked about while its guest ran" said "$a" ACTIVE
check "and waited for, asleep" said "$a" AVAILABLE
check "it was cleaned" said "$a" cleaned

echo ACTIVE > "/etc/lab-gate/$b"
check "a driver that does not let go stops a move" \
        refused GateClosed "a driver has not let go of it" vgpu-hibernatectl move s3
guest-wait s3 240
guest-state s3 > after2
check "its guest was woken and runs on" guest-proof --mac-same after after2
check "nothing is left" nothing_left_of s3
rm "/etc/lab-gate/$b"

mv /usr/local/bin/lab-gate /usr/local/bin/lab-gate.away
check "a gate that cannot be asked is found before anything is touched" \
        refused GateUnanswered "nothing was changed" vgpu-hibernatectl move s3
mv /usr/local/bin/lab-gate.away /usr/local/bin/lab-gate

touch /etc/lab-gate/dirty
vgpu-hibernatectl move s3 --function "$a"
guest-state s3 > after
check "a cleaning that fails keeps the guest from nothing" guest-proof --mac-same before after
check "but its function from everybody" function_is "$b" quarantined
check "for the reason that the command gave" \
        is "$(reason_of "$b")" "function $b is not clean: '/usr/local/bin/lab-clean' exited with status 3: the memory of $b cannot be cleared"
check "since when is known" bash -c \
        "vgpu-hibernatectl --json functions | jq -e --arg b $b '.[] | select(.address == \$b) | .quarantined_since_usec > 0' > /dev/null"
