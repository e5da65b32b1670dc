import { createClient, createConfig } from "../../openapi/client/client/index.ts";

/** The REST client that is generated from openapi.json. */
export type Client = ReturnType<typeof createClient>;

export function clientOf(baseUrl: string, headers: Record<string, string>): Client {
  return createClient(createConfig({ baseUrl, headers }));
}
