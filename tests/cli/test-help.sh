#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: test-help.sh VGPU-HIBERNATECTL MAN-PAGE: what --help says and what the man page says are the same,
# and mistakes end with 2.
set -eu

ctl=$1
page=$2
failed=0

fail() {
        echo "$*" >&2
        failed=1
}

# Words of the form "--option" and, from the table of commands, the first word of each line.
help=$("$ctl" --help)
help_options=$(echo "$help" | grep -oE -- '--[a-z][a-z-]+' | sort -u)
help_verbs=$(echo "$help" | sed -n '/^Commands/,/^$/s/^  \([a-z][a-z]*\).*/\1/p' | sort -u)

# In the source of the man page an option is a tag ".BR \-\-option" or ".BR \-o ", " \-\-option", a command a
# tag ".B command" in the section COMMANDS.
man_options=$(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' "$page" | grep -A1 '^\.TP' |
        grep -oE '\\-\\-[a-z][a-z\\-]+' |
        sed 's/\\//g' | sort -u)
man_verbs=$(sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/p' "$page" | grep -A1 '^\.TP' |
        sed -n 's/^\.B[RI]* \([a-z][a-z]*\).*/\1/p' | sort -u)

[ -n "$help_options" ] || fail "--help has no options"
[ -n "$help_verbs" ] || fail "--help has no commands"
[ "$help_options" = "$man_options" ] || fail "options of --help and of $page differ:
$help_options
---
$man_options"
[ "$help_verbs" = "$man_verbs" ] || fail "commands of --help and of $page differ:
$help_verbs
---
$man_verbs"

expect_usage() {
        wanted=$1
        shift
        status=0
        said=$("$ctl" "$@" 2>&1 >/dev/null) || status=$?
        [ "$status" = 2 ] || fail "exit status $status instead of 2: $*"
        case $said in
        *"$wanted"*) ;;
        *) fail "'$wanted' is not in: $said" ;;
        esac
}

expect_usage "did you mean 'hibernate'?" hibernat vm1
expect_usage "did you mean 'move'?" mvoe vm1
expect_usage "unknown command 'shutdown'" shutdown vm1
expect_usage "did you mean '--strategy'?" move vm1 --stratgy=x
expect_usage "unknown option '--frobnicate'" list --frobnicate
expect_usage "unknown option '-x'" list -x
expect_usage "needs DOMAIN" hibernate
expect_usage "not an empty string" hibernate ''
expect_usage "too many arguments" move a b c
expect_usage "takes no argument" list a
expect_usage "has no option '--function'" hibernate vm1 --function=0000:01:10.0
expect_usage "has no option '--follow'" list --follow
expect_usage "has no option '--fallback'" resume vm1 --fallback=back
expect_usage "needs a value: back|stay" move vm1 --fallback
expect_usage "has no option '--kind'" move vm1 --kind=move
expect_usage "needs a value: hibernate|resume|move" explain vm1 --kind
expect_usage "needs a value" move vm1 --strategy
expect_usage "takes no value" list --all=yes
expect_usage "given twice" move vm1 --strategy=a --strategy=b
expect_usage "given twice" move vm1 --function=0000:01:10.0 --function=0000:01:10.0
expect_usage "not the address" move vm1 --function=01:10.0
expect_usage "not the address" clear vf1
expect_usage "not the number" job eleven
expect_usage "not the number" cancel -- -1
expect_usage "needs COUNT" reserve
expect_usage "not a number of functions" reserve many
expect_usage "not a number of functions" reserve 0
expect_usage "not a number of functions" reserve 99999999999999999999
expect_usage "not a number of seconds" reserve 1 --ttl=5min
expect_usage "not a time" hold vm1 --until=tomorrow
expect_usage "has no option '--hold'" resume vm1 --hold
expect_usage "has no option '--reservation'" hibernate vm1 --reservation=x
expect_usage "--reason=TEXT" quarantine 0000:01:10.0
expect_usage "not the name of a host" -H -oProxyCommand=x list
expect_usage "not valid UTF-8" move "$(printf 'v\377m')"

"$ctl" lsit --json 2>/dev/null |
        grep -q '^{"error":{"name":"org.freedesktop.DBus.Error.InvalidArgs","message":' ||
        fail "a mistake is not reported as JSON"
"$ctl" --version | grep -qE '^vgpu-hibernatectl [0-9]+\.[0-9]+' || fail "--version"
# After "--" a word is a word. That far it comes to looking for a bus.
DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent "$ctl" --user move -- --help >/dev/null 2>&1 &&
        fail "-- is not honoured"
# An ssh that does not get there: every command says the same.
ssh=$(mktemp -d)
trap 'rm -rf "$ssh"' EXIT
printf '#!/bin/sh\nexit 255\n' > "$ssh/ssh"
chmod +x "$ssh/ssh"
for verb in list watch 'move vm1' 'job 1'; do
        status=0
        # shellcheck disable=SC2086 # a verb and its argument
        said=$(PATH=$ssh:$PATH "$ctl" --host=root@node1 $verb 2>&1 > /dev/null) || status=$?
        case $status:$said in
        4:*"cannot connect to the bus of root@node1"*NoServer*) ;;
        *) fail "exit status $status without ssh: $verb: $said" ;;
        esac
done
[ -w /dev/full ] && "$ctl" --help >/dev/full 2>/dev/null && fail "a full disk is a success"

exit $failed
