import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Accounts } from "./accounts";
import { AlertView } from "./alert";
import type { Action } from "./api";
import { changePassword, signOut } from "./api";
import { Board, Counts } from "./board";
import { Clues } from "./clues";
import { Devices } from "./devices";
import { Office } from "./office";
import { Residents } from "./residents";
import { byUrgency, desk, isWaiting, useDesk } from "./desk";
import { Field, said, title } from "./parts";
import { SignIn } from "./signin";
import { Tasks } from "./tasks";
import { allowSound, setSound, soundAlarm, soundIsBlocked, soundIsOn } from "./sound";
import "./style.css";
import { setLanguage, t, term, useLanguage } from "./words";

const SCREENS = ["open", "tasks", "clues", "past", "residents", "devices", "office", "people"] as const;
type Screen = (typeof SCREENS)[number];
const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

function applyTheme(theme: Theme) {
  localStorage.setItem("theme", theme);
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
const storedTheme = (): Theme => THEMES.find((theme) => theme === localStorage.getItem("theme")) ?? "auto";
applyTheme(storedTheme());

/** Which screen and alert the address names: #past/ID. */
function useAddress() {
  const read = () => {
    const [screen = "", id = ""] = location.hash.slice(1).split("/");
    return { screen: SCREENS.find((one) => one === screen) ?? "open", id: /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : null };
  };
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const change = () => setAddress(read());
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return address;
}
const go = (screen: Screen, id: string | null = null) => { location.hash = id ? `${screen}/${id}` : screen; };

function Line() {
  const { line, open } = useDesk();
  const now = line === "live" ? t("live") : line === "lost" ? t("lost") : t("connecting");
  return <span class={"line " + line} role="status" data-open={open.size}><span class="dot" aria-hidden="true" />{now}</span>;
}

function PasswordForm({ toast }: { toast: (text: string) => void }) {
  const change = async (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement, data = new FormData(form);
    try {
      desk.enter(await changePassword(String(data.get("old")), String(data.get("new"))));
      form.reset();
      toast(t("saved"));
    } catch (problem) {
      toast(said(problem));
    }
  };
  return (
    <details><summary>{t("changePassword")}</summary>
      <form onSubmit={(event) => void change(event)}>
        <Field label={t("oldPassword")}><input name="old" type="password" required autocomplete="current-password" /></Field>
        <Field label={t("newPassword")} help={t("passwordRule")}><input name="new" type="password" required minLength={10} autocomplete="new-password" /></Field>
        <button class="button">{t("change")}</button>
      </form>
    </details>
  );
}

function Menu({ toast }: { toast: (text: string) => void }) {
  const lang = useLanguage();
  const [theme, setTheme] = useState(storedTheme());
  const [sound, setSoundShown] = useState(soundIsOn());
  const account = desk.session?.account;
  const leave = async () => {
    try { desk.leave(await signOut()); } catch (problem) { toast(said(problem)); }
  };
  return (
    <details class="menu">
      <summary class="button small"><span class="hidden">{t("menu")} </span><bdi>{account?.name}</bdi></summary>
      <div class="sheet">
        <p><bdi class="strong">{account?.name}</bdi><br /><span class="quiet">{term("role", account?.role)}{account?.scope ? " · " + account.scope : ""}</span></p>
        <label class="switch"><input type="checkbox" checked={sound} onChange={(event) => { setSound(event.currentTarget.checked); setSoundShown(event.currentTarget.checked); void allowSound(); }} /> {t("sound")}</label>
        <Field label={t("theme")}>
          <select value={theme} onChange={(event) => { const next = event.currentTarget.value as Theme; applyTheme(next); setTheme(next); }}>
            <option value="auto">{t("themeAuto")}</option><option value="light">{t("themeLight")}</option><option value="dark">{t("themeDark")}</option>
          </select>
        </Field>
        <button type="button" class="button" onClick={() => setLanguage(lang === "zh" ? "en" : "zh")}><span lang={lang === "zh" ? "en" : "zh-CN"}>{lang === "zh" ? "English" : "中文"}</span></button>
        <p class="quiet wide-only">{t("keys")}<br />{t("keysHelp")}</p>
        <PasswordForm toast={toast} />
        <button type="button" class="button" onClick={() => void leave()}>{t("signOut")}</button>
      </div>
    </details>
  );
}

/** The title, the sound and one sentence for a screen reader when a red alert wants somebody. */
function useAlarm() {
  const { alarm, open } = useDesk();
  const lang = useLanguage();
  const [spoken, setSpoken] = useState("");
  const heard = useRef(0);
  const waiting = [...open.values()].filter((alert) => alert.level === "red" && isWaiting(alert)).sort(byUrgency);
  useEffect(() => {
    document.title = waiting.length ? `(${waiting.length}) ${t("waiting")} · ${t("product")}` : `${t("desk")} · ${t("product")}`;
  }, [waiting.length, lang]);
  useEffect(() => {
    if (alarm === heard.current) return;
    heard.current = alarm;
    soundAlarm();
    const last = waiting[waiting.length - 1];
    if (last) setSpoken(t("newAlarm", title(last)));
  }, [alarm]);
  return spoken;
}

function Shell() {
  const { session, line } = useDesk();
  const { screen, id } = useAddress();
  const [told, setTold] = useState("");
  const [, again] = useState(0);
  const spoken = useAlarm();
  const administrator = session?.account?.role === "administrator";
  const toast = (text: string) => { setTold(text); window.setTimeout(() => setTold((now) => (now === text ? "" : now)), 6000); };
  const last = useRef<string | null>(null);
  if (id) last.current = id;
  const back = () => {
    go(screen);
    window.setTimeout(() => document.querySelector<HTMLElement>(`.card[data-id="${last.current ?? ""}"]`)?.focus());
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => { if (event.key === "Escape" && id && screen !== "office") back(); };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
  const has = (part: string) => session?.parts?.includes(part) ?? false;
  const may = (action: Action) => session?.may?.includes(action) ?? false;
  const tab = (name: Screen, word: "open" | "tasks" | "clues" | "past" | "people" | "residents" | "devices" | "office") => <a href={"#" + name} aria-current={screen === name ? "page" : undefined}>{t(word)}</a>;
  return (
    <div class={"shell" + (id && screen !== "office" ? " showing" : "")}>
      <header class="top">
        <h1><img src="/icon.svg" alt="" width="28" height="28" /><span>{t("product")}</span></h1>
        <nav aria-label={t("desk")}>{tab("open", "open")}{may("task_accept") && tab("tasks", "tasks")}{may("ledger_handle") && tab("clues", "clues")}{tab("past", "past")}{has("residents") && tab("residents", "residents")}{has("fleet") && tab("devices", "devices")}{(has("silences") || has("rosters") || has("audit") || has("reports")) && tab("office", "office")}{administrator && tab("people", "people")}</nav>
        <Counts />
        <Line />
        {soundIsBlocked() && <button type="button" class="button small sound" onClick={() => void allowSound().then(() => again((n) => n + 1))}>{t("soundBlocked")}</button>}
        <Menu toast={toast} />
      </header>
      {line === "lost" && <p class="banner" role="alert"><b>{t("lost")}</b> {t("lostText")}</p>}
      <main>
        {screen === "people" && administrator ? <Accounts toast={toast} />
          : screen === "residents" && has("residents") ? <Residents id={id} choose={(chosen) => { if (chosen) go("residents", chosen); else back(); }} toast={toast} />
          : screen === "tasks" && may("task_accept") ? <Tasks id={id} choose={(chosen) => { if (chosen) go("tasks", chosen); else back(); }} toast={toast} />
          : screen === "clues" && may("ledger_handle") ? <Clues id={id} choose={(chosen) => { if (chosen) go("clues", chosen); else back(); }} toast={toast} />
          : screen === "devices" && has("fleet") ? <Devices toast={toast} />
          : screen === "office" ? <Office part={id} toast={toast} /> : (
          <>
            <Board past={screen === "past"} chosen={id} choose={(chosen) => go(screen, chosen)} />
            {id ? <AlertView id={id} back={back} toast={toast} /> : <div class="detail none"><p>{t("select")}</p></div>}
          </>
        )}
      </main>
      <p class="toast" role="status">{told}</p>
      <p class="hidden" role="alert">{spoken}</p>
    </div>
  );
}

function App() {
  const { session, unreachable } = useDesk();
  useLanguage();
  useEffect(() => void desk.begin(), []);
  if (!session) return <main class="door"><div class="empty" role="status"><span class="spinner" aria-hidden="true" />{unreachable ? t("unreachable") : t("loading")}</div></main>;
  return session.account ? <Shell /> : <SignIn key={String(session.setup)} setup={session.setup ?? false} />;
}

render(<App />, document.getElementById("app")!);
