# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Asking the project, for scenarios. Answers come from its own --json.

# domain_state NAME, domain_functions NAME
domain_state() {
        vgpu-hibernatectl --json list --all | jq -r --arg name "$1" '.[] | select(.name == $name) | .state'
}

domain_functions() {
        vgpu-hibernatectl --json list --all | jq -r --arg name "$1" '.[] | select(.name == $name) | .functions[]'
}

# function_state ADDRESS -> free, assigned, ...
function_state() {
        vgpu-hibernatectl --json functions | jq -r --arg address "$1" '.[] | select(.address == $address) | .state'
}

is() {
        [ "$1" = "$2" ] || { echo "got '$1', expected '$2'"; return 1; }
}

# domain_is NAME STATE, function_is ADDRESS STATE: within a few seconds, as events take
domain_is() {
        wait_for 20 domain_is_now "$1" "$2" || is "$(domain_state "$1")" "$2"
}
domain_is_now() {
        [ "$(domain_state "$1")" = "$2" ]
}
function_is() {
        wait_for 20 function_is_now "$1" "$2" || is "$(function_state "$1")" "$2"
}
function_is_now() {
        [ "$(function_state "$1")" = "$2" ]
}

# is_open FILE: some process has it open
is_open() {
        find /proc/[0-9]*/fd -lname "$1" 2>/dev/null | grep -q .
}

# refused ERROR WORD COMMAND...: it fails with this error's name, and its text contains WORD
refused() {
        local error=$1 word=$2 output
        shift 2
        if output=$("$@" 2>&1); then
                echo "succeeded: $* said: $output"
                return 1
        fi
        case $output in
        *"$word"*"($error)"*) ;;
        *) echo "expected $error and '$word', got: $output"; return 1 ;;
        esac
}

# fails_with WORDS COMMAND...: any command: it fails, and its text contains WORDS
fails_with() {
        local words=$1 output
        shift
        if output=$("$@" 2>&1); then
                echo "succeeded: $*"
                return 1
        fi
        case $output in
        *"$words"*) ;;
        *) echo "expected '$words', got: $output"; return 1 ;;
        esac
}

# begin VERB NAME [OPTION...] -> number of the job, which goes on
begin() {
        vgpu-hibernatectl --json --no-wait "$@" | jq .id
}

job_is() {
        [ "$(vgpu-hibernatectl --json job "$1" | jq -r .state)" = "$2" ]
}

job_ended() {
        vgpu-hibernatectl --json job "$1" | jq -e '.state | IN("done", "failed", "canceled")' > /dev/null
}

# wait_job JOB STATE: it ends, and so; else its story is told
wait_job() {
        wait_for 400 job_ended "$1" && job_is "$1" "$2" && return
        vgpu-hibernatectl job "$1"
        return 1
}

# job_of NAME -> number of the domain's last job
job_of() {
        vgpu-hibernatectl --json jobs | jq --arg name "$1" '[.[] | select(.domain == $name) | .id] | max'
}

# await_step JOB STEP: a step is short: its journal is looked at as often as the host can
await_step() {
        local end=$(( SECONDS + 120 ))
        until jq -e --arg step "$2" '.steps[] | select(.step == $step) | .state != "pending"' \
                "/var/lib/vgpu-hibernate/jobs/$1.json" > /dev/null; do
                [ $SECONDS -lt $end ] || fail "job $1 did not come to step $2"
        done
}

# nothing_left_of NAME: no image, no guard link, no record of a domain that runs
nothing_left_of() {
        local uuid left
        uuid=$(virsh -q domuuid "$1" | head -n 1)
        left=$(find /var/lib/libvirt/qemu/save \( -name "$1.save" -o -name "*$uuid*" \) -printf "%f ")
        [ -z "$left" ] || { echo "left behind: $left"; return 1; }
        [ ! -e "/var/lib/vgpu-hibernate/images/$uuid.json" ] || { echo "left behind: its record"; return 1; }
}

# moved NAME FROM TO: the domain runs on TO, in both definitions, FROM is free, nothing is left over
moved() {
        is "$(domain_functions "$1")" "$3" || return 1
        is "$(virsh -q dumpxml --inactive "$1" | hostdev_address)" "$3" || return 1
        domain_is "$1" running && function_is "$3" assigned && function_is "$2" free && nothing_left_of "$1"
}

# Standard input: domain XML. The host's address of its first hostdev.
hostdev_address() {
        sed -n "/<hostdev/,/<\/hostdev>/{/<source>/,/<\/source>/s/.*domain='0x\([0-9a-f]*\)' bus='0x\([0-9a-f]*\)' slot='0x\([0-9a-f]*\)' function='0x\([0-9a-f]*\)'.*/\1:\2:\3.\4/p}" | head -n 1
}

# hook_file NAME LINE: one more hook of libvirt's, a line of shell. $2: the operation
hook_file() {
        printf '#!/bin/sh\n%s\n' "$2" > "/etc/libvirt/hooks/qemu.d/$1"
        chmod +x "/etc/libvirt/hooks/qemu.d/$1"
}
