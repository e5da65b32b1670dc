import { changingTool } from "../adapters.ts";
import type { Answer } from "../line.ts";
import { type Message, messageIn, textIn, toolCall } from "../messages.ts";
import type { Verdict } from "../oracle.ts";
import type { Session } from "../session.ts";
import type { World } from "../world.ts";

const kind = "session call";
const silenceMs = 3000;

/** What a client says to a reference server in one session, and what it has to hear. */
export type ReferenceTalk = Record<
  "replica" | "whoami" | "simpleText" | "changeTools" | "staySilent",
  () => Promise<Verdict>
>;

export function referenceTalk(world: World, session: Session): ReferenceTalk {
  const { adapter, user } = session.party;
  let calls = 0;
  let upstreamId: unknown;

  /** A call of one tool. `wrongWith` looks at the message that belongs to it. */
  function call(tool: string, wrongWith: (message: Message) => string | undefined, args = {}, isSlow = false) {
    const id = world.nextId();
    const body = toolCall(id, tool, args);
    return session.ask({
      kind,
      what: `${adapter} ${tool}`,
      body,
      wrongWith: (a) => answering(a, id, wrongWith),
      isSlow,
    });
  }

  return {
    replica() {
      calls++;
      return call("replica", ({ result }) => {
        const { pid, sessionId, callsInSession } = result?.structuredContent ?? {};
        if (typeof pid !== "number") return "it says no process";
        if (!world.ledger.has(pid)) world.findReplicas();
        session.home ??= pid;
        upstreamId ??= sessionId;
        if (pid !== session.home) return `process ${pid} answered`;
        if (sessionId !== upstreamId) return "another session answered";
        return callsInSession === calls ? undefined : `call ${calls} was counted as ${callsInSession}`;
      });
    },
    whoami: () =>
      call("whoami", ({ result }) => {
        const { userId } = result?.structuredContent ?? {};
        return userId === user ? undefined : `it was taken for ${userId}`;
      }),
    simpleText() {
      const id = world.nextId();
      return session.ask({
        kind,
        what: `${adapter} ${changingTool}`,
        body: toolCall(id, changingTool),
        wrongWith: (answer, { beganMs, endedMs }) => {
          const allowed = adapter === "policed" ? world.policies.allows(changingTool, beganMs, endedMs) : "yes";
          return answering(answer, id, (message) => {
            const isRefused = message.error?.code === -32602;
            if (isRefused) return allowed === "yes" ? "it was refused" : undefined;
            if (textIn(message) !== "This is a simple text response for testing.") return "its text is another";
            return allowed === "no" ? "it was let through" : undefined;
          });
        },
      });
    },
    changeTools: () =>
      call("test_trigger_tool_change", (message) =>
        textIn(message) === "The list of tools changed." ? undefined : "its text is another",
      ),
    staySilent() {
      const ms = world.random.below(silenceMs);
      const text = `Silent for ${ms} ms.`;
      return call(
        "stay_silent",
        (message) => (textIn(message) === text ? undefined : "its text is another"),
        { ms },
        true,
      );
    },
  };
}

/** What is wrong with an answer as the one to this request. */
export function answering(
  answer: Answer,
  id: number,
  wrongWith: (message: Message) => string | undefined,
): string | undefined {
  const message = messageIn(answer);
  if (message === undefined) return "it is no message";
  if (message.id !== id) return `it answers ${message.id}, and ${id} was asked`;
  return wrongWith(message);
}
