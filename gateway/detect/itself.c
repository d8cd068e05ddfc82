/* gateway: a part of the gateway itself is in trouble, or well again: two reasons a part. It sees no event:
 * the service says what it sees, and the alert stage makes the findings (alert/watch.c). */
#include "detect/itself.h"

#include "detect/detectors.h"

struct itself_state {
    uint32_t unused;
};

#define ON(part_)  [2 * PART_OF_##part_]
#define OFF(part_) [2 * PART_OF_##part_ + 1]
static const struct reason reasons[] = {
    ON(TIMERS) = {"timers-lost", "{0} open alerts had no timer any more; they were set again",
                  "{0} 条未结告警失去定时器，已按记录恢复"},
    OFF(TIMERS) = {"timers-set", "Every open alert has its timer", "所有未结告警均有定时器"},
    ON(LOOP) = {"loop-stalled", "The gateway stood still for {0} seconds", "网关停顿 {0} 秒"},
    OFF(LOOP) = {"loop-runs", "The gateway runs evenly again", "网关运行恢复正常"},
    ON(STORE) =
        {"store-stalled",
         "Nothing has been written to disk for {0} seconds: only red alerts leave before they are stored",
         "已 {0} 秒无法写入磁盘，仅红色告警先发后存"},
    OFF(STORE) = {"store-writes", "The disk takes what is written again", "磁盘写入恢复正常"},
    ON(BROKER) = {"broker-lost", "No connection to the MQTT broker for {0} seconds: no device is heard",
                  "与消息服务器断开已 {0} 秒，收不到任何设备"},
    OFF(BROKER) = {"broker-back", "The MQTT broker is connected again", "已重新连接消息服务器"},
    ON(OUTBOX) = {"outbox-stalled", "Messages that are due have not left for {0} seconds",
                  "到期消息已 {0} 秒未能发出"},
    OFF(OUTBOX) = {"outbox-moves", "Messages leave in time again", "消息发送恢复正常"},
    ON(POLICE) = {"police-lost", "No way to the police stands ({0} of {0} do not answer): telephone them",
                  "所有报警通道（{0} 条）均无应答，请用电话报警"},
    OFF(POLICE) = {"police-back", "The police can be reached again", "报警通道恢复"},
    ON(POLICE_PRIMARY_MAIN) = {"police-primary-main-lost",
                               "The primary receiver of the police does not answer on its main path",
                               "警方主接收机主通道无应答"},
    OFF(POLICE_PRIMARY_MAIN) = {"police-primary-main-back",
                                "The primary receiver of the police answers on its main path again",
                                "警方主接收机主通道恢复"},
    ON(POLICE_PRIMARY_BACKUP) = {"police-primary-backup-lost",
                                 "The primary receiver of the police does not answer on its backup path",
                                 "警方主接收机备用通道无应答"},
    OFF(POLICE_PRIMARY_BACKUP) = {"police-primary-backup-back",
                                  "The primary receiver of the police answers on its backup path again",
                                  "警方主接收机备用通道恢复"},
    ON(POLICE_BACKUP_MAIN) = {"police-backup-main-lost",
                              "The backup receiver of the police does not answer on its main path",
                              "警方备用接收机主通道无应答"},
    OFF(POLICE_BACKUP_MAIN) = {"police-backup-main-back",
                               "The backup receiver of the police answers on its main path again",
                               "警方备用接收机主通道恢复"},
    ON(POLICE_BACKUP_BACKUP) = {"police-backup-backup-lost",
                                "The backup receiver of the police does not answer on its backup path",
                                "警方备用接收机备用通道无应答"},
    OFF(POLICE_BACKUP_BACKUP) = {"police-backup-backup-back",
                                 "The backup receiver of the police answers on its backup path again",
                                 "警方备用接收机备用通道恢复"},
    ON(SMS) = {"sms-lost", "The SMS operator does not take messages", "短信通道无法发送"},
    OFF(SMS) = {"sms-back", "The SMS operator takes messages again", "短信通道恢复"},
    ON(VOICE) = {"voice-lost", "The voice operator does not take calls", "语音外呼通道无法使用"},
    OFF(VOICE) = {"voice-back", "The voice operator takes calls again", "语音外呼通道恢复"},
    ON(MAIL) = {"mail-lost", "The mail server does not take mail", "邮件服务器无法发送"},
    OFF(MAIL) = {"mail-back", "The mail server takes mail again", "邮件服务器恢复"},
    ON(WEBHOOKS) = {"webhooks-lost", "{0} webhook receivers do not answer", "{0} 个推送接收方无应答"},
    OFF(WEBHOOKS) = {"webhooks-back", "The webhook receivers answer again", "推送接收方恢复"},
    ON(CANARY) = {"canary-late", "No canary call for help has come through since {1t}, for {0} seconds",
                  "自 {1t} 起 {0} 秒内没有演练求助走完全程"},
    ON(ROLLOUT) =
        {"rollout-stopped",
         "The roll-out of a setting stopped by itself ({0} devices in trouble); see `huyang rollout status`",
         "设置分批下发已自动停止（{0} 台设备异常），原因见设备页"},
    OFF(ROLLOUT) = {"rollout-settled", "Somebody decided how the roll-out goes on", "分批下发已由人工处置"},
    OFF(CANARY) = {"canary-heard", "A canary call for help has come through again", "演练求助恢复走通"},
    ON(SHIFTS) = {"handover-unsigned",
                  "Handovers not signed by the shift's end: {0}; the outgoing shift stays on call",
                  "{0} 个班次到点未完成交接签字，仍由上一班值守"},
    OFF(SHIFTS) = {"handover-signed", "The handover was signed after the shift's end", "逾期的交接班已签字"},
    ON(EXPIRY) = {"expiry-near",
                  "A certificate or the revocation list ends within {0} days, or has ended; which one says "
                  "the log (link.expiring)",
                  "证书或吊销列表将在 {0} 天内到期或已到期，名称见日志（link.expiring）"},
    OFF(EXPIRY) = {"expiry-far", "What was about to end was replaced", "临近到期的证书或吊销列表已更换"},
};
_Static_assert(sizeof reasons / sizeof *reasons == 2 * PART_OF_COUNT, "each part has its sentences");

