type Variables = Readonly<Record<string, string | undefined>>;

/** The Microsoft gateway's names for the same settings; ours win where both are set. */
const aliases: Readonly<Record<string, string>> = {
  PublicOrigin: "PUBLIC_ORIGIN",
  GatewaySettings__Secret: "GATEWAY_KEYS",
  ContainerRegistrySettings__Endpoint: "CONTAINER_REGISTRY",
  AzureAd__TenantId: "ENTRA_TENANT_ID",
  AzureAd__ClientId: "ENTRA_CLIENT_ID",
  AzureAd__Audience: "ENTRA_AUDIENCE",
  AzureAd__Instance: "ENTRA_AUTHORITY",
};

/** Lists that its configuration numbers: `…__RequiredRoles__0`, `…__RequiredRoles__1`. */
const numberedAliases: Readonly<Record<string, string>> = {
  WorkloadIdentitySettings__RequiredRoles__: "WORKLOAD_IDENTITY_ROLES",
};

/** Whether a variable is one of those names. */
export function isAlias(name: string): boolean {
  return (
    name in aliases ||
    name === cosmosEndpoint ||
    name === cosmosDatabase ||
    Object.keys(numberedAliases).some((prefix) => name.startsWith(prefix))
  );
}

/** An empty variable counts as one that is not set: that is how shells and manifests leave things out. */
export function withAliases(environment: Variables): Record<string, string> {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const fromAliases = set.flatMap(([name, value]) => (aliases[name] ? [[aliases[name], value]] : []));
  const fromLists = Object.entries(numberedAliases).flatMap(([prefix, name]) => {
    const values = set.filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return values.length > 0 ? [[name, values.map(([, value]) => value).join(",")]] : [];
  });
  return Object.fromEntries([...fromAliases, ...fromLists, ...cosmosAlias(environment), ...set]);
}

const cosmosEndpoint = "CosmosSettings__AccountEndpoint";
const cosmosDatabase = "CosmosSettings__DatabaseName";

/** Two settings there, and one URL here. */
function cosmosAlias(environment: Variables): [string, string][] {
  const endpoint = environment[cosmosEndpoint]?.replace(/\/+$/, "");
  if (!endpoint) return [];
  const database = environment[cosmosDatabase];
  return [["STORE_URL", `cosmos+${endpoint}${database ? `/${database}` : ""}`]];
}
