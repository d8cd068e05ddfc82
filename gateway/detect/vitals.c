/* vitals: a reading that is far from this person's own, for a while.
 *
 * For each measure the person's mean and mean deviation are learned (the last LEARN_MAX readings weigh).
 * A reading is off when it lies beyond the bounds everybody has, or, once LEARN_MIN are known, more than
 * DEVIATIONS mean deviations from the person's own mean; these personal bounds never lie inside what is
 * healthy for everybody, so that a very regular person is not told off for climbing stairs. IN_A_ROW off
 * readings over at least SUSTAINED_MS are told (yellow), beyond the critical bounds orange; one wild reading
 * of a loose band is nothing. Readings that are off are not learned. Three good ones in a row end it.
 *
 * The bounds for everybody are those of early-warning scores (Royal College of Physicians, NEWS2, 2017:
 * critical is where one measure alone scores 3), with room for optical sensors. No diagnosis: it asks for a
 * call. Cost: five comparisons a reading. */
#include <math.h>
#include <string.h>

#include "detect/detectors.h"

enum { LEARN_MIN = 50, LEARN_MAX = 500, IN_A_ROW = 3, DEVIATIONS = 6 };
#define SUSTAINED_MS ((int64_t)5 * 60 * 1000)
#define STALE_MS     ((int64_t)2 * 3600 * 1000) /* off readings farther apart are no row */

enum measure { HEART_RATE, SPO2, SYSTOLIC, TEMPERATURE, MEASURES };
struct bounds {
    float critical_low, low, usual_low, usual_high, high, critical_high;
};
static const struct bounds bounds[MEASURES] = {
    [HEART_RATE] = {38, 45, 50, 110, 125, 140},
    [SPO2] = {84, 90, 94, 100, 101, 101},
    [SYSTOLIC] = {80, 90, 100, 160, 180, 210},
    [TEMPERATURE] = {34, 35, 35.8F, 37.8F, 38.5F, 40},
};

struct measure_state {
    int64_t since_ms, last_ms; /* of the running row of off readings */
    float mean, deviation;
    uint16_t count; /* learned */
    uint8_t off;    /* in a row */
    uint8_t good;   /* in a row, while told */
    uint8_t told;   /* 0 = nothing, else 1 + level */
};
struct vitals_state {
    int64_t at_ms; /* of the last reading */
    struct event_key first;
    struct measure_state measures[MEASURES];
    uint8_t told; /* of all */
};

enum { REASON_HEART_RATE, REASON_SPO2, REASON_SYSTOLIC, REASON_TEMPERATURE, REASON_OVER, REASON_BETTER };
static const struct reason reasons[] = {
    [REASON_HEART_RATE] = {"heart-rate", "Heart rate {0} a minute for {2m} minutes; usually {1}",
                           "心率 {0} 次/分，已持续 {2m} 分钟，平时约 {1}"},
    [REASON_SPO2] = {"spo2", "Blood oxygen {0} % for {2m} minutes; usually {1} %",
                     "血氧 {0}%，已持续 {2m} 分钟，平时约 {1}%"},
    [REASON_SYSTOLIC] = {"blood-pressure", "Systolic blood pressure {0} mmHg for {2m} minutes; usually {1}",
                         "收缩压 {0} mmHg，已持续 {2m} 分钟，平时约 {1}"},
    [REASON_TEMPERATURE] = {"temperature", "Temperature {0.1} degrees for {2m} minutes; usually {1.1}",
                            "体温 {0.1} 度，已持续 {2m} 分钟，平时约 {1.1}"},
    [REASON_OVER] = {"vitals-over", "The readings are as usual again", "各项读数已恢复正常"},
    [REASON_BETTER] = {"vitals-better", "One reading is as usual again, another is not",
                       "一项读数已恢复正常，另一项仍异常"},
};

static enum level level_of(const struct measure_state *state, enum measure measure, float value)
{
    const struct bounds *of = &bounds[measure];
    float low = of->low, high = of->high;
    if (state->count >= LEARN_MIN) {
        float room = DEVIATIONS * state->deviation;
        low = fminf(of->usual_low, fmaxf(of->critical_low, state->mean - room));
        high = fmaxf(of->usual_high, fminf(of->critical_high, state->mean + room));
    }
    if (value <= of->critical_low || value >= of->critical_high)
        return LEVEL_ORANGE;
    return value < low || value > high ? LEVEL_YELLOW : LEVEL_GREEN;
}

