import { pause } from "../../gateway/runtime/pause.ts";
import { field } from "../bench/http-messages.ts";
import { initialize, requestHead } from "../bench/load/session.ts";
import { type Answer, type Line, openLine, type Reader } from "./line.ts";
import { initialized } from "./messages.ts";
import { outcomeOf } from "./referee.ts";
import type { Verdict } from "./oracle.ts";
import type { World } from "./world.ts";

/** Who speaks to which adapter. */
export type Party = { readonly adapter: string; readonly user: string };

/** How a request is sent; `fields`: more header fields, each with its line end. */
type How = { fields?: string; reader?: Reader; limitMs?: number };
export type Timed = { answer: Answer; beganMs: number; endedMs: number };

/** An MCP session, on a connection that is made anew when it has to be. */
export type Session = {
  readonly party: Party;
  readonly openedMs: number;
  /** The process that it lives on, as soon as it has said so. */
  home: number | undefined;
  send(method: "POST" | "GET" | "DELETE", body: string, how?: How): Promise<Timed>;
  /** Sends and has it judged. `wrongWith`: what is wrong with an answer that has the expected status. */
  ask(asked: Asked): Promise<Verdict>;
  /** Of its connection. */
  readonly line: () => Line;
  leave(how?: "end" | "reset"): void;
  /** Ends it as clients do (DELETE), and leaves. */
  end(): Promise<void>;
};

export type Asked = How & {
  kind: string;
  what: string;
  method?: "POST" | "DELETE";
  body: string;
  wrongWith?: (answer: Answer & { state: "whole" }, at: Omit<Timed, "answer">) => string | undefined;
  expectedStatus?: number;
  isSlow?: boolean;
};

/** How long it may take until there is another session, whatever happens to replicas. */
const openLimitMs = 10_000;
const againMs = 50;

/** Initializes, as often as it takes. Undefined when all is over before. */
export async function openSession(world: World, party: Party): Promise<Session | undefined> {
  const { tally, now } = world;
  const firstMs = now();
  let isLate = false;
  while (!world.over.aborted) {
    const session = await tryOpening(world, party);
    if (session) return session;
    if (!isLate && now() - firstMs > openLimitMs) {
      isLate = true;
      world.lose(`initialize, ${party.adapter}: no new session within ${openLimitMs / 1000} s`);
    }
    tally.add("initialized again");
    await pause(againMs, world.over);
  }
  return undefined;
}

async function tryOpening(world: World, party: Party): Promise<Session | undefined> {
  const { referee, now, origin } = world;
  const { adapter } = party;
  const line = await openLine(origin);
  const beganMs = now();
  const answer = await line.ask(headOf(world, party, "POST", initialize) + initialize);
  const endedMs = now();
  const id = answer.state === "whole" ? field(answer.head, "mcp-session-id") : undefined;
  const verdict = await referee.judge(
    { kind: "initialize", what: adapter, adapter, goes: { state: "free" }, beganMs, endedMs },
    outcomeOf(answer, () => (id === undefined ? "it has no session" : undefined)),
    answer,
  );
  if (verdict.state !== "right" || id === undefined) {
    line.leave();
    return undefined;
  }
  const session = sessionOn(world, party, line, { id, openedMs: beganMs });
  const begun = await session.ask({ kind: "initialize", what: "initialized", body: initialized, expectedStatus: 202 });
  if (begun.state === "right") return session;
  session.leave();
  return undefined;
}

function sessionOn(
  world: World,
  party: Party,
  first: Line,
  { id, openedMs }: { id: string; openedMs: number },
): Session {
  const { now, referee, tally, origin } = world;
  let line = first;
  let hasLeft = false;

  const session: Session = {
    party,
    openedMs,
    home: undefined,
    async send(method, body, { fields = "", reader, limitMs } = {}) {
      if (!line.isOpen()) {
        if (!hasLeft) tally.add("reconnected");
        hasLeft = false;
        line = await openLine(origin);
      }
      const head = headOf(world, party, method, body, { id, fields });
      const beganMs = now();
      const answer = await line.ask(head + body, reader, limitMs);
      return { answer, beganMs, endedMs: now() };
    },
    async ask({ kind, what, method = "POST", body, wrongWith = () => undefined, expectedStatus, isSlow, ...how }) {
      const { answer, beganMs, endedMs } = await session.send(method, body, how);
      const outcome = outcomeOf(answer, (whole) => wrongWith(whole, { beganMs, endedMs }), expectedStatus);
      const goes = { state: "pinned", pid: session.home, sinceMs: openedMs } as const;
      const { adapter } = party;
      return referee.judge({ kind, what, adapter, goes, beganMs, endedMs, isSlow: isSlow ?? false }, outcome, answer);
    },
    line: () => line,
    leave(how) {
      hasLeft = true;
      line.leave(how);
    },
    async end() {
      await session.ask({ kind: "end", what: "DELETE", method: "DELETE", body: "" });
      session.leave();
    },
  };
  return session;
}

/** Head of a request of this party. `id`: of its session. */
export function headOf(
  { origin }: World,
  { adapter, user }: Party,
  method: string,
  body: string,
  { id, fields = "" }: { id?: string; fields?: string } = {},
): string {
  const path = `/adapters/${adapter}/mcp`;
  const own = `X-Dev-UserId: ${user}\r\n${fields}`;
  return requestHead({ method, path, host: new URL(origin).host, sessionId: id }, Buffer.byteLength(body), own);
}
