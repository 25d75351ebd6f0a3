#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: test-completion.sh COMPLETION-SCRIPT: what is offered, with a vgpu-hibernatectl that answers from
# here, and that the names of domains are never executed.
set -u

script=$(realpath "$1")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit 1

cat >vgpu-hibernatectl <<'EOF'
#!/bin/sh
echo "$*" >>"$0.log"
case "$*" in
*list*) printf '%s\n' vm1 vm2 'my vm' '$(touch pwned)' '`touch pwned`' ;;
*functions*) printf '%s\n' 0000:01:10.0 0000:01:10.2 0000:02:10.0 ;;
*pools*) printf '%s\n' 8086-10ca gpu ;;
*jobs*) printf '%s\n' 17 18 ;;
esac
EOF
chmod +x vgpu-hibernatectl
PATH=$directory:$PATH
# shellcheck source=/dev/null
source "$script"

failed=0

# The line as typed, the expected words.
expect() {
        local typed=$1 wanted=$2 COMP_LINE=$1 COMP_POINT=${#1}
        local COMP_WORDBREAKS=$' \t\n"\'><=;|&(:' COMPREPLY=()
        local COMP_WORDS=(vgpu-hibernatectl)
        _vgpu_hibernatectl
        [[ ${COMPREPLY[*]} == "$wanted" ]] || {
                echo "'$typed' offers '${COMPREPLY[*]}' instead of '$wanted'" >&2
                failed=1
        }
}

expect 'vgpu-hibernatectl hi' 'hibernate'
expect 'vgpu-hibernatectl move vm' 'vm1 vm2'
expect 'vgpu-hibernatectl -q move vm' 'vm1 vm2'
expect 'vgpu-hibernatectl move my' 'my\ vm'
expect 'vgpu-hibernatectl move $' '\$\(touch\ pwned\)'
expect 'vgpu-hibernatectl move vm1 ' ''
expect 'vgpu-hibernatectl move vm1 --st' '--strategy'
expect 'vgpu-hibernatectl move --strategy=suspend-to-d' 'suspend-to-disk'
expect 'vgpu-hibernatectl move --strategy a' 'auto'
expect 'vgpu-hibernatectl move vm1 --fa' '--fallback'
expect 'vgpu-hibernatectl hibernate vm1 --fa' ''
expect 'vgpu-hibernatectl move vm1 --fallback=' 'back stay'
expect 'vgpu-hibernatectl move --fallback s' 'stay'
expect 'vgpu-hibernatectl explain vm1 --kind=' 'hibernate resume move'
expect 'vgpu-hibernatectl resume vm1 --function=0000:01:1' '10.0 10.2'
expect 'vgpu-hibernatectl resume vm1 --function 0000:02:' '10.0'
expect 'vgpu-hibernatectl clear 0000:0' '01:10.0 01:10.2 02:10.0'
expect 'vgpu-hibernatectl job ' '17 18'
expect 'vgpu-hibernatectl job --fo' '--follow'
expect 'vgpu-hibernatectl reserve 1 --p' '--pool'
expect 'vgpu-hibernatectl reserve 1 --pool=g' 'gpu'
expect 'vgpu-hibernatectl reserve 1 --like vm' 'vm1 vm2'
expect 'vgpu-hibernatectl reserve --group=' 'any pf'
expect 'vgpu-hibernatectl reserve --ttl ' ''
expect 'vgpu-hibernatectl fits --guest-fixups=' 'unknown yes no'
expect 'vgpu-hibernatectl fits --inventory=vgpu-hibernatectl.l' 'vgpu-hibernatectl.log'
expect 'vgpu-hibernatectl fits --inventory absent' ''
expect 'vgpu-hibernatectl hold vm' 'vm1 vm2'
expect 'vgpu-hibernatectl hold vm1 --re' '--release'
expect 'vgpu-hibernatectl list vm' ''
expect 'vgpu-hibernatectl -H root@node1 move vm1 --no-w' '--no-wait'
expect 'vgpu-hibernatectl -H root@node1 job 1' '17 18'

grep -q -- '^-H root@node1 --no-ask-password -q jobs$' vgpu-hibernatectl.log || {
        echo "the other host is not asked" >&2
        failed=1
}
[[ ! -e pwned ]] || {
        echo "the name of a domain was executed" >&2
        failed=1
}
exit $failed
