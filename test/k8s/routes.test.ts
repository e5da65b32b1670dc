import { describe, expect, test } from "bun:test";
import document from "../../openapi/openapi.json" with { type: "json" };
import { type Manifest, renderings } from "./manifests.ts";

type Matched = { readonly type: string; readonly value: string };
type HttpRoute = Manifest & {
  readonly spec: {
    readonly hostnames: readonly string[];
    readonly rules: readonly {
      readonly matches: readonly { readonly path: Matched }[];
      readonly timeouts: object;
      readonly backendRefs: readonly { readonly name: string; readonly port: number }[];
    }[];
  };
};
type Ingress = Manifest & {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly tls: readonly { readonly hosts: readonly string[] }[];
    readonly rules: readonly {
      readonly host: string;
      readonly http: { readonly paths: readonly { path: string; pathType: string; backend: object }[] };
    }[];
  };
};
type Service = Manifest & { readonly spec: { readonly ports: readonly { name: string; port: number }[] } };

const probes = ["/healthz", "/readyz", "/ping", "/metrics"];
/** Beside the contract: the pages that show it. */
const pages = ["/docs", "/docs/scalar.js", "/openapi.json"];

test.each(renderings)("$folder: the kubelet probes paths that the contract has", ({ container }) => {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
    "/healthz",
    "/healthz",
    "/readyz",
  ]);
  expect(Object.keys(document.paths)).toContain("/healthz");
  expect(Object.keys(document.paths)).toContain("/readyz");
});

const ways = renderings.flatMap(({ folder, all, settings }) => [
  ...all<HttpRoute>("HTTPRoute").map(({ spec }) => ({
    way: `HTTPRoute of ${folder}`,
    hosts: spec.hostnames,
    origin: settings["PUBLIC_ORIGIN"] ?? "",
    paths: spec.rules.flatMap(({ matches }) => matches.map(({ path }) => path)),
  })),
  ...all<Ingress>("Ingress").map(({ spec }) => ({
    way: `Ingress of ${folder}`,
    hosts: [...spec.rules.map(({ host }) => host), ...spec.tls.flatMap(({ hosts }) => hosts)],
    origin: settings["PUBLIC_ORIGIN"] ?? "",
    paths: spec.rules.flatMap(({ http }) => http.paths.map(({ path, pathType }) => ({ type: pathType, value: path }))),
  })),
]);

test("there is a way in of each kind", () => {
  expect(ways.map(({ way }) => way)).toEqual([
    "HTTPRoute of k8s/overlays/cloud",
    "HTTPRoute of test/k8s/everything",
    "Ingress of test/k8s/everything",
  ]);
});

describe.each(ways)("$way", ({ hosts, origin, paths }) => {
  const leads = (path: string) => paths.some((matched) => matches(matched, path));

  test("all that the contract has for clients can be reached, and no probe", () => {
    const forClients = [...Object.keys(document.paths).filter((path) => !probes.includes(path)), ...pages, "/mcp"];
    expect(forClients.filter((path) => !leads(path))).toEqual([]);
    expect(probes.filter(leads)).toEqual([]);
    expect(["/", "/metrics", "/adapters-of-others"].filter(leads)).toEqual([]);
  });

  test("its host is the one that the gateway is told to serve", () => {
    expect([...new Set(hosts)].map((host) => `https://${host}`)).toEqual([origin]);
  });
});

test.each(renderings)("$folder: nothing on the way limits how long a stream is open", ({ all }) => {
  const [service] = all<Service>("Service");
  expect(service?.spec.ports).toMatchObject([{ name: "http", port: 8000 }]);
  for (const { spec } of all<HttpRoute>("HTTPRoute")) {
    expect(spec.rules.map(({ timeouts }) => timeouts)).toEqual([{ request: "0s" }]);
    expect(spec.rules.flatMap(({ backendRefs }) => backendRefs)).toEqual([{ name: "mcp-gateway", port: 8000 }]);
  }
  for (const { metadata, spec } of all<Ingress>("Ingress")) {
    const prefix = "nginx.ingress.kubernetes.io";
    expect(metadata.annotations).toMatchObject({
      [`${prefix}/proxy-read-timeout`]: "31536000",
      [`${prefix}/proxy-send-timeout`]: "31536000",
      [`${prefix}/proxy-buffering`]: "off",
    });
    for (const { backend } of spec.rules.flatMap(({ http }) => http.paths)) {
      expect(backend).toEqual({ service: { name: "mcp-gateway", port: { name: "http" } } });
    }
  }
});

/** Prefixes of both kinds end at a slash. */
function matches({ type, value }: Matched, path: string): boolean {
  if (type === "Exact") return path === value;
  return path === value || path.startsWith(`${value}/`);
}
