// SPDX-License-Identifier: LGPL-2.1-or-later

// Move a domain to other functions and wait for the end (Debian: golang-github-godbus-dbus-dev):
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run move.go vm1
package main

import (
	"fmt"
	"os"

	"github.com/godbus/dbus"
)

const (
	name    = "org.vgpu.Hibernate1"
	root    = dbus.ObjectPath("/org/vgpu/Hibernate1")
	manager = name + ".Manager"
)

func move(domain string) (string, error) {
	bus, err := dbus.SystemBus()
	if err != nil {
		return "", err
	}

	// Before the call, so that nothing is missed.
	signals := make(chan *dbus.Signal, 64)
	bus.Signal(signals)
	if err = bus.AddMatchSignal(dbus.WithMatchInterface(manager), dbus.WithMatchMember("JobRemoved")); err != nil {
		return "", err
	}

	var job dbus.ObjectPath
	err = bus.Object(name, root).Call(manager+".Move", 0, domain, map[string]dbus.Variant{}).Store(&job)
	if err != nil {
		return "", err
	}

	for signal := range signals {
		var id uint64
		var path dbus.ObjectPath
		var state string
		if dbus.Store(signal.Body, &id, &path, &state) != nil || path != job {
			continue
		}
		why, err := bus.Object(name, job).GetProperty(name + ".Job.ErrorMessage")
		if err != nil {
			return state, err
		}
		fmt.Println(state, why.Value())
		return state, nil
	}
	return "", fmt.Errorf("the bus is gone")
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s DOMAIN\n", os.Args[0])
		os.Exit(2)
	}
	state, err := move(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if state != "done" {
		os.Exit(1)
	}
}
