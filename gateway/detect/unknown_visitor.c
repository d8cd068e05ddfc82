/* unknown-visitor: who is at the door or inside, by visit sessions.
 *
 * A session is what one camera calls one visit_id: it opens with any arrive or stay, goes on over a gap of
 * visit_gap_s, and ends with the camera's leave. Where the leave never comes, a doorstep session ends after
 * the gap; an indoors session is presumed to go on for up to INDOORS_CAP_MS without any event, because
 * "arrive indoors" and then silence must also be judged. Most people at a door are neighbours and couriers
 * (practice.md 9): a doorstep is green. An unknown or unclear person indoors is green until
 * visit_indoors_yellow_s has passed, then yellow, by timer and not by waiting for a further event.
 *
 * How long a visit lasted and whether two of its parts belong together is told by the camera's time, so that
 * the same visit over a slow link is the same alert: the timer allows for the delay of the session's last
 * event, a leave is judged by its own time, and a session that has ended is remembered for as long as its
 * next part may be under way.
 *
 * A trusted person in the house lowers a long stay to green. At the Spring Festival so does one who brought
 * others along within two days: families live in then, and come and go with guests nobody listed (practice.md
 * 4). One who came alone does not: that is a neighbour, as on any day.
 *
 * How rare a long stay is (budget.h) is learned for each home: how many a day it has, over RATE_DAYS, of
 * people whom its camera has never seen before, and of the others, most of whom are neighbours nobody listed.
 *
 * All sessions of a home share one told level (the highest of its open sessions); a session that ends lowers
 * or clears it. Cost: SESSIONS comparisons an event. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/hash.h"
#include "core/timers.h"
#include "detect/budget.h"
#include "detect/day_slot.h"
#include "detect/detectors.h"
#include "detect/familiar.h"
#include "detect/sight.h"
#include "detect/unknown_visitor.h"
#include "detect/visit_session.h"
#include "registry/announced.h"
#include "registry/calendar.h"

#define LIVES_IN_MS ((int64_t)48 * 3600 * 1000)

enum {
    INDOORS_CAP_MS = 4 * 3600 * 1000,
    SETTLE_MS =
        10000, /* a late visit waits so long for the leave that may lie behind it in the same outbox */
    REMEMBERED_MS = 1200 * 1000, /* an ended session, beyond the gap: the most that lateness_s may be, and
                                    somebody who left with the resident (led_away.c) */
    TRUSTED_DAY_FROM_HOUR = 7,
    ANNOUNCED_MS = 900 * 1000, /* an announcement hides nobody who stays indoors so long */
};

