#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: test-fits.sh VGPU-HIBERNATECTL FAMILIES-DIR: the offline command, without daemon, privilege or network.
set -eu

program=$(realpath "$1") families=$(realpath "$2")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
failed=0

identity='"vendor":"1002","device":"74b6","subsystem":"1002:74a2","revision":"00","class":"120000","msix":64'
cat >inventory.json <<END
{ "schema": 1, "host": "node1", "functions": [
  { "address": "0000:01:10.0", "physical_function": "0000:01:00.0", "state": "assigned", "domain": "vm1",
    "identity": { $identity, "bars": [ { "index": 0, "bytes": 17179869184, "kind": "mem64", "prefetchable": true } ] } },
  { "address": "0000:02:10.0", "physical_function": "0000:02:00.0", "state": "free",
    "identity": { $identity, "bars": [ { "index": 0, "bytes": 17179869184, "kind": "mem64", "prefetchable": true } ] } },
  { "address": "0000:03:10.0", "physical_function": "0000:03:00.0", "state": "free",
    "identity": { $identity, "bars": [ { "index": 0, "bytes": 8589934592, "kind": "mem64", "prefetchable": true } ] } },
  { "address": "0000:04:00.0", "state": "free", "identity": { "virtual": false, "vendor": "1002", "device": "74a2" } },
  { "address": "0000:05:10.0", "physical_function": "0000:05:00.0", "state": "free",
    "identity": { "vendor": "1af4", "device": "1041" } },
  { "address": "0000:06:10.0", "physical_function": "0000:06:00.0", "state": "free",
    "identity": { "vendor": "1af4", "device": "1041" } } ],
  "domains": [ { "name": "vm1" } ] }
END

# STATUS WORDS ARGUMENT...: the exit status, and what must be among the output.
expect() {
        status=$1 words=$2 got=0
        shift 2
        "$program" fits "$@" >out 2>&1 || got=$?
        [ $got = "$status" ] && grep -qF -- "$words" out || {
                echo "fits $* gave $got: $(cat out)" >&2
                failed=1
        }
}

with="--inventory=inventory.json --families-dir=$families"
# shellcheck disable=SC2086 # options
{
        expect 0 'may take over' $with 0000:01:10.0 0000:02:10.0 --guest-fixups=yes
        expect 0 '{"fits":true,"findings":[]}' $with 0000:01:10.0 0000:02:10.0 --guest-fixups=yes --json
        expect 3 'guest-fixups-unknown' $with 0000:01:10.0 0000:02:10.0
        expect 3 '"code":"guest-fixups","scope":"function","blocking":true' $with 0000:01:10.0 0000:02:10.0 \
                --guest-fixups=no --json
        expect 3 'its BAR 0 is 8 GiB, the guest knows 16 GiB' $with 0000:01:10.0 0000:03:10.0 --guest-fixups=yes
        expect 3 '{"fits":false,"findings":[{"code":"bar-size",' $with 0000:01:10.0 0000:03:10.0 \
                --guest-fixups=yes --json
        expect 3 'physical-function' $with 0000:01:10.0 0000:04:00.0 --guest-fixups=yes
        expect 3 'function-busy' $with 0000:02:10.0 0000:01:10.0 --guest-fixups=yes
        expect 2 'is not in the inventory' $with 0000:01:10.0 0000:09:10.0
        expect 2 'is not yes, no or unknown' $with 0000:01:10.0 0000:02:10.0 --guest-fixups=perhaps
        expect 2 "has no option '--function'" $with 0000:01:10.0 0000:02:10.0 --function=0000:02:10.0
        expect 2 "no '--host'" $with 0000:01:10.0 0000:02:10.0 -H node1
        expect 2 'too many arguments' $with 0000:01:10.0 0000:02:10.0 0000:03:10.0
        expect 2 'needs FUNCTION FUNCTION' $with 0000:01:10.0
}
expect 2 "needs the option '--inventory=FILE'" 0000:01:10.0 0000:02:10.0
expect 2 'No such file' --inventory=absent.json 0000:01:10.0 0000:02:10.0
expect 2 '"message":"cannot read absent.json' --inventory=absent.json 0000:01:10.0 0000:02:10.0 --json
expect 2 'No such file' --inventory=inventory.json --families-dir=absent 0000:01:10.0 0000:02:10.0
echo '{ "schema": 1, "functions": [ { "address": "0000:01:10.0", "physical_function": "0000:01:00.0", "state": 7 } ] }' >wrong.json
expect 2 "wrong.json: 'functions[0].state' must be a string" --inventory=wrong.json 0000:01:10.0 0000:01:10.0

# Of neither more is told than the kind.
f() {
        echo '{ "address": "0000:0'"$1"':10.0", "physical_function": "0000:0'"$1"':00.0", "state": "free", "kind": "'"$2"'" }'
}
echo '{ "schema": 1, "functions": ['"$(f 1 k), $(f 2 k), $(f 3 l)"'] }' >kinds.json
expect 0 'it is judged by its kind' --inventory=kinds.json 0000:01:10.0 0000:02:10.0
expect 3 'kind' --inventory=kinds.json 0000:01:10.0 0000:03:10.0

# A new device is a new file.
mkdir families
expect 3 'same-function' --inventory=inventory.json --families-dir=families 0000:05:10.0 0000:06:10.0
echo '{ "schema": 1, "devices": ["1af4:1041"], "targets": "any" }' >families/mine.json
expect 0 'may take over' --inventory=inventory.json --families-dir=families 0000:05:10.0 0000:06:10.0
echo '{ "schema": 1, "devices": ["1af4:1041"], "targets": "all" }' >families/mine.json
expect 2 "families/mine.json: 'targets' has the unknown value 'all'" --inventory=inventory.json \
        --families-dir=families 0000:05:10.0 0000:06:10.0
exit $failed
