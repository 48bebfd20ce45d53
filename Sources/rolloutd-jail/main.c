// The launcher: a small process between the server and one slot's jail. Parses its options and calls CSandbox; the
// server starts it with posix_spawn, so that the server itself never forks.
#include <CSandbox.h>
#include <stdlib.h>
#include <string.h>

static int take(csandbox_jail *jail, const char *name, const char *value) {
    if (strcmp(name, "--version") == 0) {
        jail->version = strtol(value, NULL, 10);
    } else if (strcmp(name, "--namespaces") == 0) {
        jail->namespaces = atoi(value);
    } else if (strcmp(name, "--uid") == 0) {
        jail->uid = strtol(value, NULL, 10);
    } else if (strcmp(name, "--memory-cgroup") == 0) {
        jail->memory_cgroup = value;
    } else if (strcmp(name, "--pids-cgroup") == 0) {
        jail->pids_cgroup = value;
    } else if (strcmp(name, "--cpu-cgroup") == 0) {
        jail->cpu_cgroup = value;
    } else if (strcmp(name, "--headers") == 0) {
        jail->headers = value;
    } else if (strcmp(name, "--interpreter") == 0) {
        jail->interpreter = value;
    } else if (strcmp(name, "--memory-bytes") == 0) {
        jail->memory_bytes = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--stack-bytes") == 0) {
        jail->stack_bytes = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--file-bytes") == 0) {
        jail->file_bytes = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--processes") == 0) {
        jail->processes = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--limit-as") == 0) {
        jail->limit_as = atoi(value);
    } else {
        return 0;
    }
    return 1;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--probe") == 0) return csandbox_jail_probe();
    csandbox_jail jail;
    memset(&jail, 0, sizeof jail);
    jail.uid = -1;
    for (int i = 1; i + 1 < count; i += 2) {
        if (!take(&jail, arguments[i], arguments[i + 1])) return 64;
    }
    if (count % 2 == 0 || jail.interpreter == NULL) return 64;
    return csandbox_jail_run(&jail);
}
