// Between the files of CSandbox only: what Jail.c asks of Walls.c.
#pragma once

/// Reports the step that failed, with errno, on the control socket and ends the process.
void jail_fault(const char *step);

/// Makes the jail's file tree (read-only /usr, four device nodes, empty /tmp) and pivots into it. With `headers`, that
/// directory stands at /headers, read-only.
void jail_build_walls(const char *headers);

/// Drops every capability except CAP_SYS_ADMIN of the jail's own user namespace, kept over exec as ambient.
void jail_keep_only_mounting(void);
