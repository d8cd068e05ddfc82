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
  residents: ["老人", "Residents"], devices: ["设备", "Devices"], office: ["内务", "Office"], gateway: ["网关", "Gateway"], more: ["更多", "More"],
  searchResidents: ["按姓名、地址或编号查找", "Search by name, address or id"], nobodyFound: ["没有找到", "Nobody found"], selectResident: ["选择一位老人查看", "Choose a resident"], toCard: ["老人档案", "The resident's card"],
  statusTitle: ["当前状态", "Status now"], statusUntil: ["直到（外出、住院、暂停）", "Until (away, hospital, paused)"], holdHow: ["需按住一秒", "Hold it for a second"], holdHelp: ["“迁出”和“去世”需按住一秒。", "“Moved” and “Deceased” must be held for a second."],
  tasks: ["任务", "Tasks"], selectTask: ["选择一项任务查看", "Choose a task"], noTasks: ["没有任务", "No tasks"], filterTasks: ["按归属筛选", "Filter by whose"], filterKind: ["按种类筛选", "Filter by kind"], tasks_mine: ["我的任务", "Mine"], tasks_all: ["全部未完成", "All open"], tasks_ended: ["已结束", "Ended"],
  overdueBy: ["超时 {0}", "overdue by {0}"], dueIn: ["剩余 {0}", "due in {0}"], dueNow: ["即将到时", "due now"], isThere: ["{0} 已到场", "{0} is there"], doesIt: ["{0} 在办", "{0} does it"], shallDoIt: ["交给 {0}", "for {0}"], attempts: ["未接通 {0} 次", "{0} unanswered"], doIt: ["我来办", "I do it"], amThere: ["我已到场", "I am there"], cameOfIt: ["结果", "What came of it"], toAlert: ["查看告警", "The alert"],
  announcements: ["预告", "Announced"], noAnnounced: ["没有登记的入户和活动。", "Nothing is announced."], announce: ["登记入户或活动", "Announce a visit or event"], announceHelp: ["登记后，期间陌生人来访降低一级；停留 15 分钟以上照常提醒。", "Meanwhile an unknown visitor is told one level lower; one who stays 15 minutes is told as ever."], announceWhere: ["地点", "Where"], announceWhat: ["事由", "What"], announceFrom: ["开始（不填即现在）", "From (now when empty)"], announceHours: ["时长（小时）", "Hours"], forHours: ["{0} 小时", "{0} hours"], takeBack: ["撤回", "Take back"],
  campaigns: ["宣讲", "Campaigns"], newCampaign: ["新建宣讲", "New campaign"], campaignHelp: ["每人每天最多听三条；安静时段和未同意语音的人不播。", "Nobody hears more than three a day, nothing in quiet hours, nobody who did not agree to voice."], saying: ["内容", "What is said"], audienceTerritory: ["辖区", "Territory"], audienceCategory: ["类别或标签", "Category or tag"], audienceResidents: ["老人编号（空格分隔）", "Residents’ ids, with spaces between"], rate: ["每分钟设备数", "Devices a minute"], perMinute: ["每分钟 {0} 台", "{0} a minute"], holdCampaign: ["按住开始宣讲", "Hold to order it"], noCampaigns: ["还没有宣讲。", "No campaigns yet."], endCampaign: ["结束宣讲", "End it"], whoHeard: ["谁听到了", "Who heard it"], listed: ["名单 {0} 人", "a list of {0}"],
  agreed: ["已同意", "agreed"], notAgreed: ["未同意", "not agreed"], withdrawn: ["已撤回", "withdrawn"], withdraw: ["按住撤回", "Hold to withdraw"], giveConsent: ["登记同意", "Write down a consent"], consentHelp: ["只登记本人或监护人签字的同意；拒绝不影响求助。", "Only what the person or the guardian signed. A refusal never costs help."], consentClass: ["类别", "Class"], consentSigner: ["签字人", "Signed by"], consentVersion: ["文书版本", "Version of the document"], consentEvidence: ["文书存放处", "Where the document is"], writeDown: ["登记", "Write down"],
  speakNow: ["现在播放语音", "Say something now"], spokenBy: ["将由 {0} 播放：{1}", "Through {0}: {1}"], quietHours: ["现在是安静时段", "these are quiet hours"], holdSpeak: ["按住播放", "Hold to say it"], hush: ["停止播放", "Stop what is being said"],
  coverage: ["能照看到什么", "What is covered"], consent: ["同意书", "Consent"], noConsent: ["没有任何同意：只处理求助和跌倒。", "No consent at all: only calls for help and falls are acted upon."], homePaused: ["家中设备暂停至 {0}", "The home is paused until {0}"],
  visitors: ["可信来访者", "Trusted visitors"], always: ["任何时间", "any time"], visits: ["近四周来访", "Visits of four weeks"], outings: ["近四周外出", "Outings of four weeks"], routine: ["一周作息：各时段外出的比例", "The week: share of each hour spent out"], day: ["星期", "Day"],
  findings: ["系统记录", "What was noted"], recordOnly: ["仅记录", "noted only"], nothingRecorded: ["没有记录", "Nothing recorded"], age: ["年龄", "Age"], categories: ["类别", "Categories"], abilities: ["能力", "Abilities"], hearing: ["听力", "hearing"], vision: ["视力", "vision"], cognition: ["认知", "cognition"], seen: ["最近活动", "Last seen active"],
  map: ["地图", "Map"], mapOf: ["住处、区域和最近位置的示意图，上北下南", "Sketch of home, zones and last position, north is up"], home: ["住处", "Home"], lastFix: ["{0} 的位置（误差 {1} 米）", "Position at {0} (within {1} m)"], roughFix: ["{0} 的大致位置（约 {1} 米）", "Rough position at {0} (about {1} m)"], noFix: ["还没有位置上报。", "No position was reported."], noPosition: ["没有可显示的位置。", "There is no position to show."], navigate: ["导航前往", "Navigate"],
  searchDevices: ["设备或老人编号", "Device or resident id"], filterTrouble: ["按状况筛选", "Filter by trouble"], filterDevice: ["按设备类型筛选", "Filter by kind of device"], allDevices: ["全部设备", "All devices"], allKinds: ["全部类型", "All kinds"], allWell: ["所有设备正常。", "Every device is well."], noDevices: ["没有设备。", "No devices."], heardAgo: ["上次上报：{0}", "heard: {0}"], battery: ["电量 {0}%", "battery {0}%"], linkUp: ["在线", "connected"], linkDown: ["离线", "not connected"], daysLeft: ["约可用 {0} 天", "about {0} days left"], firmware: ["固件版本", "Firmware versions"], rollout: ["设置分批下发", "Staged roll-out"], roStage: ["第 {0} 批（{1}%）", "stage {0} of {1} %"], roInterval: ["上报间隔 {0} 秒", "report every {0} s"], roAudience: ["适用设备", "Devices it is for"], roAsked: ["已下发", "Asked"], roAcked: ["已生效", "Have taken it"], roRefused: ["已拒绝", "Refused"], roTroubled: ["异常", "In trouble"], roRest: ["未下发设备中的异常", "In trouble among the others"], roWhy: ["原因", "Reason"], ro_pause: ["暂停", "Pause"], ro_resume: ["继续", "Go on"], ro_abort: ["中止", "Give up"], firmwareUntold: ["未上报", "not told"], firmwareCount: ["{0} 台", "{0} devices"], firmwareAll: ["显示全部版本", "Show every version"], firmwareOthers: ["其他版本：{0} 台", "other versions: {0} devices"],
  strangers: ["隔离的设备", "Devices in quarantine"], strangersHelp: ["这些设备发来了消息，但无权上报；消息没有被接收。", "They sent something and may not speak; nothing of it was taken in."],
  adopt: ["收编", "Adopt"], adoptPreview: ["预览", "Preview"], dismiss: ["忽略", "Dismiss"], adoptKind: ["设备类型", "Kind of device"], adoptWearer: ["老人编号", "Resident id"], adoptHome: ["住户编号", "Household id"], adoptView: ["安装位置", "What it sees"], adoptInterval: ["上报间隔（秒，可不填）", "Report interval in seconds, if known"],
  adoptShown: ["{0} 将登记为{1}：{2}（住户 {3}）", "{0} becomes a {1}: {2} (household {3})"],
  silences: ["静默", "Silences"], noSilences: ["现在没有静默。", "Nothing is silenced now."], addSilence: ["新建静默", "New silence"], silenceHelp: ["静默只压住不紧急的通知；求助和红色告警从不静默。", "A silence holds back what is not urgent; never a call for help or a red alert."], silenceKind: ["对象", "About"], silenceId: ["编号", "Id"], silenceFamily: ["告警类别", "Kind of alert"], silenceUntil: ["直到", "Until"], silenceWhy: ["原因", "Reason"], endSilence: ["结束", "End"], ledger: ["被压住的通知", "What was held back"],
  handovers: ["交接班", "Handovers"], noHandovers: ["没有待签的交接。", "No handover waits to be signed."], handOver: ["发起交接", "Hand over"], handoverHelp: ["您交班，接班人看过清单后签字。到点未签，由上一班继续值守，并通知镇值班。", "You go off; who comes on looks at the list and signs it. Unsigned by the shift's end, your shift stays on call and the town's desk is told."],
  handoverWhat: ["交接的岗位", "What is handed over"], handoverTo: ["接班人", "Who comes on"], choosePerson: ["请选择", "Choose"], shiftEnd: ["本班结束", "The shift ends"], shiftEndHelp: ["按排班交接时可不填", "May be left empty for a roster"], handedList: ["清单 {0}", "List {0}"], handedCounts: ["告警 {0}，任务 {1}，静默 {2}，特殊状态 {3}", "{0} alerts, {1} tasks, {2} silences, {3} statuses"],
  handedNew: ["新", "new"], handedNothing: ["没有需要交接的事项。", "Nothing is open."], holdSign: ["按住签字接班", "Hold to sign"], handoverSigned: ["已签字，交接完成", "Signed: the shift is handed over"], handoverMore: ["清单有新内容，请看过后再签", "More has come since: look, then sign again"], staysOnCall: ["未签字，仍由 {0} 值守", "Not signed: {0} stay on call"],
  audit: ["操作记录", "Who did what"], auditBy: ["按账号查找", "Search by account"], views: ["查看记录", "Who looked at whom"], viewsAbout: ["按被查看的编号查找", "Search by the id that was looked at"],
  hReady: ["服务", "Service"], hCore: ["核心", "Core"], hBroker: ["消息代理", "Broker"], hStore: ["存储", "Store"], hWell: ["正常", "well"], hIll: ["异常", "not well"], hStarted: ["启动于", "Started"], hInput: ["最近上报", "Last input"], hCommit: ["最近提交", "Last commit"], hInputs: ["已提交的输入", "Inputs committed"], hOpen: ["待处置告警", "Open alerts"], hAlerts: ["全部告警", "All alerts"], hWaiting: ["待发消息", "Messages waiting"], hGaps: ["设备丢失的区段", "Gaps devices left"], hRegistry: ["登记册版本", "Registry version"], hNumbers: ["全部数值", "All numbers"],
  reports: ["统计", "Reports"], reportDays: ["天数", "Days"], days7: ["最近 7 天", "7 days"], days31: ["最近 31 天", "31 days"], days1: ["今天", "Today"], byDay: ["每天的告警", "Alerts by day"], byFamily: ["按类别", "By kind"], answers: ["响应", "Answers"], rules: ["各规则", "Rules"], confirmed: ["属实", "true"], wrong: ["误报或预期", "false or expected"], total: ["合计", "all"],
  rAlerts: ["告警", "Alerts"], rUrgent: ["其中橙色和红色", "Orange and red"], rUnanswered: ["无人响应", "Never answered"], rInTime: ["{0} 秒内响应", "Answered within {0} s"], rMedian: ["响应中位数", "Median answer"], rP95: ["95% 在此时间内响应", "95 % answered within"], rReached: ["联系到的老人", "Residents reached"], rPrompts: ["语音提醒", "Prompts"], rPolice: ["警务消息", "Messages to the police"], seconds: ["{0} 秒", "{0} s"],
  registry: ["登记册", "Registry"], registryHelp: ["请选择整个登记册文件夹的文件（territories、households、residents、devices 等 CSV 和 zones.geojson）。先预览，再生效。", "Choose the files of a whole registry folder (territories, households, residents, devices … as CSV, and zones.geojson). You see what changes before anything does."],
  registryFiles: ["文件", "Files"], registryErrors: ["文件有误，未作任何改动", "Something is wrong; nothing was changed"], registryChanges: ["将要改动", "What would change"], registrySame: ["与现行登记册相同。", "The same as what is in force."], registryTable: ["表", "Table"], registryApply: ["按住使其生效", "Hold to put into force"], registryApplied: ["新登记册已生效", "The new registry is in force"],
  filterEnded: ["按结束方式筛选", "Filter by how it ended"],
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
  exercise: ["演练", "Drill"], testWindow: ["长按开始按键测试", "Hold to test its button"], testNote: ["按键测试", "button test"], testOpen: ["测试窗口至 {0}：下一次按键按演练处理，再按即为真实求助", "Test until {0}: the next press is a drill, the one after it is real"],
  waiting: ["无人受理", "Nobody has it"], takenBy: ["{0} 已受理", "{0} has it"], verify: ["待核实", "To be verified"], cleared: ["情形已解除", "Condition ended"],
  ended_closed: ["已关闭", "Closed"], ended_lapsed: ["已自动失效", "Lapsed"], ended_absorbed: ["已并入其他告警", "Part of another alert"],
  back: ["返回列表", "Back to the list"], select: ["选择一条告警查看详情", "Choose an alert"],
  what: ["发生了什么", "What happened"], late: ["迟到的上报", "Reported late"], times: ["共 {0} 次", "{0} times"], ended: ["已解除", "ended"],
  where: ["位置", "Where"], who: ["相关人", "Who"], noAddress: ["您的角色不显示姓名和地址", "Your role is shown no name or address"], call: ["拨打", "Call"], called: ["电话核实", "Called"], noContacts: ["没有登记联系人", "No contacts on file"],
  next: ["下一步", "What to do next"], done: ["已经做了什么", "What was done"], all: ["全部", "All"],
  take: ["我来处理", "I take this"], takenNote: ["受理后停止继续升级通知。", "This stops the escalation."],
  callTitle: ["给老人打电话，记录结果", "Call the resident, record the outcome"],
  callVerify: ["请在 {0} 前打电话核实：需要帮助或无人接听时，将通知警方（按住一秒发送）；误触请选“平安”。", "Call to verify before {0}: if help is needed or nobody answers, the police are told (hold for a second to send). For a mistake choose “Safe”."], toldPolice: ["{0}，通知警方", "{0}: tell the police"], dial: ["拨打 {0}", "Dial {0}"],
  callSilent: ["这是静默求助键：请以社区工作人员身份致电，不要提到按键或警方，先听对方说。", "This was the silent button: call as a community worker, mention neither button nor police, and listen first."],
  closeTitle: ["核实完毕，关闭告警", "Verified: close the alert"], closeButton: ["关闭告警", "Close the alert"], disposition: ["处置结论", "Disposition"], chooseDisposition: ["请选择结论", "Choose a disposition"],
  note: ["备注（可不填）", "Note (optional)"], comment: ["写一条备注", "Add a note"], commentButton: ["添加", "Add"],
  policeTitle: ["警方答复", "What the police say"], policeNote: ["说明（不受理必须写原因）", "Note (a refusal needs its reason)"], policeSaid: ["警方：{0}", "Police: {0}"],
  nothingMore: ["无需进一步操作。", "Nothing more to do."], readOnly: ["您的角色只能查看。", "Your role may look only."],
  saved: ["已记录", "Recorded"], savedTake: ["已由您受理", "You have it"], savedClose: ["已关闭", "Closed"],
  e0: ["没有连上网关，操作未确认。请看时间线后再试。", "The gateway did not answer. Look at the timeline before you try again."], e409: ["状态已变化：{0}", "Its state has changed: {0}"], e429: ["尝试过多，请稍候再试。", "Too many tries; wait a moment."], eOther: ["没有成功：{0}", "It did not work: {0}"],
  newAlarm: ["新的红色告警：{0}", "New red alert: {0}"],
  role: ["角色", "Role"], scope: ["范围", "Scope"], scopeHelp: ["网格员、镇值班填辖区编码；家属填老人编号；其他留空。", "Grid worker, town desk: a territory's code. Family: a resident's id. Others: empty."],
  addAccount: ["新建账号", "New account"], create: ["创建", "Create"], disable: ["停用", "Disable"], enable: ["启用", "Enable"], disabled: ["已停用", "Disabled"], accountHelp: ["字母、数字、- 和 _", "Letters, digits, - and _"],
  changePassword: ["修改密码", "Change password"], oldPassword: ["原密码", "Old password"], newPassword: ["新密码", "New password"], change: ["修改", "Change"],
  rosters: ["排班", "Rosters"], noRosters: ["配置中没有排班。", "The configuration has no rosters."], onNow: ["现在值班", "On duty now"], onNext: ["下一班（{0} 起）", "Next, from {0}"], nobodyOn: ["无人值班", "Nobody"], notRegistered: ["未登记，收不到通知", "not in the registry: is not told"], gapFrom: ["{0} 至 {1} 无人值班", "Nobody is on duty from {0} to {1}"], gapMeant: ["{0} 至 {1} 按计划无人值班", "Nobody from {0} to {1}, as planned"],
  shifts: ["今后两周", "The next two weeks"], rosterChanges: ["换班", "Changes"], standIn: ["安排顶班", "Somebody stands in"], standInTo: ["顶班人", "Who stands in"], standInFor: ["替谁", "For whom"], whoeverIsOn: ["当班的所有人", "whoever is on"], from: ["开始", "From"], until: ["结束", "Until"], why: ["原因", "Why"], swap: ["两人换班", "Two people swap"], swapTo: ["甲", "The one"], swapInstead: ["乙", "The other"], swapGives: ["甲顶乙的班", "The one stands in for the other"], swapBack: ["乙还甲的班", "The other stands in for the one"], standsIn: ["{0} 顶 {1}", "{0} for {1}"], otherPerson: ["其他人（填编号）", "Somebody else, by id"], personId: ["编号", "Id"],
  clues: ["线索", "Clues"], noClues: ["没有符合条件的线索", "No clue matches"], noCluesText: ["告警以“属实”或“已转交”关闭后，会在此留下线索。", "An alert closed as true or transferred leaves one here."], selectClue: ["选择一条线索查看", "Choose a clue"], filterState: ["按状态筛选", "Filter by state"], filterWhose: ["按责任人筛选", "Filter by whose"], anybodys: ["所有人", "Anybody"], clueMine: ["由我负责", "Mine"], clueOpen: ["未办结", "Not closed"], clueAll: ["全部", "All"], clueOverdue: ["已超期", "Overdue"],
  responsible: ["责任人", "Responsible"], dueUntil: ["办理期限", "Due"], newDue: ["新期限（可不填）", "New due date (optional)"], handleTitle: ["记录处理情况", "What was done"], handleButton: ["记录", "Record"], assignTitle: ["交给别人办", "Give it to somebody"], assignButton: ["交办", "Assign"], transferTitle: ["移交其他部门", "Hand over to another authority"], authority: ["部门", "Authority"], receipt: ["回执编号（可不填）", "Receipt or number (optional)"], transferButton: ["移交", "Hand over"], resultTitle: ["办结", "How it ended"], chooseResult: ["请选择结果", "Choose a result"], closeClue: ["办结线索", "Close the clue"], toWhom: ["交给谁", "To whom"], handedOver: ["已移交 {0}", "Handed over to {0}"],
  orders: ["设备指令", "Commands"], locateNow: ["立即定位", "Locate now"], locateWhy: ["处置告警", "handling an alert"], locating: ["正在询问手环的位置。", "The band is being asked where it is."], noOrders: ["没有下发过指令。", "Nothing was asked of it."], orderWhy: ["原因（必填）", "Reason (required)"], pace: ["上报间隔", "Report every"], paceFor: ["持续", "For how long"], forGood: ["一直", "for good"], setPace: ["调整间隔", "Change the interval"], holdRestart: ["按住重启设备", "Hold to restart the device"], everySeconds: ["每 {0}", "every {0}"], secondsShort: ["{0} 秒", "{0} s"], hoursShort: ["{0} 小时", "{0} h"], lastOrder: ["{0}：{1}", "{0}: {1}"],
  assignAlert: ["指派或稍后处理", "Assign, or put it off"], assignedTo: ["负责人：{0}", "{0} sees to it"], snoozeTitle: ["稍后处理：到时重新通知所有人", "Put it off: everybody is told anew then"], snoozeFor: ["{0} 后", "for {0}"], snoozedUntil: ["暂缓至 {0}", "put off until {0}"], moreNeeded: ["{0} / {1} 人已受理，还需 {2} 人", "{0} of {1} have taken it; {2} more must"], oneOf: ["第 {0} 人受理（共需 {1} 人）", "Taken, {0} of {1}"], assignedWord: ["指派给 {0}", "Assigned to {0}"], snoozedWord: ["暂缓处理", "Put off"], savedAssign: ["已指派", "Assigned"], savedSnooze: ["已暂缓", "Put off"], savedOrder: ["指令已下发", "Asked of the device"],
  fourWeeks: ["近四周的作息、外出和来访", "Four weeks: routine, outings, visits"], pastNoConsent: ["未同意，无记录可看。", "Not consented to: there is nothing to show."], pastSince: ["{0} 起完整", "Whole from {0} on"], notKnown: ["不详", "not known"], alwaysHome: ["在家", "at home"], halfOut: ["一半时间外出", "out half of the time"], alwaysOut: ["外出", "out"], alertsOfIt: ["相关告警", "Alerts about it"], notBack: ["尚未回家", "not back yet"], peopleAtOnce: ["{0} 人", "{0} people"], notSeenLeave: ["未见离开", "not seen to leave"],
  track: ["轨迹", "Track"], trackNone: ["不显示", "not shown"], trackHours: ["最近 {0} 小时", "last {0} h"], trackEmpty: ["这段时间没有位置上报。", "No position was reported in this time."], trackRough: ["没有未结告警，只显示大致位置。", "No alert is open: positions are rough."], trackPoints: ["轨迹点（文字）", "The track in words"], trackFrom: ["{0} 至 {1}，共 {2} 个位置", "{0} to {1}, {2} positions"], fromHome: ["距住处 {0}", "{0} from home"], atHome: ["在住处附近", "near home"], trackSense: ["箭头指向前进方向，颜色越深越新", "Arrows point onward; the darker, the later"],
  rowEdit: ["修改老人登记", "Edit the resident’s entry"], homeEdit: ["修改住户登记", "Edit the home’s entry"], rowSave: ["保存", "Save"], rowHistory: ["修改记录", "Who edited it"], rowNoEdits: ["尚未在值守台修改过。", "It was not edited at the desk yet."], rowChanged: ["其间已被他人修改；请核对后再保存，您填写的内容仍在。", "Somebody changed it meanwhile. What you typed is still there: check it and save again."],
  zonesEdit: ["绘制区域", "Draw zones"], zoneWhich: ["区域", "Zone"], zoneNew: ["新区域", "A new one"], zoneName: ["名称", "Name"], zoneKind: ["类型", "Kind"], zoneShape: ["形状", "Shape"], circle: ["圆形", "Circle"], polygon: ["多边形", "Polygon"], circleHelp: ["在图上点选圆心，或填写经纬度；再填半径。", "Tap the centre on the map or type it in; then the radius."], polygonHelp: ["在图上依次点选各角（至少三个），或填写经纬度。", "Tap the corners on the map one by one, three at least, or type them in."], zoneMap: ["点选以绘制区域的地图，上北下南", "Map to draw on by tapping, north is up"], radius: ["半径（米）", "Radius (m)"], corners: ["各点经纬度", "Latitude and longitude of each point"], latitude: ["纬度", "Latitude"], longitude: ["经度", "Longitude"], addCorner: ["添加一个角", "Add a corner"], centreHere: ["圆心设在住处", "Centre at home"], removeCorner: ["删除点", "Remove point"], zoneSave: ["保存区域", "Save the zone"], zoneRemove: ["按住删除区域", "Hold to remove the zone"],
  now: ["刚刚", "now"], minutes: ["{0} 分钟", "{0} min"], hours: ["{0} 小时 {1} 分", "{0} h {1} min"], days: ["{0} 天", "{0} d"],
} satisfies Record<string, Pair>;