/* Orange: people may not be reached, or too late. Yellow: another way still stands. */
static const uint8_t levels[PART_OF_COUNT] = {
    [PART_OF_TIMERS] = LEVEL_ORANGE,
    [PART_OF_LOOP] = LEVEL_ORANGE,
    [PART_OF_STORE] = LEVEL_ORANGE,
    [PART_OF_BROKER] = LEVEL_ORANGE,
    [PART_OF_OUTBOX] = LEVEL_ORANGE,
    [PART_OF_POLICE] = LEVEL_ORANGE,
    [PART_OF_POLICE_PRIMARY_MAIN] = LEVEL_YELLOW,
    [PART_OF_POLICE_PRIMARY_BACKUP] = LEVEL_YELLOW,
    [PART_OF_POLICE_BACKUP_MAIN] = LEVEL_YELLOW,
    [PART_OF_POLICE_BACKUP_BACKUP] = LEVEL_YELLOW,
    [PART_OF_SMS] = LEVEL_ORANGE,
    [PART_OF_VOICE] = LEVEL_ORANGE,
    [PART_OF_MAIL] = LEVEL_YELLOW,
    [PART_OF_WEBHOOKS] = LEVEL_ORANGE,
    [PART_OF_CANARY] = LEVEL_ORANGE,
    [PART_OF_ROLLOUT] = LEVEL_YELLOW,
    [PART_OF_SHIFTS] = LEVEL_ORANGE,
    [PART_OF_EXPIRY] = LEVEL_YELLOW,
};

enum level trouble_level(enum part part)
{
    return (enum level)levels[part];
}

unsigned trouble_reason(enum part part, bool on)
{
    return 2 * (unsigned)part + !on;
}

const struct detector detector_itself = {
    .name = "gateway",
    .family = FAMILY_FLEET,
    .state_of = SUBJECT_TERRITORY,
    .territory = TERRITORY_COUNTY,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct itself_state),
    .sparse = true,
};
