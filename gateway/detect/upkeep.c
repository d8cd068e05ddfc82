/* upkeep: what the gateway itself has to say about devices and its own health. It sees no event; the alert
 * stage makes these findings (alert/upkeep.c), and they stand here so that they have a name, sentences and a
 * place in every list like any other. */
#include "detect/detectors.h"

struct upkeep_state {
    uint32_t unused;
};

static const struct reason reasons[] = {
    [UPKEEP_TO_COLLECT] = {"devices-to-collect", "The resident is no longer there: {0} devices to collect",
                           "老人已不在，待收回设备 {0} 台"},
    [UPKEEP_HELD_BACK] =
        {"notifications-held-back",
         "{0} notifications were held back since {1t}: {2} orange, {3} yellow; the list has them all",
         "自 {1t} 起有 {0} 条通知未逐条发送（橙 {2}、黄 {3}），请看告警列表"},
    [UPKEEP_TOLD] = {"summary-told", "What was held back has been told in one summary",
                     "未逐条发送的通知已汇总告知"},
    [UPKEEP_COLLECTED] = {"devices-collected", "The devices have been seen to", "设备已处理"},
};

const struct detector detector_upkeep = {
    .name = "upkeep",
    .family = FAMILY_FLEET,
    .state_of = SUBJECT_TERRITORY,
    .territory = TERRITORY_COUNTY,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct upkeep_state),
    .sparse = true,
};