enum {
    REASON_DOORSTEP,
    REASON_DOORSTEP_NIGHT,
    REASON_UNCLEAR_DOORSTEP,
    REASON_INDOORS,
    REASON_UNCLEAR_INDOORS,
    REASON_INDOORS_LONG,
    REASON_UNCLEAR_LONG,
    REASON_INDOORS_TRUSTED,
    REASON_WINDOW_DAY,
    REASON_WINDOW_NIGHT,
    REASON_LEFT,
    REASON_KNOWN,
    REASON_STILL,
    REASON_FAMILIAR,
    REASON_ANNOUNCED,
    REASON_ANNOUNCED_UNCLEAR,
    REASON_INDOORS_FESTIVAL,
};
static const struct reason reasons[] = {
    [REASON_DOORSTEP] = {"doorstep", "An unknown person is at the door (since {1t})",
                         "门口有陌生人（{1t} 起）"},
    [REASON_DOORSTEP_NIGHT] = {"doorstep-night", "An unknown person is at the door at night (since {1t})",
                               "夜间门口有陌生人（{1t} 起）"},
    [REASON_UNCLEAR_DOORSTEP] = {"doorstep-unclear",
                                 "Somebody the camera cannot make out is at the door (since {1t})",
                                 "门口有人，摄像头未能辨认（{1t} 起）"},
    [REASON_INDOORS] = {"indoors", "An unknown person came indoors at {1t}", "{1t} 有陌生人进入室内"},
    [REASON_UNCLEAR_INDOORS] = {"indoors-unclear", "Somebody the camera cannot make out came indoors at {1t}",
                                "{1t} 有人进入室内，摄像头未能辨认"},
    [REASON_INDOORS_LONG] = {"indoors-long",
                             "An unknown person has been indoors for {0m} minutes (since {1t})",
                             "陌生人已在室内 {0m} 分钟（{1t} 起）"},
    [REASON_UNCLEAR_LONG] =
        {"indoors-long-unclear",
         "Somebody the camera cannot make out has been indoors for {0m} minutes (since {1t})",
         "未能辨认的人已在室内 {0m} 分钟（{1t} 起）"},
    [REASON_INDOORS_TRUSTED] =
        {"indoors-with-trusted",
         "An unknown person has been indoors for {0m} minutes (since {1t}); a trusted visitor is there too",
         "陌生人已在室内 {0m} 分钟（{1t} 起），有可信访客在场"},
    [REASON_WINDOW_DAY] = {"out-of-window", "A trusted visitor came at {1t}, outside the agreed hours",
                           "可信访客于 {1t} 在约定时段外来访"},
    [REASON_WINDOW_NIGHT] = {"out-of-window-night",
                             "A trusted visitor came at {1t}, at night and outside the agreed hours",
                             "可信访客于夜间 {1t} 在约定时段外来访"},
    [REASON_LEFT] = {"left", "The visitor of {1t} has left or is no longer seen",
                     "{1t} 的访客已离开或不再出现"},
    [REASON_KNOWN] = {"known", "The visitor of {1t} turned out to be known", "{1t} 的来访者已确认是熟人"},
    [REASON_FAMILIAR] = {"familiar-visitor",
                         "Somebody seen here on several days without concern came at {1t}",
                         "多日来访、未见异常的人于 {1t} 来访"},
    [REASON_ANNOUNCED] =
        {"indoors-announced",
         "An unknown person has been indoors for {0m} minutes (since {1t}); not raised yet, for "
         "a visit is announced here: {announced}",
         "陌生人已在室内 {0m} 分钟（{1t} 起）；因已登记{announced}，暂不升级"},
    [REASON_ANNOUNCED_UNCLEAR] = {"indoors-announced-unclear",
                                  "Somebody the camera cannot make out has been indoors for {0m} minutes "
                                  "(since {1t}); not raised yet, for a "
                                  "visit is announced here: {announced}",
                                  "未能辨认的人已在室内 {0m} 分钟（{1t} 起）；因已登记{announced}，暂不升级"},
    [REASON_INDOORS_FESTIVAL] =
        {"indoors-festival",
         "An unknown person has been indoors for {0m} minutes (since {1t}); it is the "
         "Spring Festival, and family was here lately",
         "陌生人已在室内 {0m} 分钟（{1t} 起）；正值春节，近日有家人在此"},
    [REASON_STILL] = {"still-there", "One visitor has left; another is still there (since {1t})",
                      "一位访客已离开，另一位仍在（{1t} 起）"},
};

/* Stays a day that are ordinary anywhere, which a home's own are added to. */
#define RATE_DAYS  30.0
#define DAY_MS     (24 * 3600 * 1000.0)
#define FLOOR_NEW  0.01
#define FLOOR_SEEN 0.2
#define FLOOR_DIM  0.05 /* nobody could make out who it was */

static double fade(const struct visitor_state *state, int64_t at_ms)
{
    return at_ms > state->stay_ms ? exp(-(double)(at_ms - state->stay_ms) / (RATE_DAYS * DAY_MS)) : 1;
}

static uint8_t rarity_of(const struct visitor_state *state, const struct session *session, int64_t at_ms)
{
    bool seen = session->came_before || session->person_class != SIGHT_UNKNOWN;
    double ordinary = session->came_before                     ? FLOOR_SEEN
                      : session->person_class == SIGHT_UNKNOWN ? FLOOR_NEW
                                                               : FLOOR_DIM;
    double rate = ordinary + fade(state, at_ms) * (double)(seen ? state->stays_known : state->stays_new);
    return budget_rarity(1 - exp(-rate));
}

