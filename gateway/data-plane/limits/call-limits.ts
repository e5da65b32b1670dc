import { watchedBody } from "../watched-body.ts";
import { addRateFields, type Limited, type Rate } from "./limited.ts";
import { openSessions, type SessionOpening } from "./open-sessions.ts";
import { openStreams, type OpenStream } from "./open-streams.ts";
import { type Elsewhere, requestRate } from "./request-rate.ts";

/** Undefined: without that limit. */
export type LimitSettings = {
  /** Of one principal to one adapter. */
  readonly requestsPerMinute: number | undefined;
  /** Event streams that one principal has open at once, over all adapters. */
  readonly streams: number | undefined;
  /** MCP sessions that one principal has open on one adapter. */
  readonly sessions: number | undefined;
};

export type LimitedCall = {
  readonly principalKey: string;
  readonly adapter: string;
  /** GET, POST or DELETE. */
  readonly httpMethod: string;
  /** As `message.ts` names it. */
  readonly method: string;
  /** The client's session id, if it opened to a replica. */
  readonly session: string | undefined;
  /** Requests in a batch. */
  readonly cost?: number;
};

/**
 * Dispose it when the call is over. `answered` takes the server's answer, session id sealed, and gives it back with what
 * the limits have to say in its headers; a stream is counted until the answer's body ends.
 */
export type Admitted = Disposable & { readonly state: "admitted"; answered(response: Response): Response };

export type CallLimits = {
  admit(call: LimitedCall): Admitted | Limited;
  /** A session that does not open any more: its client will open another, and must not be refused for the lost one. */
  lost(call: Pick<LimitedCall, "principalKey" | "adapter">, session: string): void;
};

/**
 * What one principal may ask of one adapter. Everything is counted in this process and answered at once; `elsewhere`
 * adds what other gateways counted. `now` in milliseconds since 1970, as all gateways share it.
 */
export function callLimits({
  settings,
  now,
  elsewhere,
}: {
  settings: LimitSettings;
  now: () => number;
  elsewhere?: Elsewhere;
}): CallLimits {
  const { requestsPerMinute, streams, sessions } = settings;
  const rate =
    requestsPerMinute === undefined ? undefined : requestRate({ perMinute: requestsPerMinute, now, elsewhere });
  const streamsOpen = streams === undefined ? undefined : openStreams(streams);
  const sessionsOpen = sessions === undefined ? undefined : openSessions({ limit: sessions, now });
  if (!rate && !streamsOpen && !sessionsOpen) return unlimited;

  return {
    admit(call) {
      const stream = holdsStream(call) ? streamsOpen?.open(call.principalKey) : undefined;
      if (stream?.state === "limited") return stream;
      const opening = opensSession(call) ? sessionsOpen?.open(keyOf(call)) : undefined;
      if (opening?.state === "limited") return opening;
      const taken = isCounted(call) ? rate?.take(keyOf(call), call.cost ?? 1) : undefined;
      if (taken?.state === "limited") {
        stream?.[Symbol.dispose]();
        opening?.[Symbol.dispose]();
        return taken;
      }
      return admitted(call, taken, stream, opening);
    },
    lost: (call, session) => sessionsOpen?.ended(keyOf(call), session),
  };

  function admitted(
    call: LimitedCall,
    taken: Rate | undefined,
    stream: OpenStream | undefined,
    opening: SessionOpening | undefined,
  ): Admitted {
    let leftToUs = stream;
    return {
      state: "admitted",
      answered(response) {
        if (taken) addRateFields(response.headers, taken);
        noteSession(call, response, opening);
        if (!leftToUs || !isEventStream(response)) return response;
        const withBody = leftToUs;
        leftToUs = undefined;
        return watchedBody(response, { over: () => withBody[Symbol.dispose]() });
      },
      [Symbol.dispose]() {
        leftToUs?.[Symbol.dispose]();
        opening?.[Symbol.dispose]();
      },
    };
  }

  function noteSession(call: LimitedCall, response: Response, opening: SessionOpening | undefined): void {
    if (!sessionsOpen) return;
    const given = opening && response.ok ? response.headers.get("mcp-session-id") : null;
    if (given !== null) opening?.opened(given);
    if (call.session === undefined) return;
    const isOver = response.status === 404 || (call.httpMethod === "DELETE" && response.ok);
    if (isOver) sessionsOpen.ended(keyOf(call), call.session);
    else sessionsOpen.saw(keyOf(call), call.session);
  }
}

const unlimited: CallLimits = {
  admit: () => free,
  lost: () => undefined,
};
const free: Admitted = { state: "admitted", answered: (response) => response, [Symbol.dispose]: () => undefined };

/**
 * Never refused and never counted: `server/discover`, since SDKs take a 429 there for a server of the legacy era; `ping`,
 * which asks whether a session lives; notifications and answers to the server, which nobody could repeat, and which end
 * or unblock what is under way. GET is limited as a stream, and DELETE gives back.
 */
function isCounted({ httpMethod, method }: LimitedCall): boolean {
  return httpMethod === "POST" && !uncounted.has(method) && !method.startsWith("notifications/");
}

const uncounted = new Set(["server/discover", "ping", "response"]);

/** Streams that stay open of themselves. The answer to a call may stream too, but ends with the call. */
function holdsStream({ httpMethod, method }: LimitedCall): boolean {
  return httpMethod === "GET" || method === "subscriptions/listen";
}

function opensSession({ httpMethod, method }: LimitedCall): boolean {
  return httpMethod === "POST" && method === "initialize";
}

/** An adapter's name has no space, so no other pair gives the same text. */
function keyOf({ principalKey, adapter }: Pick<LimitedCall, "principalKey" | "adapter">): string {
  return `${adapter} ${principalKey}`;
}

function isEventStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}
