import type { HeaderFields } from "../auth/header-fields.ts";
import type { Principal } from "../auth/principal.ts";
import type { Resource } from "../store/store.ts";
import type { Message } from "./message.ts";
import type { Seen } from "./seen.ts";
import type { ToolAccess } from "./tool-policy.ts";
import type { Silence } from "./upstream/silence.ts";

/** Who calls which adapter, as the front door found out. */
export type Call = {
  readonly adapter: string;
  readonly principal: Principal;
  /** When its token ends; streams end with it, calls in flight do not. */
  readonly expiresAtMs: number | undefined;
  readonly requestId: string;
  /** The client's IP address. */
  readonly address: string;
  readonly seen: Seen;
  /** What the request's headers say, if they have been read already. */
  readonly headers?: HeaderFields;
  /** Of the client's connection; requests of the gateway's own have none. */
  readonly silence?: Silence | undefined;
};

/** One request on its way, and what is known of it. */
export type Exchange = {
  readonly request: Request;
  readonly headers: HeaderFields;
  readonly call: Call;
  readonly adapter: Resource<"adapter">;
  /** The body as it came, and what it parses to. */
  readonly text: string | null;
  readonly json: unknown;
  readonly message: Message;
  /** As the client sent it, whatever it is worth. */
  readonly sessionId: string | null;
  readonly tools: ToolAccess;
};
