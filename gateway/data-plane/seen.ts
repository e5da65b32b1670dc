import type { HeaderFields } from "../auth/header-fields.ts";
import type { Principal } from "../auth/principal.ts";
import type { Calling } from "./tool-calls.ts";
import type { Witness } from "./upstream/exchange.ts";

/**
 * What is noted of a request on its way, for logs, figures, traces and the audit trail. Nothing here changes what becomes of it,
 * but that traces are handed on.
 */
export type Seen = Witness & {
  admitted(principal: Principal): void;
  /** It is for this adapter, or path of ours, and there is one. */
  reached(place: string): void;
  /** Its body has come. */
  received(): void;
  read(message: ReadMessage): void;
  /** The name of its session by which logs may speak of it. */
  inSession(name: string): void;
  /** It calls tools of an adapter, of which the audit trail is to know how that ended. */
  calls(calling: Calling, how: "passed-on" | "refused"): void;
  /** It waits for a ready replica; then it goes on, or is given up. */
  waits(): void;
  waited(outcome: "served" | "unready"): void;
  /** It goes to this replica now, as what is given back: that says to which trace it belongs. */
  asks<R extends Outgoing>(request: R, endpoint: { readonly name: string }): R;
  /** An answer begins that has such a type. */
  hears(contentType: string | undefined): void;
  /** Another request, in its name. */
  within(path: string, httpMethod: string): Seen;
  /** It is the call of a tool of the gateway's own, which no MCP server answers; and that was its result. */
  runs(tool: string): void;
  ran(outcome: "ok" | "error"): void;
  /** This is the answer; its body may still be on its way. */
  answered(response: Pick<Response, "status">): void;
};

type Outgoing = { readonly headers: HeaderFields; readonly body: string | null };

export type ReadMessage = {
  /** As `message.ts` names it. */
  readonly method: string;
  readonly tool: string | undefined;
  /** The body as it came, and what it parses to. */
  readonly text: string | null;
  readonly json: unknown;
  readonly headers: HeaderFields;
};

/** Whatever happens, nobody wants to know. */
export const unseen: Seen = {
  admitted() {},
  reached() {},
  received() {},
  read() {},
  inSession() {},
  calls() {},
  waits() {},
  waited() {},
  asks: (request) => request,
  hears() {},
  within: () => unseen,
  runs() {},
  ran() {},
  answered() {},
  sent() {},
  began() {},
  saw() {},
  ended() {},
};
