import type { AdapterStatus, Exposure } from "../../openapi/adapters.ts";
import type { Principal } from "../auth/principal.ts";
import type { Resource } from "../store/store.ts";
import type { Refusal } from "./refusal.ts";
import { type WorkloadParts, workloadVerbs } from "./workloads.ts";

export type AdapterVerbs = ReturnType<typeof adapterVerbs>;

/** What may be done with adapters. `exposureOf` is how the tool router last saw one; null where it does not show it. */
export function adapterVerbs({
  exposureOf,
  ...parts
}: WorkloadParts & { exposureOf: (adapter: Resource<"adapter">) => Promise<Exposure | null> }) {
  const workloads = workloadVerbs({ kind: "adapter", ...parts });
  return { ...workloads, status };

  async function status(
    principal: Principal,
    name: string,
  ): Promise<{ state: "found"; status: AdapterStatus } | Refusal> {
    const found = await workloads.status(principal, name);
    if (found.state === "refused") return found;
    return { state: "found", status: { ...found.status, exposure: await exposureOf(found.resource) } };
  }
}
