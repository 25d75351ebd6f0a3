/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Of which families are the functions of a domain? */

#include "host/domain-xml.h"
#include "host/real-host.h"

typedef struct DomainFamily {
        const Family *family; /* borrowed from the settings */
        size_t n_functions;
} DomainFamily;

/* Each once, in the order of the functions; those of no known family are left out. Returns how many there are. */
size_t domain_families(const RealHost *h, const PciAddress *functions, size_t n,
                       DomainFamily ret[static DOMAIN_XML_FUNCTIONS_MAX]);
