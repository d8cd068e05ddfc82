// Every word of the page, in Chinese and English. Nothing here calls anybody a fraud or a fall a fall before a person has verified it.
import { useEffect, useState } from "preact/hooks";
import { speak } from "./api";

export type Lang = "zh" | "en";
type Pair = readonly [zh: string, en: string];

const words = {
  product: ["护养", "Huyang"], desk: ["值守台", "Responders' desk"],
  signIn: ["登录", "Sign in"], signOut: ["退出登录", "Sign out"], account: ["账号", "Account"], password: ["密码", "Password"],
  show: ["显示", "Show"], hide: ["隐藏", "Hide"],
  setup: ["首次使用", "First start"], setupWhy: ["还没有任何账号。请用网关启动日志中的一次性安装码创建首个管理员账号。", "There is no account yet. Make the first administrator with the one-time code of the gateway's log."],
  setupCode: ["安装码", "Setup code"], setupButton: ["创建并登录", "Create and sign in"], name: ["姓名", "Name"], passwordRule: ["至少 10 个字符", "At least 10 characters"],
  unreachable: ["连接不上网关，正在重试……", "The gateway does not answer; trying again …"],
  open: ["待处置", "Open"], past: ["已结束", "Closed"], people: ["账号管理", "Accounts"],
  noneTitle: ["现在没有待处置的告警", "No open alerts"], noneText: ["有新告警时会立即出现在这里。", "New ones appear here at once."],
  noneFiltered: ["没有符合筛选条件的告警", "No alert matches the filter"], clearFilter: ["清除筛选", "Clear filter"], nonePast: ["还没有已结束的告警", "No closed alerts yet"],
  loading: ["正在载入……", "Loading …"], failed: ["没有载入成功", "This could not be loaded"], again: ["重试", "Try again"],
  allFamilies: ["全部类别", "All kinds"], allTerritories: ["全部辖区", "All territories"], filterFamily: ["按类别筛选", "Filter by kind"], filterTerritory: ["按辖区筛选", "Filter by territory"],
  live: ["实时", "Live"], connecting: ["连接中", "Connecting"], lost: ["已断线，正在重连", "Offline, reconnecting"],
  lostText: ["以下内容可能不是最新的。设备上报与语音提醒不受影响。", "What you see may be out of date. Devices and prompts go on without this page."],
  sound: ["声音", "Sound"], soundBlocked: ["点此允许报警声", "Tap to allow the alarm"],
  theme: ["外观", "Appearance"], themeAuto: ["跟随系统", "As the system"], themeLight: ["浅色", "Light"], themeDark: ["深色", "Dark"], menu: ["菜单", "Menu"],
  keys: ["键盘快捷键", "Keyboard shortcuts"], keysHelp: ["J / K 上下移动，回车打开，A 受理，Esc 返回", "J / K move, Enter opens, A takes it, Esc goes back"],
  waiting: ["无人受理", "Nobody has it"], takenBy: ["{0} 已受理", "{0} has it"], verify: ["待核实", "To be verified"], cleared: ["情形已解除", "Condition ended"],
  ended_closed: ["已关闭", "Closed"], ended_lapsed: ["已自动失效", "Lapsed"], ended_absorbed: ["已并入其他告警", "Part of another alert"],
  back: ["返回列表", "Back to the list"], select: ["选择一条告警查看详情", "Choose an alert"],
  what: ["发生了什么", "What happened"], late: ["迟到的上报", "Reported late"], times: ["共 {0} 次", "{0} times"], ended: ["已解除", "ended"],
  where: ["位置", "Where"], who: ["相关人", "Who"], noAddress: ["您的角色不显示姓名和地址", "Your role is shown no name or address"], call: ["拨打", "Call"], called: ["电话核实", "Called"], noContacts: ["没有登记联系人", "No contacts on file"],
  next: ["下一步", "What to do next"], done: ["已经做了什么", "What was done"], all: ["全部", "All"],
  take: ["我来处理", "I take this"], takenNote: ["受理后停止继续升级通知。", "This stops the escalation."],
  callTitle: ["给老人打电话，记录结果", "Call the resident, record the outcome"],
  callVerify: ["请在 {0} 前打电话核实：需要帮助或无人接听时，将通知警方；误触请选“平安”。", "Call to verify before {0}: if help is needed or nobody answers, the police are told. For a mistake choose “Safe”."],
  callSilent: ["这是静默求助键：请以社区工作人员身份致电，不要提到按键或警方，先听对方说。", "This was the silent button: call as a community worker, mention neither button nor police, and listen first."],
  closeTitle: ["核实完毕，关闭告警", "Verified: close the alert"], closeButton: ["关闭告警", "Close the alert"], disposition: ["处置结论", "Disposition"], chooseDisposition: ["请选择结论", "Choose a disposition"],
  note: ["备注（可不填）", "Note (optional)"], comment: ["写一条备注", "Add a note"], commentButton: ["添加", "Add"],
  nothingMore: ["无需进一步操作。", "Nothing more to do."], readOnly: ["您的角色只能查看。", "Your role may look only."],
  saved: ["已记录", "Recorded"], savedTake: ["已由您受理", "You have it"], savedClose: ["已关闭", "Closed"],
  e0: ["没有连上网关，操作未确认。请看时间线后再试。", "The gateway did not answer. Look at the timeline before you try again."], e409: ["状态已变化：{0}", "Its state has changed: {0}"], e429: ["尝试过多，请稍候再试。", "Too many tries; wait a moment."], eOther: ["没有成功：{0}", "It did not work: {0}"],
  newAlarm: ["新的红色告警：{0}", "New red alert: {0}"],
  role: ["角色", "Role"], scope: ["范围", "Scope"], scopeHelp: ["网格员、镇值班填辖区编码；家属填老人编号；其他留空。", "Grid worker, town desk: a territory's code. Family: a resident's id. Others: empty."],
  addAccount: ["新建账号", "New account"], create: ["创建", "Create"], disable: ["停用", "Disable"], enable: ["启用", "Enable"], disabled: ["已停用", "Disabled"], accountHelp: ["字母、数字、- 和 _", "Letters, digits, - and _"],
  changePassword: ["修改密码", "Change password"], oldPassword: ["原密码", "Old password"], newPassword: ["新密码", "New password"], change: ["修改", "Change"],
  now: ["刚刚", "now"], minutes: ["{0} 分钟", "{0} min"], hours: ["{0} 小时 {1} 分", "{0} h {1} min"], days: ["{0} 天", "{0} d"],
} satisfies Record<string, Pair>;

