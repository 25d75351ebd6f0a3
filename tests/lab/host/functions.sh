# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Where the functions are. Card 1 holds the guests of the warm snapshot, card 2 is free.

# function_address CARD FUNCTION -> PCI address. The card puts its functions at every second number.
function_address() {
        printf '0000:%02x:%02x.%x\n' "$1" "$(( 16 + $2 * 2 / 8 ))" "$(( $2 * 2 % 8 ))"
}

# function_mac CARD FUNCTION -> the MAC address that the host gave it
function_mac() {
        printf '52:54:00:00:%x%x:0%x\n' "$1" "$1" "$2"
}

# function_driver ADDRESS -> driver that it is bound to, or nothing
function_driver() {
        basename "$(readlink "/sys/bus/pci/devices/$1/driver")"
}