static void count_stay(struct visitor_state *state, const struct session *session, int64_t at_ms)
{
    float fades = (float)fade(state, at_ms);
    state->stays_new *= fades;
    state->stays_known *= fades;
    *(session->came_before || session->person_class != SIGHT_UNKNOWN ? &state->stays_known
                                                                     : &state->stays_new) +=
        (float)(1 / RATE_DAYS);
    if (at_ms > state->stay_ms)
        state->stay_ms = at_ms;
}

static uint16_t at_day(const struct detect_context *context, int64_t at_ms)
{
    struct civil local;
    clock_civil(context->tz, at_ms, &local);
    return (uint16_t)local.day_number;
}

static bool family_lives_in(const struct detect_context *context, const struct visitor_state *state,
                            int64_t at_ms)
{
    return state->family_ms && at_ms - state->family_ms <= LIVES_IN_MS &&
           calendar_is_spring_festival(at_day(context, at_ms));
}

bool unknown_visitor_family_lives_in(const struct detect_context *context, int64_t at_ms)
{
    return context->household != REGISTRY_NONE &&
           family_lives_in(context, detect_peek(context, &detector_unknown_visitor, context->household),
                           at_ms);
}

/* Takes what an event shows into the session. The worst class stays, but one person may be recognised later:
 * unclear gives way to anything that was made out, and a single unknown to a single resident or trusted
 * visitor. The hour of a trusted visitor is judged once, at the door. */
static void update_people(const struct detect_context *context, struct session *session,
                          const struct event *event, bool fresh)
{
    if (!fresh && event->visit.people_count == 0)
        return;
    struct sight sight = sight_of(context, event);
    uint8_t people = event->visit.people_count ? event->visit.people_count : 1;
    bool single = people == 1 && session->people <= 1;
    if (!fresh && session->person_class == SIGHT_TRUSTED && sight.person_class == SIGHT_OUTSIDE_WINDOW)
        sight.person_class = SIGHT_TRUSTED;
    bool recognised =
        !fresh && single && sight.person_class < SIGHT_UNCLEAR && session->person_class >= SIGHT_UNCLEAR;
    if (fresh || recognised || sight.person_class >= session->person_class ||
        (session->person_class == SIGHT_UNCLEAR && sight.person_class != SIGHT_RESIDENT)) {
        session->person_class = (uint8_t)sight.person_class;
        session->confidence = sight.confidence;
    }
    if (people > session->people)
        session->people = people;
    session->with_trusted |= sight.trusted_too;
    for (unsigned i = 0; i < event->visit.people_count; i++)
        session->came_before |=
            familiar_saw_before(detect_peek(context, &detector_familiar, context->household),
                                event->visit.people[i].visitor_id, at_day(context, event->at_ms));
    session->trusted_too = sight.trusted_too || (!fresh && session->trusted_too && sight.window_too);
}

/* A session that was back at the doorstep for at most the gap goes on as one stay indoors. */
static void update_place(const struct detect_context *context, struct session *session,
                         const struct event *event)
{
    int64_t at_ms = event->at_ms < context->t_ms ? event->at_ms : context->t_ms;
    int64_t gap_ms = (int64_t)context->settings->visit_gap_s * 1000;
    if (event->visit.place == PLACE_INDOORS) {
        if (!session->indoors_ms || (session->outdoors_ms && at_ms - session->outdoors_ms > gap_ms))
            session->indoors_ms = at_ms;
        session->outdoors_ms = 0;
        session->indoors_now = 1;
    } else {
        if (session->indoors_now)
            session->outdoors_ms = at_ms;
        session->indoors_now = 0;
    }
}

static bool trusted_present(const struct visitor_state *state)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (state->sessions[i].state == SESSION_OPEN && state->sessions[i].trusted_too)
            return true;
    }
    return false;
}

