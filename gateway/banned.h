/* Functions that this code base does not use, and what stands for them. Meant to be included before every
 * file of ours (-include banned.h), so that a use is an error of the compiler. tests/lint finds calls as
 * well, also of those whose names are too good for other things, or used by a foreign header, to be poisoned
 * here (rand, random, system, popen, alloca). The system's headers come first: they declare what is banned
 * below.
 *
 *     strcpy strcat strncpy strncat stpcpy  text_copy
 *     sprintf vsprintf gets                 snprintf, core/buf
 *     strtok strtok_r                       strcspn and a length
 *     atoi atol atoll atof                  text_to_int, text_to_double
 *     localtime gmtime ctime asctime mktime core/clock
 *     rand srand random drand48             getrandom, never in the fold
 *     system popen                          posix_spawn
 *     tmpnam tempnam mktemp                 mkstemp
 *     alloca                                an array with a cap, core/arena
 */
#ifndef HUYANG_BANNED_H
#define HUYANG_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
#pragma GCC poison strtok strtok_r
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison localtime gmtime ctime asctime localtime_r gmtime_r ctime_r asctime_r mktime
#pragma GCC poison srand srandom drand48 rand_r
#pragma GCC poison tmpnam tempnam mktemp

#endif