const terms: Record<string, Record<string, Pair>> = {
  level: { red: ["紧急", "Urgent"], orange: ["重要", "Serious"], yellow: ["关注", "Watch"], green: ["留意", "Note"] },
  colour: { red: ["红色", "Red"], orange: ["橙色", "Orange"], yellow: ["黄色", "Yellow"], green: ["绿色", "Green"] },
  family: { emergency: ["求助与跌倒", "Emergency"], health: ["健康", "Health"], visitor: ["来访", "Visit"], outing: ["外出", "Outing"], fraud: ["可疑情况", "Suspicious"], coverage: ["设备", "Device"], fleet: ["系统", "System"] },
  detector: { sos: ["一键求助", "Call for help"], fall: ["疑似跌倒", "Possible fall"], suspicion: ["静默求助键", "Silent help button"], "unknown-visitor": ["陌生来访", "Unknown visitor"], "zone-exit": ["离开常去区域", "Left the usual area"], flat: ["设备电量低", "Battery low"], "unusual-outing": ["外出异于平日", "Unusual outing"], "overdue-return": ["未按时回家", "Overdue return"], "night-outing": ["夜间外出", "Outing at night"],
    vitals: ["健康读数异常", "Unusual health readings"], "no-motion": ["久无活动", "No sign of movement"], "check-in-missed": ["未报平安", "Check-in missed"], familiar: ["常来访者", "Familiar visitor"], "repeat-visitor": ["陌生人再次来访", "The same stranger again"], "forbidden-zone": ["进入禁入区", "In a forbidden zone"], "adopted-place": ["反复前往新地点", "A new place again and again"], wandering: ["疑似徘徊", "Possible wandering"], "led-away": ["疑似被带离家", "Left with a stranger"], "visitor-then-bank": ["来访后去银行", "At a bank after a visit"], "risky-place": ["停留标记场所", "At a marked venue"], gathering: ["多户聚集", "Gathering"], canvassing: ["疑似逐户上门", "Strangers from door to door"], tampered: ["设备被动过", "Device tampered with"], unworn: ["手环未佩戴", "Wristband not worn"], silent: ["设备失联", "Device not heard"], "area-outage": ["区域设备失联", "Area outage"], swapped: ["手环疑似戴反", "Wristbands possibly swapped"], "without-band": ["外出未戴手环", "Out without the wristband"] },
  disposition: { true: ["属实", "True"], false: ["误报", "False alarm"], expected: ["预期内", "Expected"], drill: ["演练", "Drill"], could_not_verify: ["无法核实", "Could not verify"], transferred: ["已转交", "Transferred"], declined: ["本人谢绝", "Resident declined"] },
  outcome: { safe: ["平安", "Safe"], needs_help: ["需要帮助", "Needs help"], no_answer: ["无人接听", "No answer"], other_person: ["他人接听", "Somebody else"], wrong_number: ["号码有误", "Wrong number"] },
  role: { family: ["家属", "Family"], grid_worker: ["网格员", "Grid worker"], town_desk: ["镇值班", "Town desk"], county_desk: ["县值班", "County desk"], police_desk: ["警务台", "Police desk"], administrator: ["管理员", "Administrator"] },
  relation: { daughter: ["女儿", "Daughter"], son: ["儿子", "Son"], neighbour: ["邻居", "Neighbour"], neighbor: ["邻居", "Neighbour"] },
  job: { prompt: ["语音提醒", "Voice prompt"], notify: ["通知", "Told"], task: ["交办", "Task for"], police: ["警务消息 ", "Message to"], stand_down: ["撤回警务消息 ", "Withdrawn from"], notice: ["告知老人", "Told the resident"] },
  delivery: { queued: ["排队中", "queued"], sent: ["已发出", "sent"], received: ["设备已收到", "received"], playing: ["播放中", "playing"], played: ["已播放", "played"], delivered: ["已送达", "delivered"], accepted: ["已受理", "accepted"], rejected: ["被退回", "rejected"], failed: ["失败", "failed"], expired: ["已过期", "expired"], cancelled: ["已取消", "cancelled"], done: ["已完成", "done"] },
  transition: { opened: ["告警产生", "Opened"], updated: ["更新", "Updated"], acknowledged: ["受理", "Taken"], cleared: ["情形解除", "Condition ended"], lapsed: ["自动失效", "Lapsed"], closed: ["关闭", "Closed"], absorbed: ["并入其他告警", "Absorbed"] },
  policy: { "Nobody answered the verification in time": ["核实限时内无人应答", "Nobody answered the verification in time"], "Acknowledgement expired without a disposition": ["受理后久未处置，重新通知", "Acknowledgement expired without a disposition"], "The condition ended and nobody touched the alert": ["情形已解除且无人处理", "The condition ended and nobody touched the alert"], "Gave way to a red alert: no room for more": ["为红色告警让位", "Gave way to a red alert: no room for more"] },
};

