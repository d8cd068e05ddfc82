/* huyang registry import --offline: a folder into the state folder of a gateway that does not run. */
#ifndef HUYANG_TOOLS_REGISTRY_OFFLINE_H
#define HUYANG_TOOLS_REGISTRY_OFFLINE_H

/* Takes the gateway's lock, checks the folder whole against the registry in force, and puts it in its place;
 * the next start marks from where on it holds. Returns the exit status: 0 in place, 1 a gateway holds the
 * state folder, did not stop in order, or it cannot be written, 2 a folder or configuration with errors (then
 * nothing has changed). */
int registry_import_offline(const char *config_path, const char *folder);

#endif
