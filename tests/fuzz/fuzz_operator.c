/* What an operator says: its reply to a submission and its reports, as JSON or form. */
#include <assert.h>
#include <string.h>

#include "relay/operator.h"
#include "relay/robots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct operator_status statuses[OPERATOR_REPORTS_MAX];
    static const struct operator_settings settings = {
        .way = WAY_VOICE,
        .success = "code=0",
        .reply_id = "data.0.sid",
        .status_id = "ref",
        .status_code = "a.status",
        .status_key = "digits",
        .code_count = 2,
        .codes = {{"0", OPERATOR_DELIVERED}, {"1", OPERATOR_FAILED}},
    };
    const char *text = (const char *)data;
    char ref[OPERATOR_REF_SIZE], why[64], reason[64];
    size_t count = 0;

    operator_reply(&settings, text, size, ref, why);
    assert(strlen(ref) < sizeof ref && strlen(why) < sizeof why && !strchr(why, '\n'));
    operator_report(&settings, text, size, statuses, &count);
    assert(count <= OPERATOR_REPORTS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(statuses[i].id[0]);
        (void)operator_delivery(&settings, &statuses[i], reason);
        assert(strlen(reason) < sizeof reason && !strchr(reason, '\n'));
    }
    (void)robot_answer(CHANNEL_WECOM, text, size, why);
    return 0;
}
