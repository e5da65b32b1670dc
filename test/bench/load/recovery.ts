import { until } from "../until.ts";
import { callBody, replicaOf } from "../wire.ts";
import type { RecoveryFigures, RecoveryOrder } from "./orders.ts";

/**
 * Kills the replica that some sessions are on while all of them call tools, and watches what each is told. Clients here are the
 * runtime's own fetch: what happens to connections is theirs to handle.
 */
export async function driveRecovery(order: RecoveryOrder): Promise<RecoveryFigures> {
  const url = `${order.door.origins[0]}${order.door.path}`;
  const over = new AbortController();
  const run: Run = { url, over: over.signal, killedAt: undefined };
  const sessions = await Promise.all(Array.from({ length: order.sessions }, (_, i) => openOn(run, firstId + i)));
  const loops = sessions.map((session) => callUntilOver(run, session));
  await Bun.sleep(order.warmupMs);

  process.kill(order.victimPid, "SIGKILL");
  run.killedAt = performance.now();
  const begun = initializeUntilOver(run);
  await Bun.sleep(order.watchMs);
  over.abort();
  await Promise.all(loops);
  const initializes = await begun;

  const lost = sessions.filter(({ replica }) => replica === order.victimPid);
  const others = sessions.filter(({ replica }) => replica !== order.victimPid);
  return {
    lostSessions: lost.length,
    toldAfterMs: lost.flatMap(({ toldAfterMs }) => toldAfterMs ?? []),
    lostErrors: countsOf(lost.flatMap(({ errors }) => errors)),
    otherSessions: others.length,
    otherErrors: countsOf(others.flatMap(({ errors }) => errors)),
    otherCalls: others.reduce((total, { calls }) => total + calls, 0),
    ...initializes,
  };
}

type Run = { url: string; over: AbortSignal; killedAt: number | undefined };

type Watched = {
  id: number;
  sessionId: string;
  replica: number;
  /** Since the kill. */
  calls: number;
  /** What it got since the kill instead of a right answer, its first 404 included. */
  errors: string[];
  toldAfterMs: number | undefined;
};

const firstId = 10_000;
const pauseMs = 5;
const answerTimeoutMs = 5000;
/** For a session whose first call is to say where it lives. */
const placeTimeoutMs = 10_000;

async function openOn(run: Run, id: number): Promise<Watched> {
  const sessionId = await initialize(run.url);
  if (typeof sessionId !== "string") throw new Error(`initialize was answered with ${sessionId.error}`);
  const replica = await until(
    "a session's first answer",
    async () => {
      const answer = await call(run.url, id, sessionId);
      return "replica" in answer ? answer.replica : undefined;
    },
    { timeoutMs: placeTimeoutMs },
  );
  return { id, sessionId, replica, calls: 0, errors: [], toldAfterMs: undefined };
}

/** A session ends with its first 404. */
async function callUntilOver(run: Run, session: Watched): Promise<void> {
  while (!run.over.aborted && session.toldAfterMs === undefined) {
    const answer = await call(run.url, session.id, session.sessionId);
    if (run.killedAt !== undefined) note(session, answer, performance.now() - run.killedAt);
    await Bun.sleep(pauseMs);
  }
}

function note(session: Watched, answer: Answer, afterMs: number): void {
  session.calls++;
  if ("error" in answer && answer.error === "404") session.toldAfterMs = afterMs;
  if ("error" in answer) session.errors.push(answer.error);
  else if (answer.replica !== session.replica) session.errors.push("another replica");
}

async function initializeUntilOver({ url, over, killedAt = 0 }: Run) {
  const errors: string[] = [];
  let initializes = 0;
  let initializesWellAfterMs = 0;
  while (!over.aborted) {
    const answer = await initialize(url);
    initializes++;
    if (typeof answer !== "string") {
      errors.push(answer.error);
      initializesWellAfterMs = performance.now() - killedAt;
    }
    await Bun.sleep(pauseMs);
  }
  return { initializes, initializeErrors: countsOf(errors), initializesWellAfterMs };
}

type Answer = { replica: number } | Failed;
/** The status, or why there was none. */
type Failed = { error: string };

async function call(url: string, id: number, sessionId: string): Promise<Answer> {
  const answer = await post(url, callBody(id, "json"), { "mcp-session-id": sessionId });
  if ("error" in answer) return answer;
  const replica = replicaOf(answer.body);
  return replica === undefined || !answer.body.includes(`"id":${id},`) ? { error: "another answer" } : { replica };
}

/** Resolves with the session's id. */
async function initialize(url: string): Promise<string | Failed> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  const answer = await post(url, JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }), {});
  return "error" in answer ? answer : (answer.headers.get("mcp-session-id") ?? { error: "no session" });
}

async function post(
  url: string,
  body: string,
  fields: Record<string, string>,
): Promise<{ headers: Headers; body: string } | Failed> {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
    ...fields,
  };
  try {
    const answer = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(answerTimeoutMs) });
    const text = await answer.text();
    return answer.status === 200 ? { headers: answer.headers, body: text } : { error: `${answer.status}` };
  } catch {
    return { error: "no answer" };
  }
}

function countsOf(words: readonly string[]): Record<string, number> {
  const groups = Object.groupBy(words, (word) => word);
  return Object.fromEntries(Object.entries(groups).map(([word, all = []]) => [word, all.length]));
}
