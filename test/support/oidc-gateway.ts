import { createServer, type AddressInfo } from "node:net";
import * as v2 from "@modelcontextprotocol/client";
import type { ProtectedResource } from "../../gateway/auth/metadata.ts";
import * as api from "../../openapi/client/index.ts";
import { clientOf } from "./client.ts";
import { startGateway } from "./gateway.ts";
import type { Issuer } from "./issuer.ts";
import { oauthClient } from "./oauth-client.ts";
import type { ResourceServer } from "./resource-server.ts";
import { until } from "./until.ts";

/** A whole gateway that takes an issuer's tokens, with a running adapter `weather` that the issuer's user has made. */
export async function startOidcGateway(
  issuer: Issuer,
  { mode, requiredScopes }: Pick<ProtectedResource, "mode" | "requiredScopes">,
): Promise<ResourceServer> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const gateway = await startGateway({
    PORT: String(port),
    PUBLIC_ORIGIN: origin,
    AUTH: "oidc",
    OIDC_ISSUER: issuer.url,
    PRM_RESOURCE_MODE: mode,
    REQUIRED_SCOPES: requiredScopes.join(","),
    SCOPES_SUPPORTED: "mcp,mcp.write",
  });
  const provider = oauthClient();
  // A token for the gateway as a whole: one for the adapter's URL may be used there only.
  const serverUrl = new URL(gateway.url);
  await v2.auth(provider, { serverUrl });
  const transport = new v2.StreamableHTTPClientTransport(serverUrl, { authProvider: provider });
  await transport.finishAuth((await provider.callback()).searchParams);
  const client = clientOf(gateway.url, { authorization: `Bearer ${(await provider.tokens())?.access_token}` });
  const body = { name: "weather", imageName: "mcp-example", imageVersion: "1", replicaCount: 1 };
  const { error } = await api.createAdapter({ client, body });
  if (error) throw new Error(error.detail);
  await until("weather is healthy", async () => {
    const { data } = await api.getAdapterStatus({ client, path: { name: "weather" } });
    return data?.replicaStatus === "Healthy";
  });
  return gateway;
}

/** The audience names the port, so it has to be known before. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
