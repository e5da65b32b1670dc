import type { RouterCall } from "./data-plane/router/endpoint.ts";
import type { openRouter, Router } from "./data-plane/router/router.ts";
import type { Doctor, InsideParts } from "./doctor/patient.ts";
import { once } from "./once.ts";
import type { Resource } from "./store/store.ts";

// Parts that not every gateway needs: the first who asks has them loaded.

/** Checks of JSON Schemas. */
export const schemasOnCall = () => once(async () => (await import("./json-schema.ts")).jsonSchemas());

/** The tool router, as `openRouter` gives it. */
export function routerOnCall(
  parts: Omit<Parameters<typeof openRouter>[0], "schemas">,
  schemas: ReturnType<typeof schemasOnCall>,
) {
  let opening: Promise<Router> | undefined;
  const router = once(() => {
    opening = Promise.all([import("./data-plane/router/router.ts"), schemas()]).then(([{ openRouter }, schemas]) =>
      openRouter({ ...parts, schemas }),
    );
    return opening;
  });
  return {
    handle: async (request: Request, call: RouterCall) => (await router()).handle(request, call),
    /** What it does not show it need not be asked for. */
    exposureOf: async (adapter: Resource<"adapter">) =>
      adapter.body.exposeTools === false ? null : (await router()).exposureOf(adapter),
    serverStatus: async (...asked: Parameters<Router["serverStatus"]>) => (await router()).serverStatus(...asked),
    async [Symbol.asyncDispose]() {
      const opened = await opening?.catch(() => undefined);
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

/** The doctor within the gateway. */
export function doctorOnCall(parts: InsideParts): Doctor {
  const doctor = once(async () => (await import("./doctor/inside.ts")).doctorInside(parts));
  return { consult: async (consultation) => (await doctor()).consult(consultation) };
}