static void learn(struct measure_state *state, float value)
{
    float weight = 1.0F / (float)(state->count + 1);
    float away = fabsf(value - state->mean);
    if (state->count)
        state->deviation += (away - state->deviation) * weight;
    state->mean += (value - state->mean) * weight;
    if (state->count + 1 < LEARN_MAX)
        state->count++;
}

static void emit(const struct detect_context *context, const struct vitals_state *state,
                 const struct measure_state *of, const struct event *event, unsigned reason, enum level level,
                 float value, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags & FINDING_CLEARS  ? 0
                                            : level == LEVEL_ORANGE ? 0.9
                                                                    : 0.6);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)value;
    finding.numbers[1] = (double)(of->count >= LEARN_MIN ? of->mean : 0);
    finding.numbers[2] = (double)((of->last_ms - of->since_ms) / 1000);
    detect_emit(context, &finding);
}

static uint8_t highest(const struct vitals_state *state)
{
    uint8_t told = 0;
    for (unsigned i = 0; i < MEASURES; i++)
        told = state->measures[i].told > told ? state->measures[i].told : told;
    return told;
}

static void good_reading(const struct detect_context *context, struct vitals_state *state,
                         struct measure_state *of, const struct event *event, float value)
{
    of->off = 0;
    if (!of->told || ++of->good < IN_A_ROW)
        return;
    of->told = of->good = 0;
    uint8_t told = highest(state);
    if (told < state->told)
        emit(context, state, of, event, told ? REASON_BETTER : REASON_OVER,
             (enum level)((told ? told : state->told) - 1), value, told ? FINDING_LOWERS : FINDING_CLEARS);
    state->told = told;
}

static void take(const struct detect_context *context, struct vitals_state *state, enum measure measure,
                 float value, const struct event *event)
{
    struct measure_state *of = &state->measures[measure];
    enum level level = level_of(of, measure, value);
    if (level == LEVEL_GREEN) {
        good_reading(context, state, of, event, value);
        learn(of, value);
        return;
    }
    of->good = 0;
    if (!of->off || event->at_ms - of->last_ms > STALE_MS) {
        of->off = 0;
        of->since_ms = event->at_ms;
        if (!state->told)
            detect_key_set(&state->first, &event->key);
    }
    of->last_ms = event->at_ms;
    if (of->off < UINT8_MAX)
        of->off++;
    if (of->off < IN_A_ROW || of->last_ms - of->since_ms < SUSTAINED_MS || of->told >= 1 + level)
        return;
    of->told = (uint8_t)(1 + level);
    if (of->told > state->told)
        state->told = of->told;
    emit(context, state, of, event, (unsigned)measure, level, value, 0);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct vitals_state *state = opaque;
    const struct event_vitals *vitals = &event->vitals;
    const float values[MEASURES] = {[HEART_RATE] = vitals->heart_rate_bpm,
                                    [SPO2] = vitals->spo2_percent,
                                    [SYSTOLIC] = vitals->systolic_mmhg,
                                    [TEMPERATURE] = vitals->temperature_c};
    const uint8_t has[MEASURES] = {[HEART_RATE] = vitals->has_heart_rate,
                                   [SPO2] = vitals->has_spo2,
                                   [SYSTOLIC] = vitals->has_systolic,
                                   [TEMPERATURE] = vitals->has_temperature};
    uint8_t status = live_resident(context->live, context->owner.no)->status;
    /* In hospital others watch; a band that lies on the table measures the table. */
    if (event->at_ms <= state->at_ms || status == STATUS_HOSPITAL || status == STATUS_DECEASED ||
        live_device(context->live, event->key.device)->worn == LIVE_NO)
        return;
    state->at_ms = event->at_ms;
    for (unsigned i = 0; i < MEASURES; i++) {
        if (has[i] && values[i] > 0) /* 0 = the sensor had no reading */
            take(context, state, (enum measure)i, values[i], event);
    }
}

const struct detector detector_vitals = {
    .name = "vitals",
    .family = FAMILY_HEALTH,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_VITALS),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct vitals_state),
    .sparse = true,
    .on_event = on_event,
};
