// What the record says, in the reader's words: changes of an alert and messages about it.
import type { Job, Transition, Whole } from "./api";
import { desk } from "./desk";
import { reason } from "./parts";
import { language, t, term } from "./words";

/** What the record says of a change, in the reader's language where it is a sentence of ours. */
export function sentence(change: { kind: string; why: string }): string {
  const call = /^call: (\w+)(?:\. )?([^]*)$/.exec(change.why);
  if (call) return [term("outcome", call[1]), call[2]].filter(Boolean).join(" · ");
  const police = /^police: (\w+)(?:\. )?([^]*)$/.exec(change.why);
  if (police) return [t("policeSaid", term("police", police[1])), police[2]].filter(Boolean).join(" · ");
  const several = /^acknowledged, (\d) of (\d)(?:\. )?([^]*)$/.exec(change.why);
  if (several) return [t("oneOf", several[1]!, several[2]!), several[3]].filter(Boolean).join(" · ");
  const given = /^assigned to ([\w-]+)(?:\. )?([^]*)$/.exec(change.why);
  if (given) return [t("assignedWord", desk.nameOf(given[1])), given[2]].filter(Boolean).join(" · ");
  const later = /^snoozed(?:\. )?([^]*)$/.exec(change.why);
  if (later) return [t("snoozedWord"), later[1]].filter(Boolean).join(" · ");
  const [first = "", ...rest] = change.why.split(". ");
  if (change.kind === "closed" && term("disposition", first) !== first) return [term("disposition", first), rest.join(". ")].filter(Boolean).join(" · ");
  return term("policy", change.why);
}

export interface Entry { t: string; what: string; text: string; by: string; kind: string; way?: Job["history"] }

function jobName(job: Job): string {
  const role = term("role", job.role);
  return language() === "zh" ? term("job", job.kind) + role : `${term("job", job.kind)} ${role.toLowerCase()}`.trim();
}

/** A detector's own sentence: the record keeps one language, the finding both. */
function foundBy(change: Transition, whole: Whole): string | undefined {
  const finding = whole.findings.find((one) => one.reason === change.why);
  return finding && reason(finding);
}

/** Changes and messages, newest first; a message stands where its latest word came, with the way it went. */
export function entriesOf(whole: Whole): Entry[] {
  const entries: Entry[] = whole.transitions.map((change) => ({
    t: change.t, kind: change.kind, what: change.why.startsWith("call: ") ? t("called") : term("transition", change.kind),
    text: foundBy(change, whole) ?? sentence(change), by: change.by === "policy" || term("detector", change.by) !== change.by ? "" : change.by,
  }));
  for (const job of whole.jobs) {
    const why = job.reason ? term("reason", term("outcome", job.reason)) : "";
    entries.push({
      t: job.state_at, kind: "job-" + job.state, what: `${jobName(job)}：${term("delivery", job.state)}`.replace("：", language() === "zh" ? "：" : ": "), by: "",
      text: [why, job.target].filter(Boolean).join(" · "), way: job.history.length > 1 ? job.history : undefined,
    });
  }
  return entries.map((entry, i) => ({ entry, i })).sort((a, b) => Date.parse(b.entry.t) - Date.parse(a.entry.t) || b.i - a.i).map(({ entry }) => entry);
}
