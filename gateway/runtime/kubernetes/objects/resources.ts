import type { PodSettings } from "../../../../openapi/pod.ts";
import { amountOf } from "./quantity.ts";
import type { Labels } from "./shapes.ts";

const names = { cpu: "cpu", memory: "memory", ephemeralStorage: "ephemeral-storage" } as const;
type Name = keyof typeof names;
type Quantities = Partial<Record<Name, string | undefined>>;

/** The Microsoft gateway's. */
const defaultRequests: Quantities = { cpu: "250m", memory: "256Mi" };
const defaultLimits: Quantities = { cpu: "1", memory: "512Mi", ephemeralStorage: "2Gi" };

type Resources = NonNullable<PodSettings["resources"]>;

/**
 * Requests and limits with their defaults. Where only one of the two is written the other's default gives way, so that a limit
 * of 128Mi does not meet a request of 256Mi, which the API server would refuse.
 */
export function resourcesOf({ requests = {}, limits = {} }: Resources): { requests: Labels; limits: Labels } {
  const chosen = (Object.keys(names) as Name[]).map((name) => {
    const request = requests[name] ?? smaller(defaultRequests[name], limits[name]);
    return { name, request, limit: limits[name] ?? larger(defaultLimits[name], requests[name]) };
  });
  return {
    requests: quantities(chosen.map(({ name, request }) => [name, request])),
    limits: quantities(chosen.map(({ name, limit }) => [name, limit])),
  };
}

/** Why the API server would not take them, in words. */
export function resourcesRefusal({ requests = {}, limits = {} }: Resources): string | undefined {
  for (const name of Object.keys(names) as Name[]) {
    const request = requests[name];
    const limit = limits[name];
    if (request !== undefined && limit !== undefined && amountOf(request) > amountOf(limit)) {
      return `More ${names[name]} is requested (${request}) than its limit allows (${limit}).`;
    }
  }
  return undefined;
}

function smaller(byDefault: string | undefined, other: string | undefined): string | undefined {
  if (byDefault === undefined || other === undefined) return byDefault;
  return amountOf(other) < amountOf(byDefault) ? other : byDefault;
}

function larger(byDefault: string | undefined, other: string | undefined): string | undefined {
  if (byDefault === undefined || other === undefined) return byDefault;
  return amountOf(other) > amountOf(byDefault) ? other : byDefault;
}

function quantities(entries: [Name, string | undefined][]): Labels {
  return Object.fromEntries(
    entries
      .filter((entry): entry is [Name, string] => entry[1] !== undefined)
      .map(([name, value]) => [names[name], value]),
  );
}
