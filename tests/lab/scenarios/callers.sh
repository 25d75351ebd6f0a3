# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf
# thorough
# timeout: 900
#
# Who may do what: real polkit, real D-Bus, a user without privileges; and the same from another host, by ssh.

. /lab/ctl.sh
a=$(function_address 1 0) b=$(function_address 2 0) free=$(function_address 2 2)

id alice > /dev/null 2>&1 || useradd --create-home alice
as_alice() {
        runuser -u alice -- "$@"
}
card_2_shows() {
        [ "$(vgpu-hibernatectl --json functions | jq '[.[] | select(.physical_function == "0000:02:00.0")] | length')" = "$1" ]
}
# rule JAVASCRIPT: the only one there is
rule() {
        echo "polkit.addRule(function(action, subject) { $1 });" > /etc/polkit-1/rules.d/50-lab.rules
        systemctl restart polkit
}

guest-state s3 > before
check "anybody may read" is "$(as_alice vgpu-hibernatectl --json list | jq -r '.[] | select(.name == "s3") | .state')" running
check "a user may not move" refused NotAuthorized "s3" as_alice vgpu-hibernatectl --no-ask-password move s3
check "nor hibernate" refused NotAuthorized "s3" as_alice vgpu-hibernatectl --no-ask-password hibernate s3
check "nor quarantine" refused NotAuthorized "$free" as_alice vgpu-hibernatectl --no-ask-password quarantine "$free" --reason no
for verb in "resume s3" "explain s3" "hold s3" "clear $free" "reserve 1"; do
        # shellcheck disable=SC2086 # a verb and its argument
        check "nor ${verb%% *}" refused NotAuthorized "" as_alice vgpu-hibernatectl --no-ask-password $verb
done
prepare_for_shutdown() {
        local said
        if said=$(as_alice busctl call org.vgpu.Hibernate1 /org/vgpu/Hibernate1 org.vgpu.Hibernate1.Manager PrepareForShutdown 2>&1); then
                return 1
        fi
        echo "$said"
        grep -q 'only root' <<< "$said"
}
check "nor call PrepareForShutdown" prepare_for_shutdown

rule 'if (action.id == "org.vgpu.hibernate1.move" && action.lookup("domain") == "s3" && subject.user == "alice") return polkit.Result.YES;'
check "a rule may allow one domain" as_alice vgpu-hibernatectl --no-ask-password move s3 --function "$b"
guest-state s3 > after
check "and it is moved" guest-proof --mac "$(function_mac 2 0)" before after
check "the books are right" moved s3 "$a" "$b"
job=$(vgpu-hibernatectl --json jobs | jq 'map(.id) | max')
check "nor to cancel a job" refused NotAuthorized "" as_alice vgpu-hibernatectl --no-ask-password cancel "$job"
check "it does not allow another" refused NotAuthorized "ovmf" as_alice vgpu-hibernatectl --no-ask-password move ovmf
check "nor another verb" refused NotAuthorized "s3" as_alice vgpu-hibernatectl --no-ask-password hibernate s3

rule 'if (action.id == "org.vgpu.hibernate1.quarantine" && action.lookup("function") == "'"$free"'") return polkit.Result.YES;'
check "a rule may allow one function" as_alice vgpu-hibernatectl --no-ask-password quarantine "$free" --reason "alice says so"
check "which is out of use then" function_is "$free" quarantined
check "and no other" refused NotAuthorized "$a" as_alice vgpu-hibernatectl --no-ask-password quarantine "$a" --reason no
check "but not to put it back" refused NotAuthorized "$free" as_alice vgpu-hibernatectl --no-ask-password clear "$free"
rule 'if (action.id == "org.vgpu.hibernate1.clear" && subject.user == "alice") return polkit.Result.YES;'
check "which another rule may allow" as_alice vgpu-hibernatectl --no-ask-password clear "$free"

systemctl stop polkit
systemctl mask --runtime --quiet polkit
check "without polkit nobody but root" refused NotAuthorized "s3" as_alice vgpu-hibernatectl --no-ask-password move s3
check "and root still" vgpu-hibernatectl quarantine "$free" --reason "root says so"
systemctl unmask --runtime --quiet polkit
rm -f /etc/polkit-1/rules.d/50-lab.rules
vgpu-hibernatectl clear "$free"

