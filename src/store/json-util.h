/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reading typed members out of json-c objects, with errors that name the path of what is wrong, and durable JSON
 * files. Every reader takes `where`, the path of the object for messages ("steps[2]"), and fills reterr
 * (FAILURE_INVALID_OPTION) when a member has the wrong type or is missing though `required`.
 */

#include <json-c/json.h>

#include "core/failure.h"
#include "core/pci-address.h"

#define JSON_FILE_BYTES_MAX (UINT64_C(16) << 20)

static inline int json_object_put_cleanup(json_object *o)
{
        return json_object_put(o);
}
DEFINE_CLEANUP_FUNC(json_object *, json_object_put_cleanup);
#define _cleanup_json_ _cleanup_(json_object_put_cleanupp)

/* Where an element of an array and a member are, for messages: "functions[3]", "functions[3].identity". A longer one is cut. */
#define JSON_PATH_MAX 128
const char *json_path_element(char buf[static JSON_PATH_MAX], const char *where, const char *key, size_t i);
const char *json_path_member(char buf[static JSON_PATH_MAX], const char *where, const char *key);
#define JSON_PATH_ELEMENT(where, key, i) json_path_element((char[JSON_PATH_MAX]) { 0 }, (where), (key), (i))
#define JSON_PATH_MEMBER(where, key) json_path_member((char[JSON_PATH_MAX]) { 0 }, (where), (key))

/* Each returns 1 when read, 0 when absent and not required (*ret untouched), negative on error. */
int json_get_string(json_object *o, const char *where, const char *key, bool required, const char **ret,
                    Failure *reterr) _warn_unused_result_;
int json_get_u64(json_object *o, const char *where, const char *key, bool required, uint64_t min,
                 uint64_t max, uint64_t *ret, Failure *reterr) _warn_unused_result_;
int json_get_bool(json_object *o, const char *where, const char *key, bool required, bool *ret,
                  Failure *reterr) _warn_unused_result_;
int json_get_object(json_object *o, const char *where, const char *key, bool required, json_object **ret,
                    Failure *reterr) _warn_unused_result_;
int json_get_array(json_object *o, const char *where, const char *key, bool required, size_t max,
                   json_object **ret, Failure *reterr) _warn_unused_result_;
int json_get_pci_address(json_object *o, const char *where, const char *key, bool required, PciAddress *ret,
                         Failure *reterr) _warn_unused_result_;
/* An array of at most `max` strings, all into `ret`. */
int json_get_pci_addresses(json_object *o, const char *where, const char *key, bool required, size_t max,
                           PciAddress *ret, size_t *ret_n, Failure *reterr) _warn_unused_result_;
/* A string that `from_string` maps to >= 0. */
int json_get_enum(json_object *o, const char *where, const char *key, bool required,
                  int (*from_string)(const char *), int *ret, Failure *reterr) _warn_unused_result_;
/* "schema" must be 1..newest; a newer one is refused with -EOPNOTSUPP and the remedy "upgrade". */
int json_check_schema(json_object *o, const char *what, uint64_t newest,
                      Failure *reterr) _warn_unused_result_;

/* Refuses members that are not among the known ones (NULL at the end): one that nobody reads is a typing error of the
 * administrator. Those that begin with '_' are comments. */
int json_check_members(json_object *o, const char *where, const char *const *known,
                       Failure *reterr) _warn_unused_result_;

/* Is it 1 to `max` letters, digits, '-', '_' and '.', and so fit for object paths, the bus and terminals? */
bool json_name_is_plain(const char *name, size_t max);

/* Writers: -ENOMEM or 0. A NULL string is left out. json_add takes ownership of `value` in every case. */
int json_add(json_object *o, const char *key, json_object *value) _warn_unused_result_;
int json_add_string(json_object *o, const char *key, const char *value) _warn_unused_result_;
int json_add_u64(json_object *o, const char *key, uint64_t value) _warn_unused_result_;
/* Seconds and their fraction, exactly, without the digits that binary fractions add. */
int json_add_seconds(json_object *o, const char *key, uint64_t usec) _warn_unused_result_;
int json_add_bool(json_object *o, const char *key, bool value) _warn_unused_result_;
int json_add_pci_address(json_object *o, const char *key, const PciAddress *a) _warn_unused_result_;
int json_add_pci_addresses(json_object *o, const char *key, const PciAddress *list,
                           size_t n) _warn_unused_result_;

/* Parses exactly one JSON value out of text; trailing bytes other than white space are an error. */
int json_parse(const char *text, size_t size, const char *what, json_object **ret,
               Failure *reterr) _warn_unused_result_;
/* The same of at most `max` bytes instead of JSON_FILE_BYTES_MAX. */
int json_parse_up_to(const char *text, size_t size, uint64_t max, const char *what, json_object **ret,
                     Failure *reterr) _warn_unused_result_;
/* -ENOENT (with reterr filled) when the file does not exist. */
int json_read_file_at(int dir_fd, const char *name, json_object **ret, Failure *reterr) _warn_unused_result_;
/* Does the error say that what the file contains is wrong? Else it could not be read, or is of a newer version: then
 * it is not broken, and must not be set aside. */
bool json_error_is_content(int r);
/* Durable: tmp, fsync, rename, fsync of the directory. The old file is intact on every failure. */
int json_write_file_at(int dir_fd, const char *name, json_object *o, Failure *reterr) _warn_unused_result_;
