import type { Answered } from "./answer.ts";
import type { RpcMessage } from "./json-rpc.ts";
import type { Session } from "./requests.ts";

/** What a diagnosis has learned so far. A step builds on it, and is not taken where what it needs is not there. */
export type Known = {
  /** Why nothing more can be asked as a client. */
  readonly stop?: string;
  /** Why no MCP server can answer now, as the runtime says. */
  readonly unready?: string;
  /** The answer to a client that says nothing of who it is. */
  readonly door?: Answered;
  readonly challenge?: Challenge;
  readonly metadata?: Metadata;
  readonly issuers?: readonly IssuerMetadata[];
  /** The answer to the era probe, with credentials if there are any. */
  readonly probe?: Answered;
  /** What `server/discover` promises; undefined where there is no modern era. */
  readonly modern?: { readonly revisions: readonly string[]; readonly capabilities: RpcMessage };
  /** Why no more is asked of that era. */
  readonly brokenPromise?: string;
  readonly session?: Session & { readonly capabilities: RpcMessage };
  /** Why nothing more can be asked in the session: it does not hold. */
  readonly lost?: string;
  /** The status by which an unknown session was answered. */
  readonly staleStatus?: number;
  /** The server has taken DELETE. */
  readonly isEnded?: boolean;
  /** What each replica speaks that was asked directly, by its name. */
  readonly spoken?: Readonly<Record<string, Spoken>>;
};

export type Challenge = {
  /** What it names, where a client could go to. */
  readonly metadataUrl: string | undefined;
  /** What is wrong with it, which needs not be told again: `http` for a server that is reached by https. */
  readonly fault: "none" | "http" | "other";
};

export type Metadata = {
  /** Where it was found: by the challenge, at the well-known path of the URL, or at that of the whole origin. */
  readonly from: "challenge" | "path" | "root";
  readonly resource: string;
  readonly issuers: readonly string[];
};

export type IssuerMetadata = {
  readonly issuer: string;
  readonly pkce: readonly string[] | undefined;
  readonly registration: readonly string[];
};

export type Spoken = {
  readonly revisions: string;
  /** The session that was opened there; undefined where there are none. */
  readonly session: Session | undefined;
};
