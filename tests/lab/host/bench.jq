# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the benchmarks' reports have in common: include "bench" {search: "/lab"};

def median: sort | if length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;

# The rest is of moves by one means.

# A line for each step, in their order
def steps: . as $moves | first.steps | keys_unsorted[] | . as $step | "  \($step) \([$moves[].steps[$step]] | median)";

# Of many moves in a row, the median at the begin and at the end
def some: [5, (length / 10 | floor)] | max;
def at_begin(key): .[:some] | map(key) | median;
def at_end(key): .[-some:] | map(key) | median;
