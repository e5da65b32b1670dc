import type { Resource } from "../store/store.ts";
import { diagnose } from "./diagnose.ts";
import { diagnosisOf } from "./diagnosis.ts";
import { insideVisit } from "./inside-visit.ts";
import type { Consulted, Doctor, InsideParts } from "./patient.ts";
import { turns } from "./turns.ts";

const mostAtOnce = 8;
const notNow = {
  busy: "A diagnosis of yours is under way. Wait until it has ended.",
  full: "Too many diagnoses are under way. Try again soon.",
};
const nouns = { adapter: "adapter", server: "virtual server" } as const;

/** The doctor within the gateway: whoever may read a resource may have it looked at, with what they call by. */
export function doctorInside(parts: InsideParts): Doctor {
  const { view, access, now } = parts;
  const all = turns(mostAtOnce);

  return {
    async consult({ patient, principal, request }) {
      const resource = patient.kind === "router" ? undefined : view.get(patient.kind, patient.name);
      if (patient.kind !== "router") {
        const noun = nouns[patient.kind];
        if (!resource || resource.deleting) return refused("absent", `The ${noun} does not exist.`);
        if (!access.may(principal, "read", resource.body)) {
          return refused("forbidden", `You do not have permission to read this ${noun}.`);
        }
      }
      const turn = all.take(principal.key);
      if (turn.state !== "yours") return refused(turn.state, notNow[turn.state]);
      using _ = turn;
      const at = new Date(now());
      const adapter = patient.kind === "adapter" ? (resource as Resource<"adapter">) : undefined;
      const visit = insideVisit(parts, { patient, principal, request }, adapter);
      const steps = await Array.fromAsync(diagnose(visit));
      return { state: "diagnosed", diagnosis: diagnosisOf(visit.url.href, at, steps) };
    },
  };
}

function refused(why: Extract<Consulted, { state: "refused" }>["why"], detail: string): Consulted {
  return { state: "refused", why, detail };
}