# A scheduler: what would come of it, a promise, and the move that uses it.
check "explain says that it can be done" is "$(vgpu-hibernatectl --json explain s3 | jq -c '[.possible, .strategy]')" '[true,"suspend-to-ram"]'
check "and on which functions" bash -c "vgpu-hibernatectl --json explain s3 | jq -e '[.candidates[] | select(.fits)] | length >= 3' > /dev/null"
cookie=$(vgpu-hibernatectl --json reserve 1 --like s3 --label lab | jq -r .cookie)
reserved=$(vgpu-hibernatectl --json functions | jq -r '.[] | select(.state == "held") | .address')
check "a cookie that was found out is of no use to another user" refused NotAuthorized "another user" as_alice vgpu-hibernatectl --no-ask-password release "$cookie"
check "a reserved function is nobody else's" refused FunctionBusy "reserved" vgpu-hibernatectl move ovmf --function "$reserved"
systemctl restart vgpu-hibernated
check "also after a restart" function_is "$reserved" held
guest-state s3 > before
check "the move that has the cookie gets it" vgpu-hibernatectl move s3 --reservation "$cookie"
guest-state s3 > after
check "the same guest" guest-proof before after
check "on that function" is "$(domain_functions s3)" "$reserved"
check "a cookie is used once" refused UnknownReservation "reserve again" vgpu-hibernatectl release "$cookie"

vgpu-hibernatectl hibernate s3 --hold
check "a held function is not given to others" refused FunctionBusy "s3" vgpu-hibernatectl move ovmf --function "$reserved"
vgpu-hibernatectl resume s3
check "and the domain comes back to it" is "$(domain_functions s3)" "$reserved"
guest-state s3 > after
check "the same guest still" guest-proof before after
b=$reserved

# Everybody hears of it, and soon.
vgpu-hibernatectl watch --json > heard &
watcher=$!
sleep 3
happened=${EPOCHREALTIME/./}
virsh -q suspend ovmf
check "a domain that somebody pauses is told of" wait_for 20 grep -q '"name":"ovmf".*"State":"paused"' heard
say "after $(( ($(grep '"name":"ovmf".*"State":"paused"' heard | head -n 1 | jq .usec) - happened) / 1000 )) ms"
virsh -q resume ovmf
kill "$watcher"

# From another host. There is none, so this one is both.
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 <<< y > /dev/null
cat /root/.ssh/id_ed25519.pub >> /root/.ssh/authorized_keys
ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null >> /root/.ssh/known_hosts
check "over ssh it is the same" is \
        "$(vgpu-hibernatectl -H root@127.0.0.1 --json list | jq -c 'map(.name) | sort')" \
        "$(vgpu-hibernatectl --json list | jq -c 'map(.name) | sort')"
check "also to change something" vgpu-hibernatectl -H root@127.0.0.1 quarantine "$free" --reason "from afar"
check "and an error is the same error" refused NotQuarantined "not quarantined" vgpu-hibernatectl -H root@127.0.0.1 clear "$b"
vgpu-hibernatectl clear "$free"

# busctl understands every property and the look-ups.
check "busctl reads every object as JSON" bash -c '
        busctl --json=short call org.vgpu.Hibernate1 /org/vgpu/Hibernate1 org.freedesktop.DBus.ObjectManager GetManagedObjects |
                jq -e ".data[0] | length >= 8" > /dev/null'
check "and a look-up" bash -c "[ \"\$(busctl --json=short call org.vgpu.Hibernate1 /org/vgpu/Hibernate1 org.vgpu.Hibernate1.Manager GetFunction s $free | jq -r '.data[0]')\" = \"/org/vgpu/Hibernate1/function/$(tr ':.' __ <<< "$free")\" ]"

# The world changes behind our back. s3 has a function of that card: it goes home first.
[ "$(domain_functions s3)" = "$a" ] || vgpu-hibernatectl move s3 --function "$a"
echo 0 > /sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
check "functions that are removed disappear" wait_for 20 card_2_shows 0
echo 4 > /sys/bus/pci/devices/0000:02:00.0/sriov_numvfs
check "and come back" wait_for 20 card_2_shows 4
virsh -q destroy ovmf
check "a domain that somebody ends is seen" domain_is ovmf shut-off
check "and its function is free" function_is "$(function_address 1 2)" free
