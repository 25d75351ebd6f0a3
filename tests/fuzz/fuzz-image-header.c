/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "host/image-header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t header[IMAGE_HEADER_BYTES] = { 0 };
        ImageHeader h;

        memcpy(header, data, size < sizeof(header) ? size : sizeof(header));
        if (image_header_parse(header, &h) < 0)
                return 0;

        FUZZ_CHECK(h.data_bytes <= IMAGE_HEADER_DATA_BYTES_MAX);
        return 0;
}
