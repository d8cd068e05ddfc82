// What people have to do: calls, visits, devices to bring back. On a screen of their own, and with the alert they belong to.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Task, Whole } from "./api";
import { desk, useDesk, useReturns } from "./desk";
import { Button, Field, HoldButton, LevelShape, People, said, useNow } from "./parts";
import { age, clock, names, t, term } from "./words";

export const CALLS = ["safe", "needs_help", "no_answer", "other_person", "wrong_number"];
/** What may come of a task of a kind; the gateway refuses the rest. */
const ENDS: Record<string, string[]> = {
  call: CALLS, "call-back": CALLS, verify: CALLS, "call-contacts": CALLS, home_visit: ["seen_well", "seen_needs_help", "nobody_home", "not_let_in", "not_needed"],
  collect_device: ["collected", "lost", "not_needed"], "police-rejected": ["settled", "not_needed"], "police-failed": ["settled", "not_needed"],
};
const CALLED = ["call", "call-back", "verify"]; // of the resident: ended by the alert's own "what came of the call"
const GRAVE = ["needs_help", "seen_needs_help"];
/** What sends an alert that waits to be verified to the police. */
export const SENDS = ["needs_help", "no_answer"];
const isVisit = (task: Task) => task.task === "home_visit" || task.task === "collect_device";
const isOpen = (task: Task) => task.state !== "done" && task.state !== "cancelled";
const titleOf = (task: Task) => task.place?.name || task.place?.address || Object.values(task.subject)[0] || "";

/** What came of a call or a visit; held where it tells the police. */
export function Outcome({ outcome, sends, work }: { outcome: string; sends: boolean; work: () => Promise<void> }) {
  const kind = GRAVE.includes(outcome) ? "grave" : "", word = term("outcome", outcome);
  return sends ? <HoldButton kind={kind} work={work}>{t("toldPolice", word)}</HoldButton> : <Button kind={kind} work={work}>{word}</Button>;
}

function useTaskAct(toast: (text: string) => void, done: () => void) {
  return async (task: Task, verb: string, body: Record<string, string> = {}) => {
    try {
      await api.once(`tasks/${task.id}/${verb}`, body);
      toast(t("saved"));
    } catch (problem) {
      toast(said(problem));
    }
    done();
  };
}

function Due({ task }: { task: Task }) {
  const now = useNow(15000);
  if (!isOpen(task)) return <span class="tag">{term("taskState", task.state)}{task.outcome && " · " + term("outcome", task.outcome)}</span>;
  const left = task.due ? Date.parse(task.due) - now : 0;
  return (
    <>
      {task.due && <span class={"tag " + (left < 0 ? "waiting late" : "")}>{left < 0 ? t("overdueBy", age(-left)) : left < 60000 ? t("dueNow") : t("dueIn", age(left))}</span>}
      <span class={"tag " + (task.assignee ? "taken" : "")}>{task.assignee ? t(task.state === "arrived" ? "isThere" : task.state === "accepted" ? "doesIt" : "shallDoIt", desk.nameOf(task.assignee)) : term("role", task.role)}</span>
      {task.attempts > 0 && <span class="tag">{t("attempts", task.attempts)}</span>}
    </>
  );
}

/** The steps of one task: I do it, I am there, what came of it; `asked`: what came of a call is asked elsewhere on the page. */
export function TaskSteps({ task, toast, done, asked = false }: { task: Task; toast: (text: string) => void; done: () => void; asked?: boolean }) {
  const { session } = useDesk();
  const [note, setNote] = useState("");
  const act = useTaskAct(toast, done);
  const may = (action: string) => session?.may?.some((one) => one === action) ?? false;
  if (!isOpen(task)) return null;
  const mine = task.assignee === session?.account?.account;
  return (
    <>
      {may("task_accept") && task.state === "open" && <Button kind="primary" work={() => act(task, "accept")}>{t("doIt")}</Button>}
      {may("task_arrive") && isVisit(task) && task.state === "accepted" && mine && <Button kind="primary" work={() => act(task, "arrive")}>{t("amThere")}</Button>}
      {may("task_finish") && !(asked && CALLED.includes(task.task)) && (
        <>
          <Field label={t("note")}><textarea rows={2} maxLength={80} value={note} onInput={(event) => setNote(event.currentTarget.value)} /></Field>
          <div class="choices" role="group" aria-label={t("cameOfIt")}>
            {(ENDS[task.task] ?? []).map((outcome) => <Outcome key={outcome} outcome={outcome} sends={task.task === "verify" && SENDS.includes(outcome)} work={() => act(task, "finish", note.trim() ? { outcome, note: note.trim() } : { outcome }).then(() => setNote(""))} />)}
          </div>
        </>
      )}
    </>
  );
}

