/* The tail of a Poisson variable, for the detectors that ask whether a count is chance. Pure. */
#ifndef HUYANG_DETECT_POISSON_H
#define HUYANG_DETECT_POISSON_H

/* P(X >= n) of a Poisson variable of that mean (0 or more). Cost: n steps. */
double poisson_tail(double mean, unsigned n);

#endif
