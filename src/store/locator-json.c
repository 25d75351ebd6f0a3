/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/locator-json.h"

#include <stdio.h>

int json_add_locator(json_object *o, const char *key, const Locator *l)
{
        json_object *locator;

        if (!locator_is_known(l))
                return 0;

        locator = json_object_new_object();
        if (json_add(o, key, locator) < 0 || json_add_string(locator, "slot", l->slot) < 0 ||
            json_add_u64(locator, "index", l->index) < 0)
                return -ENOMEM;

        if (l->serial == 0)
                return 0;
        return json_add_string(locator, "serial",
                               locator_serial_format(l->serial, (char[LOCATOR_SERIAL_STRING_MAX]) { 0 }));
}

static int read_locator(json_object *o, const char *where, Locator *ret, Failure *reterr)
{
        const char *slot, *serial;
        Locator l = { 0 };
        uint64_t index;
        int r;

        if ((r = json_get_string(o, where, "slot", true, &slot, reterr)) < 0 ||
            (r = json_get_u64(o, where, "index", true, 0, UINT16_MAX, &index, reterr)) < 0 ||
            (r = json_get_string(o, where, "serial", false, &serial, reterr)) < 0)
                return r;

        if (!locator_slot_is_valid(slot))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.slot' is no place of a device",
                                   where);
        if (r > 0 && locator_serial_parse(serial, &l.serial) < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.serial' must have 16 lower-case hex digits", where);

        (void) snprintf(l.slot, sizeof(l.slot), "%s", slot);
        l.index = (uint32_t) index;
        *ret = l;
        return 1;
}

int json_get_locator(json_object *o, const char *where, const char *key, Locator *ret, Failure *reterr)
{
        _cleanup_free_ char *path = NULL;
        json_object *locator;
        int r;

        r = json_get_object(o, where, key, false, &locator, reterr);
        if (r <= 0)
                return r;

        if (asprintf(&path, "%s.%s", where, key) < 0) {
                path = NULL;
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read '%s'", key);
        }

        return read_locator(locator, path, ret, reterr);
}

int json_add_function_ref(json_object *o, const char *key, const FunctionRef *r)
{
        return json_add_pci_address(o, key, &r->address) < 0 ? -ENOMEM
                                                             : json_add_locator(o, "locator", &r->locator);
}

int json_get_function_ref(json_object *o, const char *where, const char *key, FunctionRef *ret,
                          Failure *reterr)
{
        int r;

        r = json_get_pci_address(o, where, key, true, &ret->address, reterr);
        return r < 0 ? r : json_get_locator(o, where, "locator", &ret->locator, reterr);
}
