#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: test-plan.sh VGPU-HIBERNATECTL
# Plans of small inventories, word by word: what they print, and how they end.
set -eu

ctl=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
failed=0

# expect STATUS OUTPUT ARGUMENT...
expect() {
        status=$1
        wanted=$2
        shift 2
        got=0
        output=$("$ctl" "$@" 2>&1) || got=$?
        if [ "$got" -ne "$status" ] || [ "$output" != "$wanted" ]; then
                printf '%s\nends with %s, %s expected, and prints\n%s\n---\n%s\n' "$*" "$got" "$status" "$output" "$wanted" >&2
                failed=1
        fi
}

vf() {
        printf '{ "address": "0000:0%s:02.%s", "physical_function": "0000:0%s:00.0", "kind": "k", "state": "%s"%s }' \
                "$1" "$2" "$1" "$3" "${4:+, \"domain\": \"$4\"}"
}

# Two physical functions of two: one domain on each.
cat >"$directory/two" <<END
{ "schema": 1, "stamp": "s1", "functions": [
  $(vf 1 0 assigned vm1), $(vf 1 1 free), $(vf 2 0 assigned vm2), $(vf 2 1 free) ],
  "domains": [ { "name": "vm1", "functions": [ "0000:01:02.0" ], "cost_seconds": 2.5 },
    { "name": "vm2", "functions": [ "0000:02:02.0" ], "cost_seconds": 1.25 } ] }
END
expect 0 '{"schema":1,"stamp":"s1","goals":["free-pf=1"],"parallel":1,"guest_fixups":"unknown","feasible":true,"optimal":true,"cost_seconds":1.25,"lower_bound":1.25,"moves":[{"domain":"vm2","cost_seconds":1.25,"wave":0,"functions":[{"from":"0000:02:02.0","to":"0000:01:02.1"}]}],"waves":[["vm2"]],"rooms":[],"reason":null}' \
        plan --json --inventory "$directory/two" --goal free-pf=1
expect 0 'WAVE  DOMAIN  DOWN  FROM          TO
   1  vm1     2.5s  0000:01:02.0  0000:02:02.1
1 move in 1 wave, down for 2.5s in all: nothing does with less' \
        plan --inventory "$directory/two" --goal evacuate=0000:01:00.0
expect 3 '{"schema":1,"stamp":"s1","goals":["fit=3"],"parallel":1,"guest_fixups":"unknown","feasible":false,"optimal":true,"cost_seconds":null,"lower_bound":null,"moves":[],"waves":[],"rooms":[],"reason":"needs 1 more free function of kind k for a request of 3"}' \
        plan --json --inventory "$directory/two" --goal fit=3
expect 0 '                BEFORE  AFTER
0000:01:00.0    A.      AB
0000:02:00.0    B.      ..
A vm1
B vm2, moves
. free  + leased  = held  ! quarantined  ? unknown
Before, no pool: 2 free, at most 1 on one and 1 in a group, 0 stranded, 75% unusable
After, no pool: 2 free, at most 2 on one and 2 in a group, 0 stranded, 50% unusable' \
        map --inventory "$directory/two" --goal compact
expect 0 '0000:01:00.0    A.
0000:02:00.0    B.' \
        map --no-legend --inventory "$directory/two"

# Full: they can only change places, for the sake of nothing.
cat >"$directory/full" <<END
{ "schema": 1, "functions": [
  $(vf 1 0 assigned vm1), $(vf 1 1 assigned vm3), $(vf 2 0 assigned vm2), $(vf 2 1 quarantined) ],
  "domains": [ { "name": "vm1", "functions": [ "0000:01:02.0" ] }, { "name": "vm2", "functions": [ "0000:02:02.0" ] },
    { "name": "vm3", "functions": [ "0000:01:02.1" ], "movable": false } ] }
END
expect 3 'Not possible: 0000:01:00.0 cannot be evacuated: function 0000:01:02.1 is assigned to domain vm3, which may not be moved' \
        plan --inventory "$directory/full" --goal evacuate=0000:01:00.0
