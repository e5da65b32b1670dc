import type { Endpoint } from "../../runtime/runtime.ts";
import type { Answer } from "../answer.ts";
import { foreignOrigin } from "../client/origin.ts";
import { staleFinding } from "../client/stale.ts";
import { getFinding } from "../client/stream.ts";
import type { Known } from "../known.ts";
import { requestsTo } from "../requests.ts";
import { failed, type Finding, ok, type Step, warning } from "../step.ts";
import { said } from "../words.ts";
import type { UpstreamParts } from "./parts.ts";
import { spokenFound } from "./spoken.ts";

/** Whatever host is in it: the way to the replica knows its own. */
const replicaUrl = "http://replica/mcp";

/** What one replica does when it is asked past the gateway's own care for clients. */
export function replicaSteps(endpoint: Endpoint, parts: UpstreamParts): Step<Known>[] {
  const { name } = endpoint;
  const { askerOver, sendTo, nextId, cleanups, limits, isGuarded, newId } = parts;
  const replica = askerOver(sendTo(endpoint));
  const requests = requestsTo(replicaUrl, {}, nextId);
  const unlessSpoken = ({ spoken }: Known) => (spoken?.[name] ? undefined : `${name} was not understood.`);
  const unlessSession = (known: Known) =>
    unlessSpoken(known) ?? (known.spoken?.[name]?.session ? undefined : `${name} has no sessions.`);
  return [
    {
      id: `${name}/revisions`,
      title: `${name}: revisions`,
      expected: "MCP at /mcp, the same on every replica, for the host by which the gateway calls it",
      async take({ spoken = {} }) {
        const probed = await replica.ask(requests.modern("server/discover"));
        const begun = await replica.ask(requests.initialize());
        const found = spokenFound(name, probed, begun, spoken);
        const session = found.learned?.spoken?.[name]?.session;
        if (session) cleanups.set(`${endpoint.id} ${session.id}`, () => replica.tell(requests.endSession(session)));
        return found;
      },
    },
    {
      id: `${name}/stale-id`,
      title: `${name}: stale session`,
      expected: "404, as the gateway answers for it where it can know",
      unless: unlessSession,
      async take({ spoken }) {
        const revision = spoken?.[name]?.session?.revision ?? "";
        return replicaStale(await replica.ask(requests.legacy("ping", { id: newId(), revision })));
      },
    },
    {
      id: `${name}/stream`,
      title: `${name}: GET stream`,
      expected: "An event stream whose headers come at once, or 405",
      unless: unlessSession,
      async take({ spoken }) {
        const session = spoken?.[name]?.session ?? { id: undefined, revision: "" };
        return getFinding(await replica.watch(requests.openStream(session), { watchMs: limits.glanceMs }));
      },
    },
    {
      id: `${name}/origin`,
      title: `${name}: foreign Origin`,
      expected: "403 for a web page from elsewhere, should one reach the replica past the gateway",
      unless: (known) =>
        unlessSpoken(known) ?? (isGuarded ? "A guard stands before it: only the gateway reaches it." : undefined),
      async take() {
        return replicaOrigin(await replica.ask(requests.modern("server/discover", {}, { origin: foreignOrigin })));
      },
    },
  ];
}

/** The gateway answers for sessions that it knows to be gone; one that the server has forgotten by itself is its own. */
function replicaStale(answer: Answer): Finding {
  const found = staleFinding(answer);
  return found.outcome === "failed" && answer.state === "answered" ? warning("replica-stale-id", found.got) : found;
}

/** The gateway hands on no Origin, and checks it itself. */
function replicaOrigin(answer: Answer): Finding {
  const got = said(answer);
  if (answer.state !== "answered") return failed("replica-unreachable", got);
  return answer.status === 403 ? ok(got) : warning("replica-origin-unchecked", got);
}
