# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf q35 s4
# timeout: 1500
# thorough
#
# Asking changes nothing, and what is told is what then happens: host and guests of each kind are compared before and
# after, and then the job is run.

. /lab/ctl.sh

# files DIR...: all that a file has but its time of access
files() {
        find "$@" -printf '%p %y %m %u %s %i %n %T@\n' 2>/dev/null | sort
}

# What may not change on the host. libvirt writes the state of its domains anew when it likes to: there the content counts.
host_looks() {
        local device
        for device in /sys/bus/pci/devices/*; do
                echo "$device driver=$(readlink "$device/driver" || true)" \
                        "override=$(cat "$device/driver_override")" \
                        "group=$(readlink "$device/iommu_group" || true)" "enabled=$(cat "$device/enable")"
        done
        files /var/lib/vgpu-hibernate /run/vgpu-hibernate /etc/vgpu-hibernate /etc/libvirt
        find /var/lib/vgpu-hibernate /etc/libvirt /var/lib/libvirt/qemu /run/libvirt/qemu -type f ! -name '*.pid' \
                -exec sha256sum {} + | sort -k 2
        vgpu-hibernatectl --json functions
        vgpu-hibernatectl --json list --all
        vgpu-hibernatectl --json jobs
}

# What may not change of a guest: only its counter and its time go on.
guest_looks() {
        local command
        virsh -q dumpxml "$1"
        virsh -q dumpxml --inactive "$1"
        virsh -q domstate --reason "$1"
        for command in query-status query-migrate query-migrate-parameters query-migrate-capabilities; do
                virsh -q qemu-monitor-command "$1" "{\"execute\": \"$command\"}" | jq -Sc .return
        done
        guest-state "$1" | jq -Sc 'del(.counter, .uptime)'
        guest-exec "$1" 'cat /sys/power/suspend_stats/success /sys/power/state /sys/power/mem_sleep /proc/swaps' 2>&1
        virsh -q dominfo "$1" | sed '/^CPU time/d'
}

looks() {
        guest_looks "$1" && host_looks
}

# taints NAME: what libvirt holds against it
taints() {
        virsh -q dominfo "$1" | sed -n 's/.*tainted: //p' | sort
}

# says FILE FILTER: of what explain said
says() {
        jq -e "$2" "$1" > /dev/null || { echo "does not hold: $2"; cat "$1"; return 1; }
}

# as_told NAME VERB [OPTION...]: explains, runs the job, and compares; what was told is in "told" then, the job in "outcome"
as_told() {
        local name=$1 verb=$2 error
        shift 2
        vgpu-hibernatectl --json explain "$name" --kind="$verb" "$@" > told || true

        if says told '.possible | not' > /dev/null; then
                error=$(jq -r '[.findings[] | select(.blocking)][0].error' told)
                say "explain $name: not possible, $error"
                refused "${error##*.}" "" vgpu-hibernatectl "$verb" "$name" "$@"
                return
        fi

        vgpu-hibernatectl --json "$verb" "$name" "$@" > outcome || { cat told outcome; return 1; }
        is "$(jq -r .strategy outcome)" "$(jq -r .strategy told)" || return 1
        is "$(jq -c .functions outcome)" "$(jq -c .functions told)" || return 1
        jq -n --slurpfile told told --slurpfile outcome outcome '
                ($told[0].bytes_needed // 0) as $most | ($outcome[0].bytes // 0) as $bytes |
                $most == 0 or ($bytes > 0 and $bytes <= $most)' | grep -qx true || { cat told outcome; return 1; }
        say "$verb $name took $(jq .took_usec outcome) us, predicted $(jq -c '[.save_seconds, .resume_seconds]' told) s;" \
                "image $(jq .bytes outcome), expected $(jq .bytes_expected told), at the most $(jq .bytes_needed told)"
}

strategy_of() {
        case $1 in
        s4) echo suspend-to-disk ;;
        *)  echo suspend-to-ram ;;
        esac
}

for guest in s3 ovmf q35 s4; do
        strategy=$(strategy_of "$guest")
        taints "$guest" > taints.before
        vgpu-hibernatectl explain "$guest" --strategy "$strategy" > text || true
        taints "$guest" > taints.after
        check "$guest: explain is for people, too" grep -q "Strategy: $strategy" text
        # As libvirt marks every domain whose QEMU or agent somebody asks directly.
        check "$guest: in libvirt's books it leaves at most that it asked" is \
                "$(comm -13 taints.before taints.after | grep -vE 'custom monitor|custom-monitor|guest agent|custom-ga' || true)" ""

        looks "$guest" > before
        vgpu-hibernatectl --json explain "$guest" --strategy "$strategy" > told || true
        vgpu-hibernatectl --json explain "$guest" --kind hibernate > /dev/null || true
        vgpu-hibernatectl --json explain "$guest" --kind resume > /dev/null || true
        vgpu-hibernatectl --json explain "$guest" --function "$(function_address 2 3)" > /dev/null || true
        vgpu-hibernatectl --json explain "$guest" --strategy suspend-to-disk > /dev/null || true
        looks "$guest" > after
        check "$guest: five questions later all is as it was" diff before after
        check "$guest: each strategy has a word said of it" says told \
                '([.strategies[] | select(.chosen)] | length) == 1 and (.strategies | length) >= 2 and
                 all(.strategies[]; .possible or .reason != null)'
done

guest-state s3 > before
check "s3: the move is as it was told" as_told s3 move
check "s3: and is now known to last" bash -c "vgpu-hibernatectl --json explain s3 | jq -e '.save_seconds > 0 and .resume_seconds > 0 and .bytes_expected > 0'"
check "s3: so is the next" as_told s3 move
# How long an emulated guest takes is the machine's affair: only that the job keeps both figures is ours.
check "s3: what was predicted is kept beside what it took" says outcome '.predicted_usec > 0 and .took_usec > 0'
check "s3: and how far off it was is told" bash -c "vgpu-hibernatectl --json explain s3 | jq -e '.prediction_samples == 1 and .prediction_error >= 0'"
guest-state s3 > after
check "s3: the same guest" guest-proof before after

check "ovmf: the move is as it was told" as_told ovmf move
check "q35: the move is as it was told" as_told q35 move
check "q35: and so is that it cannot do it again" as_told q35 move
check "q35: which is known beforehand" says told '.possible | not'
check "s4: the hibernation is as it was told" as_told s4 hibernate --strategy suspend-to-disk
check "s4: and to resume it is possible" bash -c "vgpu-hibernatectl --json explain s4 --kind resume | jq -e .possible"