expect 3 'Not possible: needs 1 more free function of kind k outside 0000:02:00.0' \
        plan --inventory "$directory/full" --goal evacuate=0000:02:00.0

# vm1 and vm2 cannot change places; there is a way without vm2, but not the emptiest.
cat >"$directory/limits" <<END
{ "schema": 1, "functions": [ $(vf 1 0 assigned vm0), $(vf 1 1 free), $(vf 1 2 assigned vm1), $(vf 2 0 assigned vm2),
    $(vf 3 0 free), $(vf 3 1 assigned vm2) ],
  "domains": [
    { "name": "vm0", "functions": [ "0000:01:02.0" ], "cost_seconds": 3, "max_downtime_seconds": 2 },
    { "name": "vm1", "functions": [ "0000:01:02.2" ], "cost_seconds": 1, "max_downtime_seconds": 2 },
    { "name": "vm2", "functions": [ "0000:02:02.0", "0000:03:02.1" ], "cost_seconds": 2.5, "affinity": "group" } ] }
END
expect 0 'WAVE  DOMAIN  DOWN  FROM          TO
   1  vm1     1.0s  0000:01:02.2  0000:03:02.0
1 move in 1 wave, down for 1.0s in all: the best found, and nothing does with less than 0.0s' \
        plan --inventory "$directory/limits" --goal fit=2,on=pf --goal compact --parallel 4

# Emptier only if both are down for longer than vm1 may be.
cat >"$directory/limit" <<END
{ "schema": 1, "functions": [ $(vf 1 0 assigned vm1), $(vf 1 1 assigned vm1), $(vf 1 2 assigned vm0), $(vf 2 0 assigned vm0),
    $(vf 3 0 free), $(vf 4 0 assigned vm1), $(vf 4 1 free) ],
  "domains": [
    { "name": "vm0", "functions": [ "0000:01:02.2", "0000:02:02.0" ], "cost_seconds": 1, "affinity": "group" },
    { "name": "vm1", "functions": [ "0000:01:02.1", "0000:01:02.0", "0000:04:02.0" ], "cost_seconds": 5,
      "max_downtime_seconds": 5 } ] }
END
expect 0 'Nothing moves: no better was found, and it is not proven that there is none' \
        plan --inventory "$directory/limit" --goal compact

# Where no kind is told, the family says who may follow where.
mkdir "$directory/families"
echo '{ "schema": 1, "devices": ["1af4:1041"], "targets": "any", "without_fixups": "same-physical-node",
  "attributes": [ { "name": "partition", "match": true } ] }' >"$directory/families/mine.json"
# card STATE PARTITION NODE [DOMAIN]
card() {
        printf '{ "address": "0000:0%s:02.0", "physical_function": "0000:0%s:00.0", "state": "%s"%s, "identity": {
                "vendor": "1af4", "device": "1041", "attributes": { "partition": "%s", "physical_node": %s } } }' \
                "$1" "$1" "$2" "${5:+, \"domain\": \"$5\"}" "$3" "$4"
}
cat >"$directory/cards" <<END
{ "schema": 1, "functions": [ $(card 1 assigned CPX 0 vm1), $(card 2 free SPX 0), $(card 3 free CPX 1), $(card 4 free CPX 0) ],
  "domains": [ { "name": "vm1", "functions": [ "0000:01:02.0" ] } ] }
END
with="--inventory=$directory/cards --families-dir=$directory/families"
moved() {
        printf 'WAVE  DOMAIN  DOWN  FROM          TO\n   1  vm1     0.0s  0000:01:02.0  0000:0%s:02.0\n%s' "$1" \
                '1 move in 1 wave, down for 0.0s in all: nothing does with less'
}
# shellcheck disable=SC2086 # options
{
        expect 0 "$(moved 3)" plan $with --goal evacuate=0000:01:00.0 --guest-fixups=yes
        expect 0 "$(moved 4)" plan $with --goal evacuate=0000:01:00.0
        for target in 2 3 4; do
                "$ctl" fits $with 0000:01:02.0 0000:0$target:02.0 >/dev/null && got=0 || got=$?
                [ "$target" -eq 4 ] && wanted=0 || wanted=3
                [ "$got" -eq "$wanted" ] || { echo "fits $target: $got" >&2; failed=1; }
        done
}
# A kind that is told says who may follow, but not what a guest would see.
cat >"$directory/kinds" <<END
{ "schema": 1, "functions": [ $(card 1 assigned CPX 0 vm1), $(card 3 free CPX 1), $(card 4 quarantined SPX 0) ],
  "domains": [ { "name": "vm1", "functions": [ "0000:01:02.0" ] } ] }
