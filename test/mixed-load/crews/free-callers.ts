import { requestHead } from "../../bench/load/session.ts";
import { type Line, openLine } from "../line.ts";
import { failedStatusIn, legacyFields, type Message, messageIn, modernCall, toolCall, toolList } from "../messages.ts";
import type { Outcome } from "../oracle.ts";
import { outcomeOf } from "../referee.ts";
import { userOf, type World } from "../world.ts";
import type { Crew } from "./crew.ts";

/** A call without a session, and what is wrong with a message that came back. */
type FreeCall = {
  kind: string;
  what: string;
  path: string;
  body: string;
  fields: string;
  wrongWith: (message: Message) => string | undefined;
};

/** Everything goes to replicas of this adapter in the end. */
const adapter = "modern";

/** Clients of revision 2026-07-28, which has no sessions. */
export const modernCallers = (of: Pick<Crew, "size" | "callsPerSecond">): Crew => crewOf(of, modernCallOf);
/** Clients of the tool router and of a virtual server, in both eras. */
export const routerCallers = (of: Pick<Crew, "size" | "callsPerSecond">): Crew => crewOf(of, routerCallOf);

function crewOf(
  of: Pick<Crew, "size" | "callsPerSecond">,
  callOf: (world: World, id: number, user: string) => FreeCall,
): Crew {
  return {
    ...of,
    async client(world, n, rest) {
      const user = userOf(n);
      let line: Line | undefined;
      while (!world.over.aborted) {
        await rest();
        line = line?.isOpen() ? line : await openLine(world.origin);
        const id = world.nextId();
        await ask(world, line, id, user, callOf(world, id, user));
      }
      line?.leave();
    },
  };
}

async function ask(world: World, line: Line, id: number, user: string, call: FreeCall): Promise<void> {
  const { kind, what, path, body, fields, wrongWith } = call;
  const at = { method: "POST", path, host: new URL(world.origin).host };
  const head = requestHead(at, Buffer.byteLength(body), `X-Dev-UserId: ${user}\r\n${fields}`);
  const beganMs = world.now();
  const answer = await line.ask(head + body);
  const endedMs = world.now();
  const message = messageIn(answer);
  const status = failedStatusIn(message);
  const outcome: Outcome =
    status !== undefined
      ? { state: "refused", status }
      : outcomeOf(answer, () => (message?.id === id ? wrongWith(message) : "it is no answer to the request"));
  await world.referee.judge({ kind, what, adapter, goes: { state: "free" }, beganMs, endedMs }, outcome, answer);
}

function modernCallOf({ random }: World, id: number, user: string): FreeCall {
  const place = { kind: "modern call", path: `/adapters/${adapter}/mcp` };
  if (random.chance(0.5)) return { ...place, ...sum(random.below(1000), (args) => modernCall(id, "add", args)) };
  const wrongWith = ({ result }: Message) =>
    result?.structuredContent?.["userId"] === user ? undefined : "it was taken for somebody else";
  return { ...place, what: "whoami", ...modernCall(id, "whoami", {}), wrongWith };
}

function routerCallOf({ random }: World, id: number): FreeCall {
  const kind = "router call";
  const where = random.oneOf([
    { path: "/mcp", tool: "modern_add" },
    { path: "/servers/selected/mcp", tool: "sum" },
  ]);
  if (random.chance(0.2)) {
    const wrongWith = ({ result }: Message) =>
      result?.tools?.some(({ name }) => name === where.tool) ? undefined : `${where.tool} is not in the list`;
    return { kind, what: "tools/list", path: where.path, body: toolList(id), fields: legacyFields, wrongWith };
  }
  const b = random.below(1000);
  const calls = random.chance(0.5)
    ? sum(b, (args) => modernCall(id, where.tool, args))
    : sum(b, (args) => ({ body: toolCall(id, where.tool, args), fields: legacyFields }));
  return { kind, path: where.path, ...calls };
}

function sum(b: number, call: (args: object) => { body: string; fields: string }) {
  const wrongWith = ({ result, error }: Message) => {
    if (error) return `error ${error.code}: ${error.message}`;
    return result?.structuredContent?.["sum"] === 40 + b ? undefined : `${JSON.stringify(result)} is not ${40 + b}`;
  };
  return { what: "add", ...call({ a: 40, b }), wrongWith };
}
