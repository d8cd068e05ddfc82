/* Inside the registry: what a press of a button makes of its device's test window (live.h). Pure. */
#ifndef HUYANG_REGISTRY_TEST_WINDOW_H
#define HUYANG_REGISTRY_TEST_WINDOW_H

#include "registry/live.h"

/* Any event of the device, arrived at t; only a press of its SOS or silent button changes anything. */
void test_window_on_event(struct live_device *device, int64_t t_ms, const struct event *event);

#endif
