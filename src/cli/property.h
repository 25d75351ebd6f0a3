/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* D-Bus properties into structs, by tables. */

#include <systemd/sd-bus.h>

#include "basic/macro.h"

/* One property: where its value goes and how it is read out of its variant. */
typedef struct PropertyField {
        const char *name;
        const char *signature;
        int (*read)(sd_bus_message *m, void *field);
        size_t offset;
} PropertyField;

/* Fills `object` from an a{sv}; properties without a field are skipped. -EBADMSG: another type than the
 * table's. */
int properties_read(sd_bus_message *m, const PropertyField *fields, size_t n_fields,
                    void *object) _warn_unused_result_;

/* Readers. Strings are replaced, owned by the field. */
int property_read_string(sd_bus_message *m, void *field);
int property_read_path(sd_bus_message *m, void *field);
int property_read_strings(sd_bus_message *m, void *field);
int property_read_uint64(sd_bus_message *m, void *field);
int property_read_uint32(sd_bus_message *m, void *field);
int property_read_int32(sd_bus_message *m, void *field);
int property_read_bool(sd_bus_message *m, void *field);
/* A double; what is no finite number, or below 0, is -1. */
int property_read_double(sd_bus_message *m, void *field);
/* A double, kept within 0..1. */
int property_read_fraction(sd_bus_message *m, void *field);

void strings_free(char **strings);
