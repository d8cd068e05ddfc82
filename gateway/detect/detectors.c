/* The table of detectors. Adding one: its file, its line here, its test. New lines go to the end: the order
 * is the order in which detectors see an event and, for equal deadlines and subjects, the order in which
 * their timers fire. */
#include "detect/detectors.h"

#include <string.h>

const struct detector *const detectors[] = {
    &detector_sos,
    &detector_fall,
    &detector_suspicion,
    &detector_unknown_visitor,
    &detector_zone_exit,
    &detector_flat,
    &detector_unusual_outing,
    &detector_overdue_return,
    &detector_night_outing,
    &detector_familiar,
    &detector_repeat_visitor,
    &detector_led_away,
    &detector_visitor_then_bank,
    &detector_tampered,
    &detector_unworn,
    &detector_silent,
    &detector_area_outage,
    &detector_without_band,
    &detector_vitals,
    &detector_no_motion,
    &detector_check_in,
    &detector_forbidden_zone,
    &detector_risky_place,
    &detector_adopted_place,
    &detector_gathering,
    &detector_canvassing,
    &detector_wandering,
    &detector_swapped,
    &detector_upkeep,
    &detector_distrusted,
    &detector_distrusted_many,
    &detector_itself,
    &detector_canvassing_linked,
    NULL,
};

unsigned detector_count(void)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what it is. */
    return sizeof detectors / sizeof *detectors - 1;
}

unsigned detector_find(const char *name)
{
    unsigned i = 0;
    while (detectors[i] && strcmp(detectors[i]->name, name) != 0)
        i++;
    return i;
}

struct detect_settings detect_settings_default(void)
{
    return (struct detect_settings){
        .fall_cancel_s = 30,
        .zone_exit_confirm_fixes = 2,
        .zone_exit_confirm_s = 0,
        .visit_gap_s = 300,
        .visit_indoors_yellow_s = 600,
        .flat_percent = 15,
        .round_hour = 9,
        .flat_urgent_percent = 5,
        .silent_s = 600,
        .unworn_s = 3600,
        .no_motion_s = 14400,
        .unusual_outing_days = 50,
    };
}
