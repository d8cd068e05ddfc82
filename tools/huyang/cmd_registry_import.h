/* huyang registry import: a folder into the running gateway, through its API. */
#ifndef HUYANG_TOOLS_CMD_REGISTRY_IMPORT_H
#define HUYANG_TOOLS_CMD_REGISTRY_IMPORT_H

/* argv[0] is "import". Returns the exit status: 0 in force, 1 no answer or failed, 2 wrong usage or a folder
 * that was refused (then nothing of it is in force). */
int registry_import(int argc, char **argv);

#endif
