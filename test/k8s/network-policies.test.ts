import { describe, expect, test } from "bun:test";
import { renderings } from "./manifests.ts";
import { type NetworkPolicy, reaches } from "./reachability.ts";

const adapter = { "adapter/type": "mcp", "adapter/name": "weather", "mcp-gateway/adapter": "weather" };
/** Of somebody's own StatefulSet, and of a gateway without guards. */
const applied = { app: "weather", "mcp-gateway/adapter": "weather" };
const guardless = { "adapter/type": "mcp", "adapter/name": "weather" };
const tool = { "adapter/type": "tool", "adapter/name": "mail" };
const store = { "app.kubernetes.io/part-of": "mcp-gateway", "app.kubernetes.io/component": "store" };
const stranger = { app: "stranger" };
const prometheus = { namespace: { labels: { "mcp-gateway/monitoring": "true" } } };
const otherNamespace = { namespace: { labels: { "kubernetes.io/metadata.name": "monitoring" } } };

describe.each(renderings)("$folder", ({ folder, all, deployment, injector }) => {
  const policies = all<NetworkPolicy>("NetworkPolicy");
  const gateway = deployment.spec.template.metadata.labels;
  /** Whatever labels it was given, by whoever may patch its pod template. */
  const disguised = { ...gateway, ...adapter };
  const strangers = [
    adapter,
    applied,
    tool,
    store,
    stranger,
    disguised,
    { ...gateway, ...applied },
    otherNamespace,
    "outside",
  ] as const;
  const injectors = injector.deployment.spec.template.metadata.labels;

  test("only the gateway reaches adapters, and only their guards", () => {
    for (const workload of [adapter, applied, disguised]) {
      expect(reaches(policies, gateway, workload, 15001)).toBe(true);
      for (const port of [8000, 9000, 15020, "mcp"]) expect(reaches(policies, gateway, workload, port)).toBe(false);
      for (const from of strangers) {
        for (const port of [8000, 15001]) expect(reaches(policies, from, workload, port)).toBe(false);
      }
    }
  });

  test("only the gateway reaches tools and adapters without guards, on whatever port they listen", () => {
    for (const workload of [guardless, tool]) {
      for (const port of [8000, 9000]) {
        expect(reaches(policies, gateway, workload, port)).toBe(true);
        for (const from of strangers) expect(reaches(policies, from, workload, port)).toBe(false);
      }
    }
  });

  test("only the gateway reaches a store in the namespace, on its port", () => {
    expect(reaches(policies, gateway, store, 5432)).toBe(true);
    expect(reaches(policies, gateway, store, 22)).toBe(false);
    for (const from of [adapter, tool, stranger, disguised, "outside"] as const) {
      expect(reaches(policies, from, store, 5432)).toBe(false);
    }
  });

  test("an injector takes reviews from wherever API servers are, and nothing else", () => {
    for (const from of strangers) {
      expect(reaches(policies, from, injectors, "webhook")).toBe(true);
      for (const port of ["health", 8080, 8000]) expect(reaches(policies, from, injectors, port)).toBe(false);
    }
  });

  test("a pod that nobody thought of is closed", () => {
    for (const from of [gateway, adapter, stranger, "outside"] as const) {
      expect(reaches(policies, from, { app: "new" }, 8000)).toBe(false);
    }
  });

  test("clients reach the gateway on its port, unless it believes whoever calls", () => {
    const open = folder !== "k8s/overlays/local";
    for (const from of ["outside", stranger, adapter] as const) {
      expect(reaches(policies, from, gateway, "http")).toBe(open);
      for (const port of ["metrics", 9090]) expect(reaches(policies, from, gateway, port)).toBe(false);
    }
  });

  test("Prometheus reaches figures and nothing else, where it is wanted", () => {
    const wanted = folder === "test/k8s/everything";
    expect(reaches(policies, prometheus, gateway, "metrics")).toBe(wanted);
    expect(reaches(policies, prometheus, injectors, "health")).toBe(wanted);
    for (const workload of [adapter, applied]) {
      expect(reaches(policies, prometheus, workload, 15020)).toBe(wanted);
      for (const port of [8000, 15001]) expect(reaches(policies, prometheus, workload, port)).toBe(false);
    }
    expect(reaches(policies, prometheus, store, 5432)).toBe(false);
    for (const from of strangers) {
      expect(reaches(policies, from, gateway, "metrics")).toBe(false);
      expect(reaches(policies, from, injectors, "health")).toBe(false);
      expect(reaches(policies, from, adapter, 15020)).toBe(false);
    }
  });
});
