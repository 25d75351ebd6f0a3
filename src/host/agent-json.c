/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/agent-json.h"

#include <assert.h>

#include "basic/base64.h"
#include "host/qmp.h"

/* Takes `arguments`. */
static char *make_request(const char *command, json_object *arguments)
{
        _cleanup_(qmp_reply_put) json_object *o = json_object_new_object();
        const char *text;

        if (!o || !arguments || json_object_object_add(o, "arguments", arguments) < 0) {
                (void) json_object_put(arguments);
                return NULL;
        }

        if (json_object_object_add(o, "execute", json_object_new_string(command)) < 0)
                return NULL;

        text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
        return text ? strdup(text) : NULL;
}

char *agent_request_open(const char *path)
{
        json_object *arguments = json_object_new_object();

        if (arguments && (json_object_object_add(arguments, "path", json_object_new_string(path)) < 0 ||
                          json_object_object_add(arguments, "mode", json_object_new_string("r")) < 0)) {
                (void) json_object_put(arguments);
                return NULL;
        }

        return make_request("guest-file-open", arguments);
}

static json_object *new_handle(int64_t handle)
{
        json_object *arguments = json_object_new_object();

        if (arguments && json_object_object_add(arguments, "handle", json_object_new_int64(handle)) < 0) {
                (void) json_object_put(arguments);
                return NULL;
        }

        return arguments;
}

char *agent_request_read(int64_t handle, unsigned bytes)
{
        json_object *arguments = new_handle(handle);

        if (arguments && json_object_object_add(arguments, "count", json_object_new_int64(bytes)) < 0) {
                (void) json_object_put(arguments);
                return NULL;
        }

        return make_request("guest-file-read", arguments);
}

char *agent_request_close(int64_t handle)
{
        return make_request("guest-file-close", new_handle(handle));
}

int agent_parse_info(const char *reply, AgentCommands *ret, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        bool open = false, read = false, close = false;
        AgentCommands commands = { 0 };
        const struct {
                const char *name;
                bool *enabled;
        } known[] = {
                { "guest-suspend-ram", &commands.suspend_ram },
                { "guest-suspend-disk", &commands.suspend_disk },
                { "guest-get-osinfo", &commands.osinfo },
                { "guest-file-open", &open },
                { "guest-file-read", &read },
                { "guest-file-close", &close },
        };
        json_object *value, *list;
        int r;

        assert(reply);
        assert(ret);

        r = qmp_parse_reply(reply, &owner, &value, reterr);
        if (r < 0)
                return r;

        if (!json_object_is_type(value, json_type_object) ||
            !json_object_object_get_ex(value, "supported_commands", &list) ||
            !json_object_is_type(list, json_type_array))
                return failure_set(reterr, FAILURE_NO_AGENT, "the guest agent lists no commands");

        for (size_t i = 0; i < json_object_array_length(list); i++) {
                json_object *c = json_object_array_get_idx(list, i), *enabled;
                const char *name = qmp_get_string(c, "name");

                if (!name || !json_object_object_get_ex(c, "enabled", &enabled) ||
                    !json_object_get_boolean(enabled))
                        continue;

                for (size_t k = 0; k < ELEMENTSOF(known); k++)
                        if (streq(name, known[k].name))
                                *known[k].enabled = true;
        }

        commands.read_files = open && read && close;
        *ret = commands;
        return 0;
}

int agent_parse_open(const char *reply, int64_t *ret_handle, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        json_object *value;
        int r;

        assert(reply);
        assert(ret_handle);

        r = qmp_parse_reply(reply, &owner, &value, reterr);
        if (r < 0)
                return r;
        if (!json_object_is_type(value, json_type_int))
                return failure_set(reterr, FAILURE_NO_AGENT, "the guest agent gives no handle for a file");

        *ret_handle = json_object_get_int64(value);
        return 0;
}

int agent_parse_read(const char *reply, char **ret, size_t *ret_size, bool *ret_eof, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        json_object *value, *data, *eof;
        size_t size;
        int r;

        assert(reply);
        assert(ret);

        r = qmp_parse_reply(reply, &owner, &value, reterr);
        if (r < 0)
                return r;

        if (!json_object_is_type(value, json_type_object) ||
            !json_object_object_get_ex(value, "buf-b64", &data) ||
            !json_object_is_type(data, json_type_string) || !json_object_object_get_ex(value, "eof", &eof))
                return failure_set(reterr, FAILURE_NO_AGENT, "the guest agent returns no bytes of a file");

        r = base64_decode(json_object_get_string(data), (size_t) json_object_get_string_len(data), ret,
                          &size);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_NO_AGENT, r,
                                         "the guest agent's bytes of a file cannot be decoded");

        *ret_size = size;
        *ret_eof = json_object_get_boolean(eof) || size == 0;
        return 0;
}

int agent_parse_osinfo(const char *reply, char **ret_release, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        json_object *value;
        const char *release;
        char *copy;
        int r;

        assert(reply);
        assert(ret_release);

        r = qmp_parse_reply(reply, &owner, &value, reterr);
        if (r < 0)
                return r;

        release = qmp_get_string(value, "kernel-release");
        if (!release)
                return failure_set(reterr, FAILURE_NO_AGENT, "the guest agent names no kernel");

        copy = strdup(release);
        if (!copy)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "kernel release");

        *ret_release = copy;
        return 0;
}
