/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/property.h"

#include <float.h>

void strings_free(char **strings)
{
        for (char **s = strings; s && *s; s++)
                free(*s);
        free(strings);
}

int property_read_string(sd_bus_message *m, void *field)
{
        const char *s;
        int r;

        r = sd_bus_message_read_basic(m, 's', &s);
        return r < 0 ? r : free_and_strdup(field, s);
}

int property_read_path(sd_bus_message *m, void *field)
{
        const char *s;
        int r;

        r = sd_bus_message_read_basic(m, 'o', &s);
        return r < 0 ? r : free_and_strdup(field, s);
}

int property_read_uint64(sd_bus_message *m, void *field)
{
        return sd_bus_message_read_basic(m, 't', field);
}

int property_read_uint32(sd_bus_message *m, void *field)
{
        return sd_bus_message_read_basic(m, 'u', field);
}

int property_read_int32(sd_bus_message *m, void *field)
{
        return sd_bus_message_read_basic(m, 'i', field);
}

int property_read_bool(sd_bus_message *m, void *field)
{
        int b, r; /* sd-bus booleans are int */

        r = sd_bus_message_read_basic(m, 'b', &b);
        if (r < 0)
                return r;

        *(bool *) field = b;
        return 0;
}

int property_read_double(sd_bus_message *m, void *field)
{
        double d;
        int r;

        r = sd_bus_message_read_basic(m, 'd', &d);
        if (r < 0)
                return r;

        /* Not-a-number fails every comparison. */
        *(double *) field = d >= 0 && d <= DBL_MAX ? d : -1;
        return 0;
}

int property_read_fraction(sd_bus_message *m, void *field)
{
        double d;
        int r;

        r = sd_bus_message_read_basic(m, 'd', &d);
        if (r < 0)
                return r;

        /* Not-a-number fails every comparison. */
        *(double *) field = d >= 0 ? (d <= 1 ? d : 1) : 0;
        return 0;
}

int property_read_strings(sd_bus_message *m, void *field)
{
        char **strings = NULL;
        int r;

        r = sd_bus_message_read_strv(m, &strings);
        if (r < 0)
                return r;

        strings_free(*(char ***) field);
        *(char ***) field = strings;
        return 0;
}

int properties_read(sd_bus_message *m, const PropertyField *fields, size_t n_fields, void *object)
{
        const char *name;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r == -ENXIO ? -EBADMSG : r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const PropertyField *field = NULL;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;

                for (size_t i = 0; !field && i < n_fields; i++)
                        if (streq(fields[i].name, name))
                                field = &fields[i];

                if (field) {
                        r = sd_bus_message_enter_container(m, 'v', field->signature);
                        if (r < 0)
                                return r == -ENXIO ? -EBADMSG : r;
                        r = field->read(m, (char *) object + field->offset);
                        if (r < 0)
                                return r;
                        r = sd_bus_message_exit_container(m);
                } else
                        r = sd_bus_message_skip(m, "v");
                if (r < 0)
                        return r;

                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}
