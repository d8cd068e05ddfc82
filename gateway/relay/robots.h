/* The robots of chat groups and ntfy: how an alert is written for each (render, pure), how the request is
 * signed when it is sent, and what their answers mean: WeCom and DingTalk say no with a 200. */
#ifndef HUYANG_RELAY_ROBOTS_H
#define HUYANG_RELAY_ROBOTS_H

#include "relay/relay.h"

enum channel robot_channel(enum preset preset);
/* Appends the body. */
void robot_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                  const struct webhook_settings *settings, struct buf *body);
/* DingTalk: appends the URL with timestamp and sign; without a secret the URL as it is. */
void robot_dingtalk_url(const char *url, const void *secret, size_t secret_len, int64_t wall_ms,
                        struct buf *out);
/* ntfy takes the topic from the body and posts to the server's root: "https://host/topic" -> "https://host/".
 */
void robot_ntfy_url(const char *url, struct buf *out);
enum robot_answer { ROBOT_TOOK, ROBOT_REFUSED, ROBOT_LIMITED };
/* Of a 2xx; `why` is one line unless it took it. */
enum robot_answer robot_answer(enum channel channel, const char *body, size_t len, char why[64]);

#endif
