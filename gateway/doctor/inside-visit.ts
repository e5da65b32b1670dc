import type { Principal } from "../auth/principal.ts";
import type { Endpoint } from "../runtime/runtime.ts";
import type { Resource } from "../store/store.ts";
import { nothingAround, type Visit } from "./diagnose.ts";
import { credentialsOf, knownNetwork, sendToKnown, sendToSelf, wayOf } from "./own-door.ts";
import type { Consultation, InsideParts, Patient } from "./patient.ts";
import { publicOriginStep } from "./public-origin.ts";
import { replicasStep } from "./upstream/replicas.ts";
import { upstreamSteps } from "./upstream/steps.ts";

/** How a resource of this gateway is looked at: through its own front door, and past it at the replicas of an adapter. */
export function insideVisit(
  parts: InsideParts,
  { patient, principal, request }: Consultation,
  adapter: Resource<"adapter"> | undefined,
): Visit {
  const { self, originOf, publicOrigin, issuers, fetch, network, limits, now, newId, closing } = parts;
  const { headers } = request;
  const path = pathOf(patient);
  const origin = originOf(request);
  const publicly = publicOriginStep(headers, origin, { publicOrigin, asksForToken: issuers !== undefined });
  const around = adapter ? aroundAdapter(parts, adapter, principal) : nothingAround;
  const authorization = headers.get("authorization");
  return {
    url: new URL(path, origin),
    // Bun gives a bare path where Host is missing or malformed.
    doorUrl: new URL(path, URL.parse(request.url) ?? origin).href,
    doorHeaders: wayOf(headers),
    credentials: credentialsOf(headers),
    secrets: authorization === null ? [] : [authorization],
    toDoor: sendToSelf(self),
    toDocuments: sendToKnown({ publicOrigin, issuers: issuers ?? [], ownOrigin: origin, self, fetch }),
    network: knownNetwork(publicOrigin, network),
    vantage: "inside",
    pageOrigin: headers.get("origin") ?? undefined,
    limits,
    now,
    newId,
    whereIs: (sessionId) => adapter && parts.placeOf(adapter, principal, sessionId),
    around(tools) {
      const { before, after } = around(tools);
      return { before: [publicly, ...before], after };
    },
    signal: AbortSignal.any([request.signal, closing]),
  };
}

function aroundAdapter(parts: InsideParts, { name, body }: Resource<"adapter">, principal: Principal): Visit["around"] {
  const { endpointsOf, statusOf, askReplica, isGuarded, limits, newId } = parts;
  return (tools) => {
    const upstream = {
      ...tools,
      endpoints: endpointsOf(name),
      replicaCount: body.replicaCount,
      // Without its database the gateway goes on, and so does this.
      status: () => statusOf(name, principal).catch(() => undefined),
      sendTo: (endpoint: Endpoint) => (request: Request) => askReplica(request, endpoint, { adapter: name, principal }),
      isGuarded,
      limits,
      newId,
    };
    return { before: [replicasStep(upstream)], after: upstreamSteps(upstream) };
  };
}

function pathOf(patient: Patient): string {
  return patient.kind === "router" ? "/mcp" : `/${patient.kind}s/${patient.name}/mcp`;
}