/* The moment a session is known of, by its camera's time: what happened since then is still under way. */
static int64_t session_now(const struct session *session, int64_t t_ms)
{
    return session->late ? t_ms : t_ms - (session->heard_ms - session->last_at_ms);
}

/* What was announced for the home when the visit came. */
static enum announced announced_for(const struct detect_context *context, const struct session *session)
{
    return announced_at(context->registry, context->live,
                        registry_household(context->registry, context->owner.no)->grid, session->arrived_ms);
}

/* A stay of so long is raised; of `ret_long_ms` it is told. The two differ where a visit is announced. */
static int64_t raised_after_ms(const struct detect_context *context, const struct session *session,
                               int64_t *ret_long_ms)
{
    *ret_long_ms = (int64_t)context->settings->visit_indoors_yellow_s * 1000;
    return *ret_long_ms < ANNOUNCED_MS && announced_for(context, session) ? ANNOUNCED_MS : *ret_long_ms;
}

/* What a session deserves now; told 0 = nothing, else 1 + level. */
struct judgement {
    uint8_t told, stage;
    unsigned reason;
    double score;
};

/* The hour of a trusted visitor is judged once, at the door. */
static struct judgement judge_window(const struct detect_context *context, const struct visitor_state *state,
                                     const struct session *session)
{
    struct civil local;
    clock_civil(context->tz, session->arrived_ms, &local);
    bool night = local.hour >= DAY_NIGHT_FROM_HOUR || local.hour < TRUSTED_DAY_FROM_HOUR;
    enum level level = night && !trusted_present(state) ? LEVEL_YELLOW : LEVEL_GREEN;
    return (struct judgement){.told = session->told ? session->told : (uint8_t)(1 + level),
                              .stage = STAGE_DOORSTEP,
                              .reason = night ? REASON_WINDOW_NIGHT : REASON_WINDOW_DAY,
                              .score = (night ? 0.5 : 0.25) * (double)session->confidence};
}

static struct judgement judge(const struct detect_context *context, const struct visitor_state *state,
                              const struct session *session, int64_t at_ms)
{
    if (session->person_class < SIGHT_FAMILIAR)
        return (struct judgement){0};
    if (session->person_class == SIGHT_FAMILIAR)
        return (struct judgement){
            .told = 1 + LEVEL_GREEN, .stage = STAGE_DOORSTEP, .reason = REASON_FAMILIAR, .score = 0.1};
    if (session->person_class == SIGHT_OUTSIDE_WINDOW)
        return judge_window(context, state, session);
    int64_t long_ms, raised_ms = raised_after_ms(context, session, &long_ms);
    bool unknown = session->person_class == SIGHT_UNKNOWN;
    double weight = (double)session->confidence * (unknown ? 1 : 0.6);
    if (!session->indoors_now) {
        bool night = day_is_night(context->tz, at_ms);
        return (struct judgement){.told = 1 + LEVEL_GREEN,
                                  .stage = STAGE_DOORSTEP,
                                  .reason = !unknown ? REASON_UNCLEAR_DOORSTEP
                                            : night  ? REASON_DOORSTEP_NIGHT
                                                     : REASON_DOORSTEP,
                                  .score = (night ? 0.3 : 0.2) * weight};
    }
    bool settling = session->settling && context->t_ms < session->heard_ms + SETTLE_MS;
    if (at_ms - session->indoors_ms < long_ms || settling)
        return (struct judgement){.told = 1 + LEVEL_GREEN,
                                  .stage = STAGE_INDOORS,
                                  .reason = unknown ? REASON_INDOORS : REASON_UNCLEAR_INDOORS,
                                  .score = 0.4 * weight};
    bool accompanied = trusted_present(state), announced = at_ms - session->indoors_ms < raised_ms;
    bool family = family_lives_in(context, state, at_ms);
    bool lowered = accompanied || family || announced;
    return (struct judgement){.told = lowered ? 1 + LEVEL_GREEN : 1 + LEVEL_YELLOW,
                              .stage = STAGE_LONG,
                              .reason = accompanied            ? REASON_INDOORS_TRUSTED
                                        : family               ? REASON_INDOORS_FESTIVAL
                                        : announced && unknown ? REASON_ANNOUNCED
                                        : announced            ? REASON_ANNOUNCED_UNCLEAR
                                        : unknown              ? REASON_INDOORS_LONG
                                                               : REASON_UNCLEAR_LONG,
                              .score = (lowered ? 0.4 : 0.8) * weight};
}