const terms: Record<string, Record<string, Pair>> = {
  level: { red: ["紧急", "Urgent"], orange: ["重要", "Serious"], yellow: ["关注", "Watch"], green: ["留意", "Note"] },
  colour: { red: ["红色", "Red"], orange: ["橙色", "Orange"], yellow: ["黄色", "Yellow"], green: ["绿色", "Green"] },
  quarantine: { unknown: ["未登记", "not registered"], inactive: ["已停用", "taken out"], wrong_county: ["其他县", "another county"] },
  family: { emergency: ["求助与跌倒", "Emergency"], health: ["健康", "Health"], visitor: ["来访", "Visit"], outing: ["外出", "Outing"], fraud: ["可疑情况", "Suspicious"], coverage: ["设备", "Device"], fleet: ["系统", "System"] },
  detector: { sos: ["一键求助", "Call for help"], fall: ["疑似跌倒", "Possible fall"], suspicion: ["静默求助键", "Silent help button"], "unknown-visitor": ["陌生来访", "Unknown visitor"], "zone-exit": ["离开常去区域", "Left the usual area"], flat: ["设备电量低", "Battery low"], "unusual-outing": ["外出异于平日", "Unusual outing"], "overdue-return": ["未按时回家", "Overdue return"], "night-outing": ["夜间外出", "Outing at night"],
    vitals: ["健康读数异常", "Unusual health readings"], "no-motion": ["久无活动", "No sign of movement"], "check-in-missed": ["未报平安", "Check-in missed"], familiar: ["常来访者", "Familiar visitor"], "repeat-visitor": ["陌生人再次来访", "The same stranger again"], "forbidden-zone": ["进入禁入区", "In a forbidden zone"], "adopted-place": ["反复前往新地点", "A new place again and again"], wandering: ["疑似徘徊", "Possible wandering"], "led-away": ["疑似被带离家", "Left with a stranger"], "visitor-then-bank": ["来访后去银行", "At a bank after a visit"], "risky-place": ["停留标记场所", "At a marked venue"], gathering: ["多户聚集", "Gathering"], canvassing: ["疑似逐户上门", "Strangers from door to door"], "canvassing-linked": ["疑似同一人逐户上门", "One stranger in many homes"], tampered: ["设备被动过", "Device tampered with"], unworn: ["手环未佩戴", "Wristband not worn"], silent: ["设备失联", "Device not heard"], distrusted: ["设备行为可疑", "Suspicious device"], "distrusted-many": ["多台设备行为可疑", "Many suspicious devices"], "area-outage": ["区域设备失联", "Area outage"], swapped: ["手环疑似戴反", "Wristbands possibly swapped"], "without-band": ["外出未戴手环", "Out without the wristband"], gateway: ["告警网关故障", "Trouble with the alert gateway"], upkeep: ["运行维护", "Upkeep"] },
  advice: { emergency: ["先打电话给老人；无人接听或需要帮助时，请最近的人立即上门，必要时拨打 120 / 110。", "Call the resident first. If nobody answers or help is needed, send whoever is nearest, and call the ambulance or police if it must be."],
    health: ["先打电话询问身体情况；读数可能有误，请重新测量后再判断。", "Call and ask how they are; a reading may be wrong, have it taken again before you judge."], visitor: ["联系家属或老人，问是否认识来访者；没有确认前不要下结论。", "Ask the resident or family whether they know the visitor; conclude nothing before."],
    outing: ["先给老人打电话；联系不上时问家属，再看地图上的最近位置。", "Call the resident; if they cannot be reached ask the family, then look at the last position on the map."], fraud: ["尽快与老人本人通话，提醒不要转账或签字；请网格员上门核实。", "Speak to the resident in person soon: no payment, no signature. Have the grid worker verify at the door."],
    coverage: ["这是设备的情况，不是老人的情况：请安排充电、佩戴或检修。", "This is about a device, not about the person: see that it is charged, worn or mended."], fleet: ["请检查供电、网络和网关状态。", "Check power, network and the gateway."] },
  change: { added: ["新增", "New"], changed: ["修改", "Changed"], removed: ["移除", "Removed"] },
  task: { call: ["打电话", "Call"], "call-back": ["回电", "Call back"], verify: ["电话核实", "Call to verify"], "call-contacts": ["联系家属", "Call the contacts"], home_visit: ["上门查看", "Home visit"], collect_device: ["收回设备", "Collect devices"], "police-rejected": ["警方退回待办", "Police refused it"], "police-failed": ["警务消息未送达", "Police not reached"] },
  taskState: { open: ["待办", "open"], accepted: ["在办", "under way"], arrived: ["已到场", "there"], done: ["已完成", "done"], cancelled: ["已取消", "cancelled"] },
  taskEvent: { opened: ["产生", "Opened"], assigned: ["交办", "Assigned"], accepted: ["接下", "Taken on"], arrived: ["到场", "Arrived"], attempt: ["未接通", "Not reached"], overdue: ["超时，转上一级", "Overdue: one role up"], finished: ["完成", "Finished"], cancelled: ["取消", "Cancelled"] },
  announced: { census: ["普查", "Census"], pension_check: ["养老金核查", "Pension check"], gas_safety: ["燃气安检", "Gas safety"], free_clinic: ["义诊", "Free clinic"], ceremony: ["红白事", "Wedding or funeral"], meeting: ["集会", "Meeting"], fair: ["赶集", "Fair"] },
  territory: { county: ["县", "county"], town: ["镇", "town"], village: ["村", "village"], grid: ["网格", "grid"] },
  campaignState: { scheduled: ["未开始", "scheduled"], running: ["进行中", "under way"], done: ["已完成", "done"], cancelled: ["已结束", "ended"] },
  reach: { sent: ["播放中", "on its way"], heard: ["已听到", "heard it"], failed: ["设备未能播放", "no device could"], expired: ["设备未应答", "no answer"], later: ["今天已听够", "heard enough today"], no_consent: ["未同意语音", "no consent"], deceased: ["已去世", "deceased"], away: ["不在家", "away"], no_device: ["没有设备", "no device"], cancelled: ["宣讲已结束", "ended before"] },
  signer: { self: ["本人", "the person"], guardian: ["监护人", "the guardian"] },
  manner: { aloud: ["外放，旁人能听到", "aloud, others hear it"], discreetly: ["低声，仅本人", "discreetly, for the person only"], not_at_all: ["现在不播放", "not at all now"] },
  table: { territories: ["辖区", "Territories"], calendars: ["日历", "Calendars"], households: ["家庭", "Homes"], residents: ["老人", "Residents"], devices: ["设备", "Devices"], contacts: ["联系人", "Contacts"], responders: ["响应人员", "Responders"], rosters: ["排班", "Rosters"], visitors: ["可信来访者", "Visitors"], zones: ["区域", "Zones"] },
  status: { active: ["在家生活", "Active"], away: ["外出暂住", "Away"], hospital: ["住院", "In hospital"], paused: ["暂停照看", "Paused"], moved: ["迁出", "Moved"], deceased: ["去世", "Deceased"] },
  presence: { home: ["在家", "At home"], out: ["外出", "Out"] },
  cover: { emergency: ["求助与跌倒", "Calls for help and falls"], outings: ["外出", "Outings"], vitals: ["健康读数", "Health readings"], visits: ["来访", "Visits"], voice: ["语音提醒", "Voice prompts"] },
  covered: { covered: ["已覆盖", "covered"], no_consent: ["未同意", "no consent"], no_device: ["没有设备", "no device"], not_heard: ["一天未上报", "not heard for a day"] },
  consent: { location: ["位置", "location"], health: ["健康", "health"], camera: ["摄像头", "camera"], visitor: ["访客识别", "visitors"], voice: ["语音", "voice"], family: ["家属知情", "family"], police: ["警方", "police"] },
  zone: { home: ["住处", "Home"], safe: ["常去区域", "Safe area"], market: ["集市", "Market"], park: ["公园", "Park"], hospital: ["医院", "Hospital"], bank: ["银行", "Bank"], venue: ["标记场所", "Marked venue"], forbidden: ["禁入区", "Forbidden"], government: ["机关", "Government"] },
  device: { wristband: ["手环", "Wristband"], camera: ["摄像头", "Camera"] }, view: { indoors: ["室内", "indoors"], doorstep: ["门口", "doorstep"] },
  rollout: { running: ["进行中", "Running"], paused: ["已暂停", "Paused"], stopped: ["已自动停止", "Stopped by itself"], done: ["已完成", "Done"], aborted: ["已中止", "Given up"] },
  rolloutVerdict: { trouble: ["已下发设备的异常多于其他设备。", "More trouble than among the other devices."], unanswered: ["生效的设备太少。", "Too few devices have taken it."] },
  trouble: { any: ["有问题的", "With trouble"], charge: ["今日需充电的", "To charge today"], due: ["明日前耗尽", "Empty before tomorrow"], none: ["正常", "Well"], never: ["从未上报", "Never heard"], silent: ["失联", "Silent"], low: ["电量低", "Battery low"], unworn: ["未佩戴", "Not worn"] },
  subject: { resident: ["老人", "Resident"], household: ["家庭", "Home"], territory: ["辖区", "Territory"], device: ["设备", "Device"] },
  viewed: { alert: ["查看告警", "opened the alert"], alerts: ["查看告警列表", "listed alerts"], resident: ["查看档案", "opened the card of"], residents: ["查找老人", "searched residents"], findings: ["查看系统记录", "read what was noted of"], import: ["导入登记册", "imported the registry"], status: ["修改状态", "set the status of"], consents: ["查看同意书", "read the consents of"], track: ["查看轨迹", "looked at the track of"], routine: ["查看作息", "looked at the routine of"], outings: ["查看外出", "looked at the outings of"], visits: ["查看来访", "looked at the visits of"], device_locate: ["下令定位", "had located"], device_interval: ["调整上报间隔", "changed the interval of"], device_restart: ["重启设备", "restarted"], "row-residents": ["查看登记", "read the entry of"], "edit-residents": ["修改登记", "edited the entry of"], "row-households": ["查看住户登记", "read the home’s entry of"], "edit-households": ["修改住户登记", "edited the home’s entry of"], "row-zones": ["查看区域", "read the zone"], "edit-zones": ["修改区域", "edited the zone"] },
  day: { mon: ["一", "Mon"], tue: ["二", "Tue"], wed: ["三", "Wed"], thu: ["四", "Thu"], fri: ["五", "Fri"], sat: ["六", "Sat"], sun: ["日", "Sun"] },
  police: { accepted: ["已受理", "Accepted"], rejected: ["不受理", "Refused"], dispatched: ["已派警", "Dispatched"], on_scene: ["已到场", "On scene"], closed: ["已处置完毕", "Closed by them"] },
  disposition: { true: ["属实", "True"], false: ["误报", "False alarm"], expected: ["预期内", "Expected"], drill: ["演练", "Drill"], could_not_verify: ["无法核实", "Could not verify"], transferred: ["已转交", "Transferred"], declined: ["本人谢绝", "Resident declined"] },
  outcome: { safe: ["平安", "Safe"], needs_help: ["需要帮助", "Needs help"], no_answer: ["无人接听", "No answer"], other_person: ["他人接听", "Somebody else"], wrong_number: ["号码有误", "Wrong number"],
    seen_well: ["已见面，平安", "Seen, well"], seen_needs_help: ["已见面，需要帮助", "Seen, needs help"], nobody_home: ["家中无人", "Nobody home"], not_let_in: ["未能入户", "Not let in"], collected: ["已收回", "Collected"], lost: ["已遗失", "Lost"], settled: ["已办妥", "Settled"], not_needed: ["不再需要", "Not needed"] },
  role: { family: ["家属", "Family"], grid_worker: ["网格员", "Grid worker"], town_desk: ["镇值班", "Town desk"], county_desk: ["县值班", "County desk"], police_desk: ["警务台", "Police desk"], administrator: ["管理员", "Administrator"] },
  handoverState: { open: ["待签字", "To be signed"], overdue: ["逾期未签", "Not signed in time"], signed: ["已签字", "Signed"], replaced: ["已重新发起", "Begun anew"] },
  relation: { daughter: ["女儿", "Daughter"], son: ["儿子", "Son"], neighbour: ["邻居", "Neighbour"], neighbor: ["邻居", "Neighbour"] },
  job: { prompt: ["语音提醒", "Voice prompt"], notify: ["通知", "Told"], task: ["交办", "Task for"], police: ["警务消息 ", "Message to"], stand_down: ["撤回警务消息 ", "Withdrawn from"], notice: ["告知老人", "Told the resident"], locate: ["请求定位", "Locate"], interval: ["调整上报间隔", "Report interval"], restart: ["重启设备", "Restart"] },
  delivery: { queued: ["排队中", "queued"], sent: ["已发出", "sent"], received: ["设备已收到", "received"], playing: ["播放中", "playing"], played: ["已播放", "played"], delivered: ["已送达", "delivered"], accepted: ["已受理", "accepted"], rejected: ["被退回", "rejected"], failed: ["失败", "failed"], expired: ["已过期", "expired"], cancelled: ["已取消", "cancelled"], done: ["已完成", "done"] },
  transition: { opened: ["告警产生", "Opened"], updated: ["更新", "Updated"], acknowledged: ["受理", "Taken"], cleared: ["情形解除", "Condition ended"], lapsed: ["自动失效", "Lapsed"], closed: ["关闭", "Closed"], absorbed: ["并入其他告警", "Absorbed"] },
  clue: { open: ["待办理", "to be seen to"], handling: ["办理中", "being handled"], transferred: ["已移交", "handed over"], closed: ["已办结", "closed"] },
  clueEvent: { opened: ["产生", "Opened"], assigned: ["交办", "Assigned"], handled: ["处理", "Handled"], transferred: ["移交", "Handed over"], overdue: ["超期提醒", "Overdue, told"], closed: ["办结", "Closed"] },
  result: { handled: ["已处理", "Handled"], prevented: ["损失已避免", "Loss prevented"], helped: ["已提供帮助", "Helped"], case_filed: ["已立案", "Case filed"], loss: ["已有损失", "Loss"], unfounded: ["查无此事", "Unfounded"] },
  command: { locate: ["定位", "Locate"], interval: ["上报间隔", "Report interval"], restart: ["重启", "Restart"] },
  orderState: { queued: ["等待设备上线", "waits for the device"], sent: ["已下发", "sent"], received: ["设备已收到", "received"], playing: ["执行中", "under way"], played: ["已完成", "done"], failed: ["失败", "failed"], expired: ["设备未应答", "no answer"], cancelled: ["已撤回", "cancelled"] },
  basis: { person: ["人员下达", "a person’s order"], life_safety: ["保障生命安全", "life safety"], detector: ["由规则下达", "by a rule"] },
  whoCame: { resident: ["本人", "the resident"], trusted: ["可信来访者", "a trusted visitor"], unknown: ["陌生人", "somebody unknown"], unclear: ["看不清", "not clear who"] },
  column: { name: ["姓名", "Name"], household: ["住户编号", "Household"], birth_year: ["出生年份", "Year of birth"], categories: ["类别", "Categories"], consent: ["同意", "Consent"], status: ["状态", "Status"], language: ["语言", "Language"], hearing: ["听力", "Hearing"], vision: ["视力", "Vision"], cognition: ["认知", "Cognition"], tags: ["标签", "Tags"], grid: ["网格", "Grid"], address: ["地址", "Address"], lat: ["纬度", "Latitude"], lon: ["经度", "Longitude"], kind: ["类型", "Kind"], owner: ["归属", "Owner"], radius_m: ["半径", "Radius"], geometry: ["形状", "Shape"], calendar: ["日历", "Calendar"], datum: ["坐标系", "Datum"] },
  reason: {
    "the alert has ended": ["告警已结束", "the alert has ended"],
    "the alert is over": ["告警已结束", "the alert is over"],
    "the device did not answer": ["设备未应答", "the device did not answer"],
    "the device was not heard": ["设备未上线", "the device was not heard"],
    "the receiver was busy": ["对方忙", "the receiver was busy"],
    "the receiver is not configured": ["未配置接收方", "the receiver is not configured"],
    "the task was cancelled": ["任务已取消", "the task was cancelled"],
    "the person is at home": ["本人已在家", "the person is at home"],
    "the resident has died": ["老人已去世", "the resident has died"],
    "the campaign was ended": ["宣讲已结束", "the campaign was ended"],
    "the roll-out was given up": ["分批下发已中止", "the roll-out was given up"],
    "no word from the operator in time": ["运营商未按时回执", "no word from the operator in time"],
    "consent withdrawn": ["同意已撤回", "consent withdrawn"],
    "expired": ["已过期", "expired"],
    "unconfirmed": ["设备无法确认", "unconfirmed"],
    "unsupported": ["设备不支持", "unsupported"],
  },
  policy: { "Nobody answered the verification in time": ["核实限时内无人应答", "Nobody answered the verification in time"], "Acknowledgement expired without a disposition": ["受理后久未处置，重新通知", "Acknowledgement expired without a disposition"], "The condition ended and nobody touched the alert": ["情形已解除且无人处理", "The condition ended and nobody touched the alert"], "Gave way to a red alert: no room for more": ["为红色告警让位", "Gave way to a red alert: no room for more"], "Not finished in time: the next role is told": ["未按时完成，已通知上一级", "Not finished in time: the next role is told"],
    "Not closed in time: the responsible person is told": ["未按时办结，已提醒责任人", "Not closed in time: the responsible person is told"], "The time it was snoozed for is over": ["稍后处理的时间已到", "The time it was snoozed for is over"], "Consent was withdrawn: nothing more is taken in about this": ["同意已撤回，不再接收相关信息", "Consent was withdrawn: nothing more is taken in about this"] },
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
