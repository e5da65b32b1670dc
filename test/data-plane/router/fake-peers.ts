import { accessRules } from "../../../gateway/auth/access.ts";
import type { Caller } from "../../../gateway/data-plane/router/caller.ts";
import { catalogue } from "../../../gateway/data-plane/router/lists/catalogue.ts";
import { accessKey } from "../../../gateway/data-plane/router/caller.ts";
import type { ListKind, PeerAnswer, PeerIdentity, Peers } from "../../../gateway/data-plane/router/peer.ts";
import type { Bodies, Kind, Resource } from "../../../gateway/store/store.ts";
import { unseen } from "../../../gateway/data-plane/seen.ts";

type Answer = PeerAnswer | Record<string, unknown>;

/** How one adapter's server behaves. */
export type FakeServer = {
  identity?: Partial<PeerIdentity> | "unavailable";
  /** What it answers; what is neither a state nor a promise of one is taken for a result. */
  answer?: (method: string, params: Record<string, unknown>, caller: Caller) => Answer | Promise<Answer>;
};

type Asked = { adapter: string; method: string; user: string; cursor?: unknown };

/** Everything a catalogue stands on, in memory; only the MCP servers are made up. */
export function stand({ deadlineMs = 5_000, readingMs = 20_000 } = {}) {
  const records = { adapter: new Map(), tool: new Map(), server: new Map() } as {
    [K in Kind]: Map<string, Resource<K>>;
  };
  const sorted = new Map<Kind, readonly Resource[]>();
  const servers = new Map<string, FakeServer>();
  const listeners = new Set<Parameters<Peers["subscribe"]>[0]>();
  const asked: Asked[] = [];
  const clock = { ms: 1_000_000 };

  const view = {
    get: <K extends Kind>(kind: K, name: string) => records[kind].get(name) as Resource<K> | undefined,
    list<K extends Kind>(kind: K): readonly Resource<K>[] {
      const all = [...records[kind].values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      if (!sorted.has(kind)) sorted.set(kind, all);
      return sorted.get(kind) as readonly Resource<K>[];
    },
  };
  const peers: Pick<Peers, "identify" | "request" | "subscribe"> = {
    async identify({ name }) {
      const { identity } = servers.get(name) ?? {};
      if (identity === "unavailable") return { state: "unavailable", reason: "It is down." };
      return { state: "known", identity: { era: "modern", capabilities: { tools: {} }, ...identity } };
    },
    async request({ name }, caller, { method, params }) {
      const cursor = params.cursor === undefined ? {} : { cursor: params.cursor };
      asked.push({ adapter: name, method, user: caller.principal.id, ...cursor });
      const answer = (await servers.get(name)?.answer?.(method, params, caller)) ?? { tools: [] };
      return "state" in answer ? (answer as PeerAnswer) : { state: "result", result: answer };
    },
    subscribe(onChange) {
      listeners.add(onChange);
      return () => void listeners.delete(onChange);
    },
  };
  const access = accessRules({ admin: "admin", workloadIdentity: [] });
  const shown = catalogue({ access, view, peers, now: () => clock.ms, deadlineMs, readingMs });

  return {
    ...shown,
    asked,
    clock,
    listeners,
    view,
    put<K extends Kind>(kind: K, name: string, body: Partial<Bodies[K]> & { deleting?: boolean } = {}) {
      const { deleting = false, ...rest } = body;
      const last = records[kind].get(name);
      const resource = {
        kind,
        name,
        uid: last?.uid ?? crypto.randomUUID(),
        revision: (last?.revision ?? 0) + 1,
        deleting,
        body: { ...defaults(name), ...rest },
      } as unknown as Resource<K>;
      records[kind].set(name, resource as never);
      sorted.delete(kind);
      return resource;
    },
    /** An adapter that everybody with the role `team` may read, and its server. */
    adapter(name: string, server: FakeServer, body: Partial<Bodies["adapter"]> = {}) {
      servers.set(name, server);
      return this.put("adapter", name, body);
    },
    tool(name: string, tool: Record<string, unknown> = {}, body: Partial<Bodies["tool"]> = {}) {
      const definition = { name, inputSchema: { type: "object" }, ...tool };
      return this.put("tool", name, { toolDefinition: { tool: definition as never, port: 80, path: "/" }, ...body });
    },
    /** Its server is down from now on. */
    break: (name: string) => void servers.set(name, { identity: "unavailable" }),
    says(adapter: string, caller: Caller, list: ListKind) {
      for (const tell of listeners) tell({ adapter, accessKey: accessKey(caller.principal), list });
    },
    async names(caller: Caller, kind: "tools" | "prompts" | "resources" | "resourceTemplates" = "tools") {
      return (await shown.list(kind, caller)).entries.map(({ name }) => name);
    },
  };
}

function defaults(name: string) {
  return { name, createdBy: "owner", requiredRoles: ["team"], exposeTools: true, allowedTools: null };
}

export function callerNamed(id: string, roles: readonly string[] = ["team"], signal?: AbortSignal): Caller {
  return {
    principal: { key: `dev:${id}`, id, name: id, roles },
    expiresAtMs: undefined,
    address: "127.0.0.1",
    requestId: "r",
    origin: "http://localhost",
    era: "modern",
    trace: {},
    capabilities: {},
    logLevel: undefined,
    signal: signal ?? new AbortController().signal,
    seen: unseen,
  };
}

/** A server with these tools on one page. */
export function withTools(
  tools: readonly (string | Record<string, unknown>)[],
  about: Record<string, unknown> = {},
): FakeServer {
  const definitions = tools.map((tool) => (typeof tool === "string" ? toolNamed(tool) : tool));
  return { answer: () => ({ tools: definitions, ttlMs: 60_000, cacheScope: "private", ...about }) };
}

export function toolNamed(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, description: `Does ${name}`, inputSchema: { type: "object" }, ...more };
}