static void emit(const struct detect_context *context, const struct session *session, unsigned reason,
                 enum level level, double score, int64_t at_ms, unsigned flags, uint8_t rarity)
{
    struct finding finding = detect_finding(context, reason, level, score);
    bool inside = (reason >= REASON_INDOORS && reason <= REASON_INDOORS_TRUSTED) ||
                  reason == REASON_ANNOUNCED || reason == REASON_ANNOUNCED_UNCLEAR ||
                  reason == REASON_INDOORS_FESTIVAL;
    int64_t since_ms = inside ? session->indoors_ms : session->arrived_ms;
    detect_add_key(&finding, &session->first);
    detect_add_key(&finding, &session->last);
    finding.at_ms = at_ms;
    finding.flags = (uint8_t)(flags | (session->late ? (unsigned)FINDING_LATE : 0));
    finding.numbers[0] = (double)(at_ms - since_ms) / 1000;
    finding.numbers[1] = (double)(since_ms / 1000);
    finding.numbers[2] = session->people;
    finding.numbers[3] = announced_for(context, session);
    finding.rarity = rarity;
    detect_emit(context, &finding);
}

/* Tells what a session newly deserves: a higher level, or the next stage of the visit. A level that was told
 * stays until the session ends. */
static void tell(const struct detect_context *context, struct visitor_state *state, struct session *session,
                 int64_t at_ms)
{
    struct judgement judgement = judge(context, state, session, at_ms);
    if (judgement.told <= session->told && judgement.stage <= session->stage)
        return;
    if (judgement.told > session->told)
        session->told = judgement.told;
    if (judgement.stage > session->stage)
        session->stage = judgement.stage;
    if (session->told > state->told)
        state->told = session->told;
    bool is_long = judgement.told > 1 + LEVEL_GREEN && judgement.stage == STAGE_LONG;
    uint8_t rarity = is_long ? rarity_of(state, session, at_ms) : 0;
    if (is_long)
        count_stay(state, session, at_ms);
    emit(context, session, judgement.reason, (enum level)(session->told - 1), judgement.score, at_ms, 0,
         rarity);
}

/* Ends what a session had told: clears the home's share, or lowers it to what the other sessions still
 * deserve. */
static void withdraw(const struct detect_context *context, struct visitor_state *state,
                     struct session *session, unsigned reason, int64_t at_ms)
{
    uint8_t had_told = session->told;
    const struct session *other = NULL;
    session->told = 0;
    session->stage = STAGE_NONE;
    if (!had_told)
        return;
    for (unsigned i = 0; i < SESSIONS; i++) {
        const struct session *candidate = &state->sessions[i];
        if (candidate != session && candidate->state == SESSION_OPEN &&
            candidate->told > (other ? other->told : 0))
            other = candidate;
    }
    uint8_t before = state->told;
    state->told = other ? other->told : 0;
    if (!other)
        emit(context, session, reason, (enum level)(before - 1), 0, at_ms, FINDING_CLEARS, 0);
    else if (other->told < before)
        emit(context, other, REASON_STILL, (enum level)(other->told - 1), 0.2, at_ms, FINDING_LOWERS, 0);
}

static struct session *find_session(struct visitor_state *state, const struct event *event, uint64_t visit)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *session = &state->sessions[i];
        if (session->state != SESSION_FREE && session->visit == visit &&
            session->first.device == event->key.device)
            return session;
    }
    return NULL;
}

