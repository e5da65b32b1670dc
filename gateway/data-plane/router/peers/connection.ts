import type { Resource } from "../../../store/store.ts";
import type { Caller } from "../caller.ts";
import type { ListKind, PeerAnswer, PeerIdentity, PeerRequest } from "../peer.ts";
import { endingWith, unlessAborted } from "./ending.ts";
import type { Asked, PeerExchange } from "./exchange.ts";
import type { PeerLimits } from "./limits.ts";
import { type PeerLink, peerLink } from "./link.ts";
import { isMisunderstood, type Opened, type peerOpening } from "./opening.ts";
import { peerWatch, watchable } from "./watch.ts";
import { isObject } from "../../message.ts";

type Adapter = Pick<Resource<"adapter">, "name" | "uid" | "revision">;
type Unavailable = { readonly state: "unavailable"; readonly reason: string };

/** One server as callers with the same access see it. Opened when it is first used, again when its session is lost. */
export type PeerConnection = {
  readonly inUse: boolean;
  /** When it was last used, in the pool's time. */
  readonly lastUsedMs: number;
  identify(
    adapter: Adapter,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<{ state: "known"; identity: PeerIdentity } | Unavailable>;
  request(adapter: Adapter, caller: Caller, request: PeerRequest): Promise<PeerAnswer>;
  /** Ends it as soon as nobody uses it any more. */
  close(): void;
};

/** What was found out about a server, at which revision of its record and when. */
type Opening = {
  readonly revision: number;
  readonly promise: Promise<Linked>;
  /** Once it is open, or not. */
  settled?: { readonly linked: Linked; readonly atMs: number };
};
type Linked = { readonly state: "linked"; readonly link: PeerLink } | Unavailable;

export function peerConnection({
  open,
  exchange,
  tell,
  own,
  now,
  random,
  limits,
}: {
  open: ReturnType<typeof peerOpening>;
  exchange: PeerExchange;
  tell: (list: ListKind) => void;
  own: (work: Promise<unknown>) => void;
  now: () => number;
  random: () => number;
  limits: PeerLimits;
}): PeerConnection {
  let opening: Opening | undefined;
  let latestCaller: Caller;
  let users = 0;
  let lastUsedMs = now();
  let isClosed = false;

  return {
    get inUse() {
      return users > 0;
    },
    get lastUsedMs() {
      return lastUsedMs;
    },
    identify: (adapter, caller, signal) =>
      used(caller, async () => {
        const linked = await linkedTo(current(adapter, caller), signal);
        return linked.state === "linked" ? { state: "known", identity: linked.link.identity } : linked;
      }),
    request: (adapter, caller, request) => used(caller, () => ask(adapter, caller, request)),
    close() {
      isClosed = true;
      if (users === 0) drop(opening, "alive");
    },
  };

  async function used<Answer>(caller: Caller, use: () => Promise<Answer>): Promise<Answer> {
    latestCaller = caller;
    users++;
    lastUsedMs = now();
    try {
      return await use();
    } finally {
      users--;
      lastUsedMs = now();
      if (isClosed && users === 0) drop(opening, "alive");
    }
  }

  /** A request that was not carried out, since the session is over or the server has become another, is made again, once. */
  async function ask(adapter: Adapter, caller: Caller, request: PeerRequest): Promise<PeerAnswer> {
    const first = current(adapter, caller);
    const linked = await linkedTo(first, request.signal);
    if (linked.state === "unavailable") return linked;
    const asked = await linked.link.ask(caller, request);
    if (!isMisunderstood(asked)) return answerOf(asked);
    drop(first, asked.status === 404 ? "lost" : "alive");
    if (mayHaveRun(asked)) return { state: "unavailable", reason: "The MCP server has gone before it answered" };
    const again = await linkedTo(current(adapter, caller), request.signal);
    return again.state === "linked" ? answerOf(await again.link.ask(caller, request)) : again;
  }

  function current(adapter: Adapter, caller: Caller): Opening {
    if (opening && isOutdated(opening, adapter)) drop(opening, "alive");
    opening ??= begin(adapter, caller);
    return opening;
  }

  /** A session stays what it is until it is lost; anything else may be another after a new image, or a new deployment. */
  function isOutdated({ revision, settled }: Opening, adapter: Adapter): boolean {
    if (!settled) return false;
    const ageMs = now() - settled.atMs;
    if (settled.linked.state === "unavailable") return ageMs >= limits.unreachableMs;
    if (settled.linked.link.hasSession) return false;
    return revision !== adapter.revision || ageMs >= limits.identityMs;
  }

  function begin(adapter: Adapter, caller: Caller): Opening {
    const begun: Opening = { revision: adapter.revision, promise: opened(adapter, caller) };
    own(
      begun.promise.then(
        (linked) => {
          begun.settled = { linked, atMs: now() };
        },
        () => {
          if (opening === begun) opening = undefined;
        },
      ),
    );
    return begun;
  }

  /** For whoever asks meanwhile, so that it ends with none of them. */
  async function opened(adapter: Adapter, caller: Caller): Promise<Linked> {
    using over = endingWith([], limits.openMs);
    const found = await open(adapter, { adapter: adapter.name, caller }, over.signal);
    if (found.state === "open") return { state: "linked", link: linkTo(adapter.name, found) };
    const tooLate = `The MCP server did not answer within ${limits.openMs / 1000} s`;
    return over.signal.aborted ? { state: "unavailable", reason: tooLate } : found;
  }

  function linkTo(adapter: string, { wire, identity }: Extract<Opened, { state: "open" }>): PeerLink {
    const lists = watchable(identity.capabilities);
    const common = { adapter, wire, exchange, latestCaller: () => latestCaller, own, limits };
    const watch = peerWatch({ ...common, lists, tell, now, random });
    return peerLink({ ...common, identity, watch, lists, tell });
  }

  function drop(dropped: Opening | undefined, session: "alive" | "lost"): void {
    if (!dropped) return;
    if (opening === dropped) opening = undefined;
    own(
      dropped.promise.then((linked) => {
        if (linked.state === "linked") linked.link.retire(session);
      }),
    );
  }
}

async function linkedTo({ promise }: Opening, signal: AbortSignal): Promise<Linked> {
  return (await unlessAborted(promise, signal)) ?? { state: "unavailable", reason: "The request was cancelled" };
}

function answerOf(asked: Asked): PeerAnswer {
  switch (asked.state) {
    case "result":
      return { state: "result", result: asked.result };
    case "error":
      return { state: "error", error: asked.error };
    case "refused":
    case "failed":
      return { state: "unavailable", reason: asked.reason };
  }
}

/** The data plane says so when the replica has taken the request, and gone with it. */
function mayHaveRun({ error }: Extract<Asked, { state: "refused" }>): boolean {
  return isObject(error?.data) && error.data.mayHaveRun === true;
}
