import type { HeaderFields } from "../auth/header-fields.ts";
import { assertionHeader, callHeader, failureHeader } from "../assertion/assertion.ts";
import type { About } from "../assertion/signer.ts";
import type { Guarding } from "../runtime/runtime.ts";
import type { Exchange } from "./exchange.ts";
import type { Forward } from "./forward.ts";
import type { Route } from "./route.ts";
import { toolIn } from "./tool-name.ts";
import { fieldOf } from "./upstream/answer.ts";

/** The way past the guards that stand before replicas. */
export type Guards = {
  /** Says on a request who calls, for the one replica of its session, or for any of the adapter. */
  mark(headers: HeaderFields, exchange: Pick<Exchange, "call" | "message" | "json">, route: Route): void;
  /** The same, with what a guard could not do told as if it were not there. */
  past(forward: Forward): Forward;
};

export function guards({
  sign,
  guarding,
}: {
  sign: (about: About) => string;
  guarding: Pick<Guarding, "audienceOf" | "podOf">;
}): Guards {
  return {
    mark(headers, { call, message, json }, route) {
      const pinned = route.state === "pinned" ? route : undefined;
      const assertion = sign({
        principal: call.principal,
        audience: guarding.audienceOf(call.adapter),
        session: pinned?.session,
        pod: pinned && guarding.podOf(pinned.endpoint),
      });
      headers[assertionHeader] = assertion;
      headers[callHeader] = callOf(message.method, json);
    },

    past(forward) {
      return async (request, endpoint) => {
        const forwarded = await forward(request, endpoint);
        if (forwarded.state !== "answered" || forwarded.response.status !== 502) return forwarded;
        const failure = fieldOf(forwarded.head, failureHeader);
        if (failure === undefined) return forwarded;
        await forwarded.response.body?.cancel();
        return failure === "refused"
          ? { state: "refused" }
          : { state: "broken", reason: "its guard had no answer from it" };
      };
    },
  };
}

/** The gateway has read the message, so that no guard has to. */
function callOf(method: string, json: unknown): string {
  const tool = toolIn(method, json);
  return tool === undefined ? word(method) : `${method} ${word(tool)}`;
}

function word(text: string): string {
  return /^[\w./-]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
