#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Move a domain to other functions and wait for the end: everything from introspection (Debian: python3-dasbus)."""

import sys

from dasbus.connection import SystemMessageBus
from dasbus.error import DBusError
from dasbus.loop import EventLoop

NAME, ROOT = "org.vgpu.Hibernate1", "/org/vgpu/Hibernate1"


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DOMAIN")

    bus = SystemMessageBus()
    manager = bus.get_proxy(NAME, ROOT)
    loop, ended = EventLoop(), {}

    def on_job_removed(number, path, state):
        ended[path] = state
        loop.quit()

    manager.JobRemoved.connect(on_job_removed)  # before the call, so that nothing is missed
    try:
        job = manager.Move(sys.argv[1], {})
    except DBusError as error:
        sys.exit(str(error))

    while job not in ended:
        loop.run()
    print(ended[job], bus.get_proxy(NAME, job).ErrorMessage)
    sys.exit(ended[job] != "done")


main()