/** The tasks of one alert, ended ones too. */
export function AlertTasks({ id, version, asks, toast }: { id: string; version: number; asks: boolean; toast: (text: string) => void }) {
  const [tasks, setTasks] = useState<Task[]>([]);
  const [fault, setFault] = useState("");
  const asked = useRef(0);
  const load = () => {
    const number = ++asked.current;
    return api.page<Task>("tasks", "tasks", { alert: id }).then((got) => { if (number === asked.current) { setTasks(got.rows); setFault(""); } }, (problem: unknown) => { if (number === asked.current) setFault(said(problem)); });
  };
  const returns = useReturns();
  useEffect(() => void load(), [id, version, returns]);
  if (!tasks.length && !fault) return null;
  return (
    <section class="block steps">
      <h3>{t("tasks")}</h3>
      {fault && <p class="fault">{fault}</p>}
      {tasks.map((task) => (
        <div key={task.id} class="step task">
          <h4><a href={"#tasks/" + task.id}>{term("task", task.task)}</a></h4>
          <p class="foot"><Due task={task} /></p>
          {isOpen(task) && <TaskSteps task={task} asked={asks} toast={toast} done={() => void load()} />}
        </div>
      ))}
    </section>
  );
}

function TaskView({ id, news, back, toast, changed }: { id: string; news: number; back: () => void; toast: (text: string) => void; changed: () => void }) {
  const [task, setTask] = useState<Task | null>(null);
  const [whole, setWhole] = useState<Whole | null>(null);
  const [fault, setFault] = useState("");
  const root = useRef<HTMLElement>(null);
  const asked = useRef(0);
  const load = async () => {
    const number = ++asked.current;
    try {
      const got = await api.task(id);
      if (number !== asked.current) return;
      setTask(got);
      setFault("");
      const alert = await api.alert(got.alert);
      if (number === asked.current) setWhole(alert);
    } catch (problem) {
      if (number === asked.current) setFault(said(problem));
    }
  };
  useEffect(() => { setTask(null); setWhole(null); setFault(""); root.current?.scrollTo(0, 0); }, [id]);
  const returns = useReturns();
  useEffect(() => void load(), [id, news, returns]);
  useEffect(() => { if (task) root.current?.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true }); }, [task?.id]);
  return (
    <article class="detail" ref={root} aria-label={task ? term("task", task.task) : t("loading")} aria-busy={!task && !fault}>
      <button type="button" class="link back" onClick={back}>← {t("back")}</button>
      {fault && !task && <div class="empty"><h2>{t("failed")}</h2><p>{fault}</p><button type="button" class="button" onClick={() => void load()}>{t("again")}</button></div>}
      {!fault && !task && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
      {task && (
        <>
          <header class={"alert-head " + task.level}>
            <div class="row"><LevelShape level={task.level} /><span>{term("level", task.level)} · {term("family", task.family)}</span></div>
            <h2 tabIndex={-1}>{term("task", task.task)} · <bdi>{titleOf(task)}</bdi></h2>
            <p class="foot" role="status"><Due task={task} /></p>
            {task.place?.address && <p><bdi>{task.place.address}</bdi> · <a href={`#${whole && whole.state !== "open" ? "past" : "open"}/${task.alert}`}>{t("toAlert")}</a></p>}
          </header>
          {whole?.people && whole.people.length > 0 && <section class="block"><h3>{t("who")}</h3><People people={whole.people} /></section>}
          {isOpen(task) && <section class="block steps"><h3>{t("next")}</h3><div class="step"><TaskSteps key={task.id} task={task} toast={toast} done={() => { void load(); changed(); }} /></div></section>}
          <section class="block">
            <h3>{t("done")}</h3>
            <ol class="timeline">
              {[...(task.history ?? [])].reverse().map((event, i) => (
                <li key={i} class={event.kind === "finished" ? "closed" : event.kind}><time dateTime={event.t}>{clock(event.t)}</time><span><b>{term("taskEvent", event.kind)}</b>{event.by !== "policy" && <> <bdi class="by">{desk.nameOf(event.by)}</bdi></>}{event.why && <bdi class="text">{term("policy", event.why)}</bdi>}</span></li>
              ))}
            </ol>
          </section>
        </>
      )}
    </article>
  );
}

