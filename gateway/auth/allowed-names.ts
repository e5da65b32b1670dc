export type AllowedNames = {
  /** Hostnames without port; undefined: any, for a gateway that is not on loopback and was told no names. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Whole origins, such as `https://portal.example.com`. */
  readonly origins: ReadonlySet<string>;
};

/** What to allow, from settings. On loopback the loopback names are allowed on every port: local tools live there. */
export function allowedNames(settings: {
  readonly loopback: boolean;
  readonly publicOrigin: string | undefined;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}): AllowedNames {
  const hosts = new Set(settings.allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(settings.allowedOrigins);
  if (settings.publicOrigin) {
    hosts.add(new URL(settings.publicOrigin).hostname);
    origins.add(settings.publicOrigin);
  }
  if (settings.loopback) for (const name of loopbackNames) hosts.add(name);
  return { hosts: hosts.size > 0 ? hosts : undefined, origins };
}

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

export function allowsHost({ hosts }: AllowedNames, host: string): boolean {
  return hosts === undefined || hosts.has(hostname(host));
}

export function allowsOrigin({ hosts, origins }: AllowedNames, origin: string): boolean {
  if (origins.has(origin)) return true;
  const url = URL.parse(origin);
  return url !== null && loopbackNames.includes(url.hostname) && hosts?.has(url.hostname) === true;
}

/** `Host` without its port; an IPv6 address keeps its brackets. */
function hostname(host: string): string {
  const colon = host.lastIndexOf(":");
  return (colon > host.lastIndexOf("]") ? host.slice(0, colon) : host).toLowerCase();
}
