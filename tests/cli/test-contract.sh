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

# Each interface has a section, in which stand its methods, signals and properties.
for interface in $(sed -n 's/.*<interface name="\([^"]*\)".*/\1/p' conf/org.vgpu.Hibernate1.xml); do
        section=$(sed -n "/^\.SH $interface\$/,/^\.SH/p" "$page")
        [ -n "$section" ] || fail "$page has no section $interface"
        names=$(sed -n "/<interface name=\"$interface\">/,/<\/interface>/p" conf/org.vgpu.Hibernate1.xml |
                sed -n 's/.*<\(method\|signal\|property\) name="\([^"]*\)".*/\1:\2/p')
        for kind_name in $names; do
                name=${kind_name#*:}
                case $kind_name in
                property:*) pattern="^\.BR $name \" (" ;;
                *) pattern="^\.BI* $name(" ;;
                esac
                echo "$section" | grep -q "$pattern" || fail "$page lacks $kind_name of $interface"
        done
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