/* A free place; else the session unheard for longest gives way, one that has left before one that is open. */
static struct session *new_session(const struct detect_context *context, struct visitor_state *state)
{
    struct session *oldest = &state->sessions[0];
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *session = &state->sessions[i];
        if (session->state == SESSION_FREE)
            return session;
        bool left = session->state == SESSION_LEFT, oldest_left = oldest->state == SESSION_LEFT;
        if (left != oldest_left ? left : session->heard_ms < oldest->heard_ms)
            oldest = session;
    }
    withdraw(context, state, oldest, REASON_LEFT, context->t_ms);
    memset(oldest, 0, sizeof *oldest);
    return oldest;
}

/* The next moment a session needs a look without any event; INT64_MAX = none. */
static int64_t session_deadline(const struct detect_context *context, const struct session *session)
{
    int64_t gap_ms = (int64_t)context->settings->visit_gap_s * 1000;
    if (session->state == SESSION_FREE)
        return INT64_MAX;
    if (session->state == SESSION_LEFT)
        return session->heard_ms + gap_ms + REMEMBERED_MS;
    if (!session->indoors_now)
        return session->heard_ms + gap_ms;
    int64_t end_ms = session->heard_ms + INDOORS_CAP_MS;
    int64_t told_after_ms, raised_ms = raised_after_ms(context, session, &told_after_ms);
    int64_t since_ms = session->indoors_ms + (context->t_ms - session_now(session, context->t_ms));
    int64_t long_ms = since_ms + (session->stage < STAGE_LONG ? told_after_ms : raised_ms);
    if (session->settling && long_ms < session->heard_ms + SETTLE_MS)
        long_ms = session->heard_ms + SETTLE_MS;
    bool due = session->person_class >= SIGHT_UNCLEAR && session->told < 1 + LEVEL_YELLOW &&
               !(session->stage == STAGE_LONG && long_ms <= context->t_ms);
    return due && long_ms < end_ms ? long_ms : end_ms;
}

static void rearm(const struct detect_context *context, const struct visitor_state *state)
{
    int64_t next_ms = INT64_MAX;
    for (unsigned i = 0; i < SESSIONS; i++) {
        int64_t deadline_ms = session_deadline(context, &state->sessions[i]);
        if (deadline_ms < next_ms)
            next_ms = deadline_ms;
    }
    detect_arm(context, next_ms == INT64_MAX      ? TIMER_OFF
                        : next_ms > context->t_ms ? next_ms
                                                  : context->t_ms + 1);
}

/* A stay indoors that had lasted long enough is told also when its end is here before the timer is due. */
static void end_stay(const struct detect_context *context, struct visitor_state *state,
                     struct session *session, int64_t at_ms)
{
    session->settling = 0;
    if (session->indoors_now)
        tell(context, state, session, at_ms);
}

static void leave(const struct detect_context *context, struct visitor_state *state, struct session *session,
                  int64_t at_ms)
{
    if (session->state == SESSION_LEFT)
        return;
    end_stay(context, state, session, at_ms);
    session->state = SESSION_LEFT;
    if (session->indoors_now)
        session->outdoors_ms = at_ms;
    session->indoors_now = 0;
    session->trusted_too = 0;
    withdraw(context, state, session, REASON_LEFT, at_ms);
}

/* Did the visit end long before this event? An open stay indoors goes on without any word. */
static bool is_over(const struct detect_context *context, const struct session *session, int64_t at_ms)
{
    int64_t gap_ms = (int64_t)context->settings->visit_gap_s * 1000;
    bool goes_on = session->state == SESSION_OPEN && session->indoors_now;
    return !goes_on && at_ms - session->last_at_ms >= gap_ms;
}

/* The session an event belongs to, opened when there is none. A leave opens one too (as left): should it have
 * overtaken its own visit, what comes behind it is stale. */