END
sed -i 's/"identity"/"kind": "k", &/' "$directory/kinds"
with="--inventory=$directory/kinds --families-dir=$directory/families"
# shellcheck disable=SC2086
{
        expect 0 "$(moved 3)" plan $with --goal evacuate=0000:01:00.0
        sed -i 's/quarantined/free/' "$directory/kinds"
        expect 2 "vgpu-hibernatectl: functions[2].kind: 'k' is told of both, but function 0000:04:02.0 cannot stand in for 0000:01:02.0: its partition is 'SPX', the guest knows 'CPX'; tell another kind for one of them, or none" \
                plan $with --goal evacuate=0000:01:00.0
}
with="--inventory=$directory/cards --families-dir=$directory/families"

rm "$directory/families/mine.json"
# shellcheck disable=SC2086
expect 3 'Not possible: 0000:01:00.0 cannot be evacuated: function 0000:01:02.0 is assigned to domain vm1, which goes on with no other functions, by what is known of their family' \
        plan $with --goal evacuate=0000:01:00.0

# Across hosts: what the first cannot do alone, and what it costs to carry an image of 30 bytes at 10 a second.
cat >"$directory/fleet" <<END
{ "schema": 1, "hosts": [
  { "host": "a", "functions": [ $(vf 1 0 assigned vm1), $(vf 2 0 assigned vm2) ],
    "domains": [ { "name": "vm1", "functions": [ "0000:01:02.0" ], "cost_seconds": 2, "image_bytes": 30 },
      { "name": "vm2", "functions": [ "0000:02:02.0" ], "cost_seconds": 1 } ] },
  { "host": "b", "functions": [ $(vf 1 0 assigned vm1), $(vf 1 1 free), $(vf 2 0 free) ],
    "domains": [ { "name": "vm1", "functions": [ "0000:01:02.0" ] } ] } ] }
END
across="--inventory=$directory/fleet --across-hosts --image-rate=10"
# shellcheck disable=SC2086
{
        expect 3 'Not possible: host a: needs 1 more free function of kind k outside 0000:01:00.0' \
                plan "--inventory=$directory/fleet" --goal evacuate=a/0000:01:00.0
        expect 0 'WAVE  DOMAIN  DOWN  FROM          TO
   1  a/vm1   5.0s  0000:01:02.0  b/0000:01:02.1
1 move in 1 wave, down for 5.0s in all: nothing does with less' \
                plan $across --goal evacuate=a/0000:01:00.0
        expect 0 '{"schema":1,"goals":["evacuate=a/0000:01:00.0"],"parallel":1,"image_rate":10,"guest_fixups":"unknown","feasible":true,"optimal":true,"cost_seconds":5.0,"lower_bound":5.0,"moves":[{"host":"a","domain":"vm1","to_host":"b","cost_seconds":5.0,"wave":0,"functions":[{"from":"0000:01:02.0","to":"0000:01:02.1"}]}],"waves":[["a/vm1"]],"rooms":[],"reason":null}' \
                plan --json $across --goal evacuate=a/0000:01:00.0
        expect 0 'a
0000:01:00.0    A       .
0000:02:00.0    B       B

b
0000:01:00.0    A.      A*
0000:02:00.0    .       .' \
                map $across --no-legend --goal evacuate=a/0000:01:00.0
        expect 0 'WAVE  DOMAIN  DOWN  FROM          TO
   1  a/vm1   5.0s  0000:01:02.0  b/0000:01:02.1
   2  a/vm2   1.0s  0000:02:02.0  0000:01:02.0
2 moves in 2 waves, down for 6.0s in all: nothing does with less' \
                plan $across --goal evacuate=a/0000:02:00.0
        expect 3 'Not possible: host a: each goal can be reached alone, but not all together; domain vm2, for one, may not leave the host: it does not tell its image_bytes' \
                plan $across --goal evacuate=a/0000:01:00.0 --goal evacuate=a/0000:02:00.0
        sed 's/free/quarantined/g' "$directory/fleet" >"$directory/narrow"
        expect 3 'No plan found: no other host has free functions for domain vm1 of host a; no other way was found, and it is not proven that there is none' \
                plan "--inventory=$directory/narrow" --across-hosts --image-rate=10 --goal evacuate=a/0000:01:00.0
        expect 2 "vgpu-hibernatectl: 'compact' is for domains that stay on their hosts; for moves across hosts say how many physical functions are to be free: free-pf=K" \
                plan $across --goal compact
}
expect 2 "vgpu-hibernatectl: with '--across-hosts' say how many bytes of an image are carried to another host in a second: '--image-rate=BYTES'" \
        plan "--inventory=$directory/fleet" --across-hosts --goal free-pf=1