const VIEWS = ["mine", "all", "ended"] as const;

/** What is to be done: mine, everybody's, or what has been. */
export function Tasks({ id, choose, toast }: { id: string | null; choose: (id: string | null) => void; toast: (text: string) => void }) {
  const { session, news } = useDesk();
  const [shown, setShown] = useState<(typeof VIEWS)[number]>(session?.account?.role === "grid_worker" ? "mine" : "all");
  const [kind, setKind] = useState("");
  const [tasks, setTasks] = useState<Task[] | null>(null);
  const [fault, setFault] = useState("");
  const tick = useNow(30000); // an overdue task goes on by itself
  const returns = useReturns();
  const asked = useRef(0);
  const load = () => {
    const number = ++asked.current;
    return api.page<Task>("tasks", "tasks", { all: shown === "ended" ? "yes" : "", kind })
      .then((got) => { if (number === asked.current) { setTasks(got.rows); setFault(""); } }, (problem: unknown) => { if (number === asked.current) setFault(said(problem)); });
  };
  useEffect(() => { setTasks(null); }, [shown === "ended", kind]);
  useEffect(() => {
    const timer = window.setTimeout(() => void load(), 300); // a flood of news is one question
    return () => window.clearTimeout(timer);
  }, [shown === "ended", kind, news, tick, returns]);
  const account = session?.account;
  const list = (tasks ?? []).filter((task) => (shown === "ended" ? !isOpen(task) : shown === "all" || task.assignee === account?.account || (!task.assignee && task.role === account?.role)));
  const now = Date.now();
  return (
    <>
      <section class="board" aria-label={t("tasks")}>
        <div class="filters">
          <select aria-label={t("filterTasks")} value={shown} onChange={(event) => setShown(event.currentTarget.value as "mine")}>{VIEWS.map((one) => <option key={one} value={one}>{t(`tasks_${one}`)}</option>)}</select>
          <select aria-label={t("filterKind")} value={kind} onChange={(event) => setKind(event.currentTarget.value)}><option value="">{t("allKinds")}</option>{names("task").map((name) => <option key={name} value={name}>{term("task", name)}</option>)}</select>
        </div>
        {fault && <p class="fault" role="alert">{fault}</p>}
        {!tasks && !fault && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
        {tasks && list.length === 0 && <div class="empty"><h2>{t("noTasks")}</h2></div>}
        <ul class="cards">
          {list.slice(0, 200).map((task) => (
            <li key={task.id}>
              <button type="button" class={`card ${task.level} ${isOpen(task) && task.due && Date.parse(task.due) < now ? "urgent" : ""}`} data-id={task.id} aria-current={task.id === id ? "true" : undefined} onClick={() => choose(task.id)}>
                <LevelShape level={task.level} />
                <span class="main">
                  <span class="head"><span class="word">{term("task", task.task)}</span><span class="kind">{term("family", task.family)}</span></span>
                  <bdi class="title">{titleOf(task)}</bdi>
                  <span class="foot"><Due task={task} />{task.place?.name && task.place.address && <bdi class="quiet">{task.place.address}</bdi>}</span>
                </span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      {id ? <TaskView id={id} news={news} back={() => choose(null)} toast={toast} changed={() => void load()} /> : <div class="detail none"><p>{t("selectTask")}</p></div>}
    </>
  );
}