static struct session *take_session(const struct detect_context *context, struct visitor_state *state,
                                    const struct event *event, int64_t at_ms, bool *ret_fresh)
{
    uint64_t visit = hash_table(event->visit.visit_id, strlen(event->visit.visit_id));
    struct session *session = find_session(state, event, visit);
    /* A camera that says nothing between arriving and leaving has one visit, however long. */
    *ret_fresh = !session || (event->visit.phase != VISIT_PHASE_LEAVE && is_over(context, session, at_ms));
    if (!*ret_fresh)
        return session;
    if (session) {
        withdraw(context, state, session, REASON_LEFT, at_ms);
        memset(session, 0, sizeof *session);
    } else {
        session = new_session(context, state);
    }
    session->visit = visit;
    session->arrived_ms = at_ms;
    session->state = event->visit.phase == VISIT_PHASE_LEAVE ? SESSION_LEFT : SESSION_OPEN;
    detect_key_set(&session->first, &event->key);
    return session;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct visitor_state *state = opaque;
    int64_t at_ms = event->at_ms < context->t_ms ? event->at_ms : context->t_ms;
    bool fresh;
    struct session *session = take_session(context, state, event, at_ms, &fresh);
    if (detect_key_before(&event->key, &session->last))
        return; /* overtaken by a later word on the same visit */
    detect_key_set(&session->last, &event->key);
    session->heard_ms = context->t_ms;
    session->last_at_ms = at_ms;
    if (event->visit.phase == VISIT_PHASE_LEAVE) {
        leave(context, state, session, at_ms);
    } else {
        if (event->visit.place != PLACE_INDOORS)
            end_stay(context, state, session, at_ms);
        session->state = SESSION_OPEN;
        session->late = session->settling = (event->flags & EVENT_LATE) != 0;
        update_place(context, session, event);
        update_people(context, session, event, fresh);
        if (session->trusted_too && session->people >= 2 && at_ms > state->family_ms)
            state->family_ms = at_ms;
        if (session->person_class < SIGHT_FAMILIAR)
            withdraw(context, state, session, REASON_KNOWN, at_ms);
        tell(context, state, session, at_ms);
    }
    /* A trusted visitor who came or went changes what the others deserve. */
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (state->sessions[i].state == SESSION_OPEN && &state->sessions[i] != session)
            tell(context, state, &state->sessions[i], session_now(&state->sessions[i], context->t_ms));
    }
    rearm(context, state);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct visitor_state *state = opaque;
    int64_t gap_ms = (int64_t)context->settings->visit_gap_s * 1000;
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *session = &state->sessions[i];
        int64_t silent_ms = context->t_ms - session->heard_ms;
        if (session->state == SESSION_FREE)
            continue;
        if (silent_ms >= (session->indoors_now ? (int64_t)INDOORS_CAP_MS : gap_ms)) {
            session->state = SESSION_LEFT;
            withdraw(context, state, session, REASON_LEFT, context->t_ms);
        }
        if (session->state == SESSION_LEFT && silent_ms >= gap_ms + REMEMBERED_MS)
            memset(session, 0, sizeof *session);
    }
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (state->sessions[i].state == SESSION_OPEN)
            tell(context, state, &state->sessions[i], session_now(&state->sessions[i], context->t_ms));
    }
    rearm(context, state);
}

bool unknown_visitor_is_indoors(const struct finding *finding)
{
    return finding->reason == REASON_INDOORS || finding->reason == REASON_INDOORS_LONG ||
           finding->reason == REASON_ANNOUNCED;
}

/* Version 1 had padding, which is zero, where came_before is, and ended where family_ms is now; version 2
 * where stay_ms is. */
static enum err migrate(uint16_t version, const void *value, size_t len, void *state)
{
    if (!(version == 1 && len == offsetof(struct visitor_state, family_ms)) &&
        !(version == 2 && len == offsetof(struct visitor_state, stay_ms)))
        return ERR_UNSUPPORTED;
    memcpy(state, value, len);
    return ERR_OK;
}

const struct detector detector_unknown_visitor = {
    .name = "unknown-visitor",
    .family = FAMILY_VISITOR,
    .state_of = SUBJECT_HOUSEHOLD,
    .kinds = EVENT_BIT(EVENT_VISIT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 3,
    .state_size = sizeof(struct visitor_state),
    .sparse = true,
    .on_event = on_event,
    .on_timer = on_timer,
    .migrate = migrate,
};