expect 2 "vgpu-hibernatectl: '--image-rate' is for '--across-hosts'" plan "--inventory=$directory/fleet" --image-rate=1G --goal free-pf=1
expect 2 "vgpu-hibernatectl: '--across-hosts' is for a fleet; name its file with '--inventory'" plan --across-hosts --image-rate=1K --goal free-pf=1
for rate in '' 0 G 1.5G 1g 99999999999999999999 2048T; do
        "$ctl" plan "--inventory=$directory/fleet" --across-hosts "--image-rate=$rate" --goal free-pf=1 >/dev/null 2>&1 && got=0 || got=$?
        [ "$got" -eq 2 ] || { echo "a rate of '$rate' ends with $got" >&2; failed=1; }
done
sed 's/image_bytes/image_lines/' "$directory/fleet" >"$directory/untold"
expect 2 "vgpu-hibernatectl: no domain of the inventory tells its image_bytes, so what it takes to carry one to another host is not known" \
        plan "--inventory=$directory/untold" --across-hosts --image-rate=1M --goal free-pf=1

# A fleet of none, and hosts that are not told.
echo '{ "schema": 1, "hosts": [] }' >"$directory/none"
expect 3 'Not possible: the inventory has no hosts' plan --inventory "$directory/none" --goal fit=1
expect 0 'Nothing has to move' plan --inventory "$directory/none" --goal compact
echo '{ "schema": 1, "hosts": null, "functions": [ '"$(vf 1 0 assigned), $(vf 1 1 free)"' ] }' >"$directory/unlisted"
expect 0 '0000:01:00.0    ?.' map --no-legend --inventory "$directory/unlisted"

[ "$(cat "$directory/none" | "$ctl" plan --inventory /dev/stdin --goal compact)" = 'Nothing has to move' ] || failed=1

# What makes no sense.
expect 2 "vgpu-hibernatectl: there is no physical function 0000:09:00.0 in the inventory" \
        plan --inventory "$directory/two" --goal evacuate=0000:09:00.0
for goal in '' x compact=1 fit= fit=0 fit=01x fit=99999999999 fit=1,on=both fit=1,pool= free-pf=1,on=pf evacuate=1 compact,pool=a; do
        "$ctl" plan --inventory "$directory/two" --goal "$goal" >/dev/null 2>&1 && got=0 || got=$?
        [ "$got" -eq 2 ] || { echo "goal '$goal' ends with $got" >&2; failed=1; }
done
"$ctl" plan --inventory "$directory/absent" --goal compact >/dev/null 2>&1 && got=0 || got=$?
[ "$got" -eq 2 ] || { echo "an inventory that is not there ends with $got" >&2; failed=1; }

exit $failed
