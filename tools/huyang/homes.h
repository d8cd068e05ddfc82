/* A made-up county: a registry folder (contracts.md 7) of as many homes as wanted, for the demonstration, the
 * simulated fleet and the bench. Nobody in it exists; its telephone numbers begin with 100, which no
 * subscriber has.
 *
 * Home i (from 1) is h-0000i with the resident r-0000i, who wears wb-0000i, and the camera cam-0000i; second
 * residents of shared homes follow with the numbers above the number of homes. Ids get more digits when there
 * are more than 99,999 residents. The first 20 homes are plain: one resident each, every consent given,
 * active, good hearing; stories can be told about them. About one home in seven of the others has two
 * residents, as far as the table of devices has room (2,000,000: at 1,000,000 homes there is none).
 *
 * The same homes, seed and county give the same bytes. Where a home lies and who lives there does not depend
 * on how many homes there are; only the numbers of second residents and the width of the ids do. */
#ifndef HUYANG_TOOLS_HOMES_H
#define HUYANG_TOOLS_HOMES_H

#include "core/buf.h"
#include "core/err.h"

enum { HOMES_MAX = 1000000, HOMES_PLAIN = 20 };

/* Writes the folder, which is made when it does not exist; files of the same names are replaced. `county` is
 * a six-digit code. ERR_RANGE for 0 or more than HOMES_MAX homes, ERR_INVALID for the code, ERR_IO and
 * ERR_NO_SPACE with one line in `errors`. */
MUST_CHECK enum err homes_write(const char *folder, unsigned homes, unsigned long seed, const char *county,
                                struct buf *errors);

#endif
