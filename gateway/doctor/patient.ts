import type { Diagnosis } from "../../openapi/diagnosis.ts";
import type { WorkloadStatus } from "../../openapi/workload.ts";
import type { Access } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import type { Endpoint } from "../runtime/runtime.ts";
import type { Resource } from "../store/store.ts";
import type { View } from "../store/view.ts";
import type { Network } from "./client/network.ts";
import type { DoctorLimits } from "./limits.ts";
import type { Sent, sendOverNetwork } from "./send.ts";

/** Whose MCP endpoint. */
export type Patient = { readonly kind: "adapter" | "server"; readonly name: string } | { readonly kind: "router" };

export type Consultation = { readonly patient: Patient; readonly principal: Principal; readonly request: Request };

export type Consulted =
  | { readonly state: "diagnosed"; readonly diagnosis: Diagnosis }
  | { readonly state: "refused"; readonly why: "absent" | "forbidden" | "busy" | "full"; readonly detail: string };

export type Doctor = { consult(consultation: Consultation): Promise<Consulted> };

/** What the doctor within the gateway works with. */
export type InsideParts = {
  readonly view: Pick<View, "get">;
  readonly access: Pick<Access, "may">;
  /** The whole gateway, as if the request had come over the network. */
  readonly self: (request: Request) => Response | Promise<Response>;
  readonly originOf: (request: Request) => string;
  readonly publicOrigin: string | undefined;
  /** Undefined where no token is asked for. */
  readonly issuers: readonly string[] | undefined;
  readonly endpointsOf: (adapter: string) => readonly Endpoint[];
  readonly statusOf: (adapter: string, principal: Principal) => Promise<WorkloadStatus | undefined>;
  readonly askReplica: (
    request: Request,
    endpoint: Endpoint,
    asked: { adapter: string; principal: Principal },
  ) => Promise<Sent>;
  readonly isGuarded: boolean;
  /** The replica that a session is sealed to. */
  readonly placeOf: (adapter: Resource<"adapter">, principal: Principal, sessionId: string) => string | undefined;
  readonly fetch: Parameters<typeof sendOverNetwork>[0];
  readonly network: Network;
  readonly now: () => number;
  readonly newId: () => string;
  readonly closing: AbortSignal;
  readonly limits: DoctorLimits;
};