let lang: Lang = localStorage.getItem("lang") === "en" ? "en" : "zh";
const listeners = new Set<() => void>();

function apply() {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  speak(lang === "zh" ? "zh-CN" : "en");
}
apply();

export const language = () => lang;
export function setLanguage(next: Lang) {
  lang = next;
  localStorage.setItem("lang", next);
  apply();
  for (const listener of listeners) listener();
}
export function useLanguage(): Lang {
  const [, again] = useState(0);
  useEffect(() => {
    const listener = () => again((n) => n + 1);
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, []);
  return lang;
}

const pick = (pair: Pair) => pair[lang === "zh" ? 0 : 1];
const fill = (text: string, values: (string | number)[]) => text.replace(/\{(\d)\}/g, (_, i: string) => String(values[Number(i)] ?? ""));
export const t = (word: keyof typeof words, ...values: (string | number)[]) => fill(pick(words[word]), values);
/** A term of the interface ("red", "no_answer"); what is new to us is shown as it stands. */
export const term = (kind: string, name: string | undefined) => {
  const pair = name === undefined ? undefined : terms[kind]?.[name];
  return pair ? pick(pair) : name ?? "";
};
export const names = (kind: string) => Object.keys(terms[kind] ?? {});

export function age(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  if (minutes < 1) return t("now");
  if (minutes < 60) return t("minutes", minutes);
  if (minutes < 48 * 60) return t("hours", Math.floor(minutes / 60), minutes % 60);
  return t("days", Math.floor(minutes / 1440));
}
/** As the gateway's own clock showed it, whatever zone this browser is in: sentences name the same times. */
export function clock(text: string): string {
  const [, date = "", time = "", zone = "Z"] = /^(\S+)T(\d\d:\d\d:\d\d)(?:\.\d+)?(\S*)$/.exec(text) ?? [];
  const [, sign = "+", hours = "0", minutes = "0"] = /^([+-])(\d\d):(\d\d)$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60000 : 60000);
  const today = new Date(Date.now() + offset).toISOString().slice(0, 10);
  return date === today ? time : `${date.slice(5)} ${time.slice(0, 5)}`;
}
