/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Config: /etc/vgpu-hibernate/vgpu-hibernate.json, documented in vgpu-hibernate.json(5). */

#include "core/function.h"
#include "core/pool.h"

#define CONFIG_PATH "/etc/vgpu-hibernate/vgpu-hibernate.json"
#define STATE_DIR "/var/lib/vgpu-hibernate"
#define CONFIG_RULES_MAX 1024

/* One rule: a function matches when every member that is set is equal. */
typedef struct FunctionRule {
        bool has_vendor, has_device, has_class, has_physical_function, has_address;
        uint16_t vendor, device;
        uint16_t class_code; /* upper 16 bits of the 24: class and subclass */
        bool class_only;     /* "03": any subclass */
        PciAddress physical_function, address;
} FunctionRule;

typedef struct Config {
        char *libvirt_uri;
        char *image_dir;     /* where libvirt writes managed saves */
        FunctionRule *match; /* none: VFs of class 03 (display) or 12 (accelerator) */
        size_t n_match;
        FunctionRule *exclude;
        size_t n_exclude;
        PickPolicy pick;
        uint64_t agent_timeout_usec;           /* one guest agent command */
        uint64_t suspend_timeout_usec;         /* guest S3, until QEMU says suspended */
        uint64_t suspend_to_disk_timeout_usec; /* guest S4, until shut off */
        uint64_t wake_timeout_usec;            /* until QEMU says running */
        uint64_t health_timeout_usec;          /* until the agent answers after a resume */
        uint64_t attempts_max;      /* sets of targets that a job may try, 1 to JOB_ATTEMPTS_MAX - 1 */
        uint64_t finished_jobs_max; /* how many records of ended jobs are kept */
} Config;

/* The defaults. */
int config_new(Config **ret) _warn_unused_result_;
Config *config_free(Config *c);
DEFINE_CLEANUP_FUNC(Config *, config_free);

/* A missing file gives the defaults; a bad one an error with file, path of the member and what was expected. */
int config_load(const char *path, Config **ret, Failure *reterr) _warn_unused_result_;
int config_parse(const char *text, size_t size, const char *name, Config **ret,
                 Failure *reterr) _warn_unused_result_;

/* Does the configuration put this function into the pool? */
bool config_matches(const Config *c, const Function *f);
