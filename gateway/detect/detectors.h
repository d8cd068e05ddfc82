/* The one const struct each detector's file exports; only the table (detectors.c) and the detectors
 * themselves include this. What a detector promises: detector.h. */
#ifndef HUYANG_DETECT_DETECTORS_H
#define HUYANG_DETECT_DETECTORS_H

#include "detect/detector.h"

extern const struct detector detector_sos;
extern const struct detector detector_fall;
extern const struct detector detector_suspicion;
extern const struct detector detector_unknown_visitor;
extern const struct detector detector_zone_exit;
extern const struct detector detector_flat;
extern const struct detector detector_unusual_outing;
extern const struct detector detector_overdue_return;
extern const struct detector detector_night_outing;
extern const struct detector detector_familiar;
extern const struct detector detector_repeat_visitor;
extern const struct detector detector_led_away;
extern const struct detector detector_visitor_then_bank;
extern const struct detector detector_tampered;
extern const struct detector detector_unworn;
extern const struct detector detector_silent;
extern const struct detector detector_area_outage;
extern const struct detector detector_without_band;
extern const struct detector detector_vitals;
extern const struct detector detector_no_motion;
extern const struct detector detector_check_in;
extern const struct detector detector_forbidden_zone;
extern const struct detector detector_risky_place;
extern const struct detector detector_adopted_place;
extern const struct detector detector_gathering;
extern const struct detector detector_canvassing;
extern const struct detector detector_wandering;
extern const struct detector detector_swapped;
extern const struct detector detector_upkeep;
extern const struct detector detector_distrusted;
extern const struct detector detector_distrusted_many;
extern const struct detector detector_itself;
extern const struct detector detector_canvassing_linked;

#endif
