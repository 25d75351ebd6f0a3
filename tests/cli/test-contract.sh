#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: test-contract.sh SOURCE-ROOT: org.vgpu.Hibernate1(5) documents every path, every name of the
# D-Bus contract and every error with its exit status, vgpu-hibernate.json(5) every member of the configuration.
# shellcheck disable=SC2013 # names of the contract have no white space
set -eu

cd "$1"
page=man/org.vgpu.Hibernate1.5
config_page=man/vgpu-hibernate.json.5
failed=0

fail() {
        echo "$*" >&2
        failed=1
}

# contract INTERFACE -> "Release(s cookie)", "GetJob(t id)->(o job)", "Version(s, constant)"; a line each
contract() {
        sed -n "/<interface name=\"$1\">/,/<\/interface>/p" conf/org.vgpu.Hibernate1.xml | awk -F '"' '
                function end() {
                        print is_property ? name "(" type constant ")" : name "(" in_args ")" (out_args ? "->(" out_args ")" : "")
                }
                /<(method|signal|property) / {
                        name = $2; type = $4; is_property = /<property/; in_args = out_args = constant = ""
                }
                /<arg / && /direction="out"/ { out_args = out_args (out_args ? ", " : "") $2 " " $4 }
                /<arg / && !/direction="out"/ { in_args = in_args (in_args ? ", " : "") $2 " " $4 }
                /<annotation / && /"const"/ { constant = ", constant" }
                /<\/(method|signal|property)>/ || /<(method|signal|property) .*\/>/ { end() }'
}

# Each interface has a section, in which stand its methods, signals and properties, as the XML has them.
for interface in $(sed -n 's/.*<interface name="\([^"]*\)".*/\1/p' conf/org.vgpu.Hibernate1.xml); do
        section=$(sed -n "/^\.SH $interface\$/,/^\.SH/p" "$page" |
                sed -n '/^\.B/{s/^\.B[IR]* //; s/"//g; s/\\(->/->/; s/ *\([()]\) */\1/g; s/) *-> *(/)->(/; p}')
        [ -n "$section" ] || fail "$page has no section $interface"
        members=$(contract "$interface")
        [ -n "$members" ] || fail "the XML has nothing of $interface"
        while read -r member; do
                echo "$section" | grep -Fqx "$member" || fail "$page lacks $member of $interface"
        done <<EOF
$members
EOF
done

# "/org/vgpu/Hibernate1/job/\fINUMBER\fP|Job"
header=include/vgpu-hibernate.h
for path in $(sed -n 's/^#define VGPU_HIBERNATE_[A-Z]*_PATH "\(.*\)"$/\1/p' $header); do
        grep -q "^${path}[/|]" "$page" || fail "$page lacks the objects $path"
done

# "NoSpace|3|..."
for name in $(sed -n 's/^#define VGPU_HIBERNATE_ERROR_[A-Z_]* .*\.Error\.\([A-Za-z]*\)"$/\1/p' $header); do
        constant=$(sed -n "s/^#define \(VGPU_HIBERNATE_ERROR_[A-Z_]*\) .*\.Error\.$name\"\$/\1/p" $header)
        case $(grep "{ $constant," src/core/failure.c) in
        *FAILURE_EXIT_FAILED*) status=1 ;;
        *FAILURE_EXIT_USAGE*) status=2 ;;
        *FAILURE_EXIT_REFUSED*) status=3 ;;
        *) status=none ;;
        esac
        grep -q "^$name|$status|" "$page" || fail "$page lacks the error $name with exit status $status"
done

for key in $(sed -n 's/^ *"\([a-z][a-z_]*\)":.*/\1/p' conf/vgpu-hibernate.json); do
        grep -q "^\.I $key\$" "$config_page" || grep -q "^\.IR $key " "$config_page" ||
                fail "$config_page lacks the member $key"
done

exit $failed
