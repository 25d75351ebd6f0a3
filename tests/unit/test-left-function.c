/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What keeps a function from guests for good is found of the function itself. */
#include "core/left-function.h"

#include "test.h"

int main(void)
{
        static const struct {
                FailureCode found;
                LeftFunction expect;
        } cases[] = {
                { FAILURE_UNKNOWN_FUNCTION, LEFT_FUNCTION_ELSEWHERE },
                { FAILURE_FOREIGN_DRIVER, LEFT_FUNCTION_ELSEWHERE },
                { FAILURE_LIBVIRT, LEFT_FUNCTION_UNKNOWN },
                { FAILURE_DOMAIN_BUSY, LEFT_FUNCTION_UNKNOWN },
                { FAILURE_FUNCTION_BUSY, LEFT_FUNCTION_UNKNOWN },
                { FAILURE_INVALID_OPTION, LEFT_FUNCTION_UNKNOWN },
                { FAILURE_WORKER_DIED, LEFT_FUNCTION_UNKNOWN },
                { FAILURE_HOST, LEFT_FUNCTION_BAD },
                { FAILURE_GATE_CLOSED, LEFT_FUNCTION_BAD },
                { FAILURE_GATE_UNANSWERED, LEFT_FUNCTION_BAD },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                CHECK(left_function_judge(cases[i].found) == cases[i].expect);

        return EXIT_SUCCESS;
}
