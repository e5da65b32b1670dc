import type { Resource } from "../store.ts";
import { titleOf } from "./record.ts";

type Variables = Extract<Resource["body"], { environmentVariables: unknown }>["environmentVariables"];

/** The same resource without the values of its secrets; `{ secret: true }` stays, and says that there is one. */
export function withoutSecretValues(resource: Resource): Resource {
  const { body } = resource;
  if (!("environmentVariables" in body)) return resource;
  const entries = Object.entries(body.environmentVariables).map(([name, variable]): [string, Variables[string]] => [
    name,
    typeof variable === "object" && "secret" in variable ? { secret: true } : variable,
  ]);
  return { ...resource, body: { ...body, environmentVariables: Object.fromEntries(entries) } };
}

/** The secrets that have no value, as people read them. Their replicas would start with empty ones. */
export function secretsWithoutValue(resources: readonly Resource[]): string[] {
  return resources.flatMap((resource) => {
    if (!("environmentVariables" in resource.body)) return [];
    return Object.entries(resource.body.environmentVariables).flatMap(([name, variable]) =>
      typeof variable === "object" && "secret" in variable && variable.value === undefined
        ? [`${titleOf(resource)}: ${name}`]
        : [],
    );
  });
}

/** How many secrets with values there are. */
export function countSecretValues(resources: readonly Resource[]): number {
  const variables = resources.flatMap(({ body }) =>
    "environmentVariables" in body ? Object.values(body.environmentVariables) : [],
  );
  return variables.filter((variable) => typeof variable === "object" && "secret" in variable && variable.value).length;
}
