/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* DomainFacts: what the world says about one domain at one moment. Filled by the host layer, judged by core. */

#include "core/family.h"
#include "core/firmware.h"
#include "core/plan.h"

/* libvirt's view: virDomainState, include/libvirt/libvirt-domain.h. It lies after failed saves and restores. */
typedef enum DomainState {
        DOMAIN_RUNNING,
        DOMAIN_PAUSED,
        DOMAIN_PMSUSPENDED,
        DOMAIN_SHUTOFF,
        DOMAIN_CRASHED,
        DOMAIN_OTHER, /* blocked, shutting down, no state */
        _DOMAIN_STATE_MAX,
        _DOMAIN_STATE_INVALID = -EINVAL,
} DomainState;

const char *domain_state_to_string(DomainState s);
DomainState domain_state_from_string(const char *s);

/* QEMU's own view by QMP query-status: the truth while a QEMU lives (qapi/run-state.json). */
typedef enum QemuStatus {
        QEMU_NONE, /* no QEMU: the domain is inactive */
        QEMU_RUNNING,
        QEMU_PAUSED, /* also prelaunch, inmigrate */
        QEMU_SUSPENDED,
        QEMU_FINISH_MIGRATE, /* a save is being written */
        QEMU_POSTMIGRATE,    /* the save is complete: must never be continued */
        QEMU_OTHER,
        _QEMU_STATUS_MAX,
        _QEMU_STATUS_INVALID = -EINVAL,
} QemuStatus;

const char *qemu_status_to_string(QemuStatus s);
/* Takes QMP's words; an unknown one is QEMU_OTHER. */
QemuStatus qemu_status_from_qmp(const char *s);

typedef enum ImageState {
        IMAGE_NONE,
        IMAGE_VALID,
        IMAGE_DAMAGED, /* partial or unreadable: starting the domain would delete it and boot cold */
        _IMAGE_STATE_MAX,
        _IMAGE_STATE_INVALID = -EINVAL,
} ImageState;

const char *image_state_to_string(ImageState s);
ImageState image_state_from_string(const char *s);

typedef struct DomainFacts {
        char *name; /* owned */
        char *uuid; /* owned */
        bool persistent;
        DomainState state;
        QemuStatus qemu;
        ImageState image;     /* libvirt's managed save image */
        uint64_t image_bytes; /* its size; 0: there is none */
        uint64_t memory_bytes;
        uint64_t vram_used_bytes; /* of all its functions, as the guest says; 0: not known */
        PciAddress *functions;    /* owned: PCI hostdevs in XML order, live XML when active, else inactive */
        size_t n_functions;
        char *devices; /* owned: these hostdevs as libvirt's XML has them, in a <domain> with nothing else */
        bool has_plain;   /* one of them is on vfio-pci itself, which knows nothing of a device's state: */
        PciAddress plain; /* the first */
        StrategyList strategies; /* what the families of these functions allow */
        char *migration_blockers; /* owned: why QEMU cannot save it as it is, in its own words; NULL: it says none */
        bool pm_mem_enabled,
                        pm_disk_enabled; /* <pm> of the XML: QEMU's default is enabled, libvirt leaves it */
        bool has_agent_channel;          /* org.qemu.guest_agent.0 in the XML */
        bool agent_answers;              /* guest-info came back before the deadline */
        bool agent_suspend_ram, agent_suspend_disk; /* commands listed as enabled by guest-info */
        bool qemu_cpr_reboot; /* QEMU takes the migration parameter "mode": 9.0 by its version, or it was tried */
        bool has_migration_mode;    /* its XML sets that for good */
        uint32_t qemu_version;      /* major * 1000000 + minor * 1000 + micro */
        uint64_t image_space_bytes; /* free for root where libvirt writes managed saves */
        bool image_dir_read_only;   /* for us, who write beside the images; libvirt may have another view */
        bool efi;                   /* its firmware is OVMF, else SeaBIOS */
        FirmwareSleep firmware_sleep;
        GuestDeclaration declared;
        const Family *fixups_family; /* borrowed; one of its functions' that wants fix-ups of the guest, NULL: none does */
        GuestFixups fixups;  /* of all such families the worst */
        char *fixups_reason; /* owned; NULL: none is known */
        GuestFacts guest;    /* as far as the agent was asked, and answered */
} DomainFacts;

void domain_facts_done(DomainFacts *f);

/* The guest is suspended, and libvirt knows it: from any other state a save that fails would not leave it so. */
bool domain_facts_asleep(const DomainFacts *f);
