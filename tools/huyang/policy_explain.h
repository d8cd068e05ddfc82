/* How `huyang policy explain` tells a dry run: as text in English or Chinese, or as JSON. */
#ifndef HUYANG_TOOLS_POLICY_EXPLAIN_H
#define HUYANG_TOOLS_POLICY_EXPLAIN_H

#include "shadow.h"

enum policy_form { POLICY_TEXT_EN, POLICY_TEXT_ZH, POLICY_JSON };
/* Appends it to `out`, ids only, nobody's name or number. */
void policy_explain(const struct shadow *shadow, const struct alert *alert, enum policy_form form,
                    struct buf *out);

#endif
