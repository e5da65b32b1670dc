import { changingTool } from "../adapters.ts";
import { toolCall, toolList } from "../messages.ts";
import { openSession, type Session, type Timed } from "../session.ts";
import { userOf, type World } from "../world.ts";
import type { Crew } from "./crew.ts";
import { answering, referenceTalk } from "./reference-talk.ts";

const kind = "visit";
/** No policy names it. */
const forbiddenTool = "echo_headers";

/** Clients that come, look at the tools, call some and go as they should: their session must be over then. */
export function visitors(of: Pick<Crew, "size" | "callsPerSecond">): Crew {
  return {
    ...of,
    async client(world, n, rest) {
      const party = { adapter: n % 2 === 0 ? "stateful" : "policed", user: userOf(n) };
      while (!world.over.aborted) {
        await rest();
        const session = await openSession(world, party);
        if (!session) return;
        await visit(world, session, rest);
        session.leave();
      }
    },
  };
}

async function visit(world: World, session: Session, rest: () => Promise<void>): Promise<void> {
  const { adapter } = session.party;
  const talk = referenceTalk(world, session);
  const steps = [talk.replica, () => list(world, session), talk.whoami, talk.replica];
  for (const step of steps) {
    if ((await step()).state !== "right") return;
    await rest();
  }
  const end = { kind, what: `${adapter} DELETE`, method: "DELETE", body: "" } as const;
  if ((await session.ask(end)).state !== "right") return;
  const afterwards = { kind, what: `${adapter} after DELETE`, body: toolCall(world.nextId(), "replica") };
  await session.ask({ ...afterwards, expectedStatus: 404 });
}

function list(world: World, session: Session) {
  const { adapter } = session.party;
  const id = world.nextId();
  return session.ask({
    kind,
    what: `${adapter} tools/list`,
    body: toolList(id),
    wrongWith: (answer, at) =>
      answering(answer, id, ({ result }) => {
        const names = result?.tools?.map(({ name }) => name) ?? [];
        if (!names.includes("replica")) return "a tool is missing";
        return adapter === "policed" ? wrongWithPolicy(world, names, at) : undefined;
      }),
  });
}

function wrongWithPolicy(
  { policies }: World,
  names: readonly string[],
  { beganMs, endedMs }: Omit<Timed, "answer">,
): string | undefined {
  if (names.includes(forbiddenTool)) return "it shows a forbidden tool";
  const allowed = policies.allows(changingTool, beganMs, endedMs);
  if (allowed === "either") return undefined;
  return names.includes(changingTool) === (allowed === "yes") ? undefined : "it is the list of another policy";
}
