#include "registry/test_window.h"

static bool is_press(const struct event *event)
{
    return event->kind == EVENT_SUSPICION ||
           (event->kind == EVENT_SOS && event->sos.phase != SOS_PHASE_CANCELLED);
}

/* A cry for help is never taken for a drill by accident: what was pressed before somebody stood by to test,
 * or says that it comes late, is real. One press uses the window up. */
void test_window_on_event(struct live_device *device, int64_t t_ms, const struct event *event)
{
    int64_t opened_ms = device->test_until_ms - LIVE_TEST_WINDOW_MS;
    if (!is_press(event))
        return;
    device->pressed_in_test = t_ms < device->test_until_ms && !(event->flags & EVENT_LATE) &&
                              event->at_ms >= opened_ms - LIVE_TEST_CLOCK_MS;
    if (device->pressed_in_test)
        device->test_until_ms = 0;
}
