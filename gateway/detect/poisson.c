#include "detect/poisson.h"

#include <math.h>

double poisson_tail(double mean, unsigned n)
{
    double term = exp(-mean), below = 0;
    for (unsigned k = 0; k < n; k++) {
        below += term;
        term *= mean / (k + 1);
    }
    return below < 1 ? 1 - below : 0;
}
