import type { ServerData, ServerStatus } from "../../openapi/servers.ts";
import type { Principal } from "../auth/principal.ts";
import type { Resource } from "../store/store.ts";
import type { Refusal } from "./refusal.ts";
import { misnamed, type ResourceParts, resourceVerbs, type Written } from "./resources.ts";

export type ServerVerbs = ReturnType<typeof serverVerbs>;

/**
 * What may be done with virtual servers. Nothing runs for them, and whoever may create one may select anything: what
 * its callers see is decided when they ask. `shownBy` is what one of them sees.
 */
export function serverVerbs({
  shownBy,
  ...parts
}: ResourceParts & { shownBy: (principal: Principal, server: Resource<"server">) => Promise<ServerStatus> }) {
  const { maker, add, list, get, revise, remove } = resourceVerbs({ kind: "server", ...parts });
  return { create, list, get, update, remove, status };

  async function create(
    principal: Principal,
    data: ServerData,
    requestId: string,
  ): Promise<Written<"server"> | Refusal> {
    return add(principal, { id: data.name, ...data, ...maker(principal) }, requestId);
  }

  async function update(
    principal: Principal,
    name: string,
    data: ServerData,
    expected: string | undefined,
    requestId: string,
  ): Promise<Written<"server"> | Refusal> {
    if (data.name !== name) return misnamed("server");
    return revise(principal, name, expected, requestId, ({ body }, at) => {
      return { state: "revised", body: { ...body, ...data, lastUpdatedAt: at } };
    });
  }

  async function status(
    principal: Principal,
    name: string,
  ): Promise<{ state: "found"; status: ServerStatus } | Refusal> {
    const found = await get(principal, name);
    if (found.state === "refused") return found;
    return { state: "found", status: await shownBy(principal, found.resource) };
  }
}
