import { expect, test } from "bun:test";
import { denials, skipReasons } from "../../injector/webhook/reasons.ts";
import { outcomeOf, podOf } from "./reviews.ts";

/** what is asked about, the reason for the answer or the upstream, the object, other fields of the request */
type Row = readonly [what: string, reason: string, object: unknown, changes?: object];

const guard = { name: "mcp-guard", image: "any:1", restartPolicy: "Always" };
const server = (...ports: object[]) => ({ containers: [{ name: "server", image: "weather:1", ports }] });
const sidecar = (...ports: object[]) => ({
  initContainers: [{ name: "logs", image: "logs:1", restartPolicy: "Always", ports }],
});
const withPort = (port: string) => podOf({ annotations: { "mcp-gateway/port": port } });
const named = (name: string) => podOf({ labels: { "mcp-gateway/adapter": name } });

const left: readonly Row[] = [
  ["another kind", "not-a-pod", podOf(), { kind: { group: "apps", version: "v1", kind: "StatefulSet" } }],
  ["a Pod of another group", "not-a-pod", podOf(), { kind: { group: "metrics.k8s.io", version: "v1", kind: "Pod" } }],
  ["ephemeral containers", "not-a-pod", podOf(), { subResource: "ephemeralcontainers", operation: "UPDATE" }],
  ["a new address", "not-a-pod", podOf(), { subResource: "binding" }],
  ["a change", "not-a-creation", podOf(), { operation: "UPDATE", oldObject: podOf() }],
  ["a deletion, which has no object", "not-a-creation", null, { operation: "DELETE", oldObject: podOf() }],
  ["another namespace", "other-namespace", podOf(), { namespace: "default" }],
  ["no namespace", "other-namespace", podOf(), { namespace: undefined }],
  ["no labels", "not-labelled", { metadata: {}, spec: {} }],
  ["nothing at all", "not-labelled", {}],
  ["no guard is wanted", "opted-out", podOf({ labels: { "mcp-gateway/inject": "false" } })],
  [
    "no guard is wanted, and the name is wrong",
    "opted-out",
    podOf({ labels: { "mcp-gateway/inject": "false", "mcp-gateway/adapter": "A" } }),
  ],
  ["a guard", "already-guarded", podOf({ spec: { initContainers: [guard] } })],
  [
    "a guard that is not the last one",
    "already-guarded",
    podOf({ spec: { initContainers: [guard, { name: "late" }] } }),
  ],
];

const denied: readonly Row[] = [
  ["no object", "unreadable", null],
  ["a list", "unreadable", []],
  ["a label that is no text", "unreadable", { metadata: { labels: { "mcp-gateway/adapter": 1 } } }],
  ["containers that are no list", "unreadable", podOf({ spec: { containers: {} } })],
  ["a container that is none", "unreadable", podOf({ spec: { containers: [null] } })],
  ["a port that is no number", "unreadable", podOf({ spec: server({ containerPort: "8080" }) })],
  ["an empty name", "invalid-name", named("")],
  ["capitals", "invalid-name", named("Weather")],
  ["a dot", "invalid-name", named("weather.eu")],
  ["a dash at the end", "invalid-name", named("weather-")],
  ["53 characters", "invalid-name", named("w".repeat(53))],
  ["Windows", "windows", podOf({ spec: { os: { name: "windows" } } })],
  ["a node with Windows", "windows", podOf({ spec: { nodeSelector: { "kubernetes.io/os": "windows" } } })],
  ["the node's network", "host-network", podOf({ spec: { hostNetwork: true } })],
  ["containers: null", "no-container", podOf({ spec: { containers: null } })],
  ["no containers", "no-container", podOf({ spec: { containers: [] } })],
  ["a container with the guard's name", "name-taken", podOf({ spec: { containers: [{ name: "mcp-guard" }] } })],
  [
    "an init container with the guard's name",
    "name-taken",
    podOf({ spec: { initContainers: [{ name: "mcp-guard" }] } }),
  ],
  [
    "a volume with the name of the keys",
    "name-taken",
    podOf({ spec: { volumes: [{ name: "mcp-gateway-jwks", emptyDir: {} }] } }),
  ],
  [
    "keys of somebody else",
    "name-taken",
    podOf({ spec: { volumes: [{ name: "mcp-gateway-jwks", configMap: { name: "mine" } }] } }),
  ],
  [
    "the guard's port",
    "port-taken",
    podOf({ spec: server({ name: "mcp", containerPort: 8080 }, { containerPort: 15001 }) }),
  ],
  ["the guard's port as the server's", "port-taken", podOf({ spec: server({ containerPort: 15001 }) })],
  ["the guard's port for health", "port-taken", podOf({ spec: sidecar({ containerPort: 15020 }) })],
  ["the guard's port in an annotation", "port-taken", withPort("15020")],
  ["the server's port on the node", "host-port", podOf({ spec: server({ containerPort: 8080, hostPort: 80 }) })],
  ["port 0", "invalid-port", withPort("0")],
  ["port 65536", "invalid-port", withPort("65536")],
  ["a port with a sign", "invalid-port", withPort("+8080")],
  ["a port with spaces", "invalid-port", withPort(" 8080")],
  ["an empty annotation", "invalid-port", withPort("")],
  ["two ports without names", "port-unknown", podOf({ spec: server({ containerPort: 1 }, { containerPort: 2 }) })],
  [
    "two ports of the name",
    "port-unknown",
    podOf({ spec: server({ name: "mcp", containerPort: 1 }, { name: "mcp", containerPort: 2 }) }),
  ],
  ["two containers without ports", "port-unknown", podOf({ spec: { containers: [{ name: "a" }, { name: "b" }] } })],
];

const guarded: readonly Row[] = [
  [
    "another of its ports on the node",
    "http://127.0.0.1:1",
    podOf({ spec: server({ name: "mcp", containerPort: 1, hostPort: 0 }, { containerPort: 2, hostPort: 80 }) }),
  ],
  ["its only port", "http://127.0.0.1:8080", podOf()],
  ["a dry run", "http://127.0.0.1:8080", podOf(), { dryRun: true }],
  ["what its annotation says", "http://127.0.0.1:65535", withPort("65535")],
  [
    "the port with the name",
    "http://127.0.0.1:2",
    podOf({ spec: server({ containerPort: 1 }, { name: "mcp", containerPort: 2 }) }),
  ],
  [
    "a port that is declared twice",
    "http://127.0.0.1:1",
    podOf({ spec: server({ containerPort: 1 }, { name: "http", containerPort: 1 }) }),
  ],
  [
    "not that of an ordinary init container",
    "http://127.0.0.1:8080",
    podOf({ spec: { initContainers: [{ name: "first", ports: [{ containerPort: 15001 }] }] } }),
  ],
  ["not that of a sidecar", "http://127.0.0.1:8080", podOf({ spec: sidecar({ name: "mcp", containerPort: 9000 }) })],
  [
    "not one of another protocol",
    "http://127.0.0.1:1",
    podOf({
      spec: server(
        { containerPort: 1 },
        { containerPort: 2, protocol: "UDP" },
        { containerPort: 15001, protocol: "SCTP" },
      ),
    }),
  ],
  ["8000 where none is declared", "http://127.0.0.1:8000", podOf({ spec: server() })],
  [
    "on Linux, named or not",
    "http://127.0.0.1:8080",
    podOf({ spec: { os: { name: "linux" }, nodeSelector: { "kubernetes.io/os": "linux" } } }),
  ],
  ["with another word than false", "http://127.0.0.1:8080", podOf({ labels: { "mcp-gateway/inject": "no" } })],
];

test.each(left)("left as it is: %s (%s)", (...[, reason, object, changes]: Row) => {
  expect(outcomeOf(object, changes)).toEqual({ skip: reason });
});

test.each(denied)("refused: %s (%s)", (...[, reason, object, changes]: Row) => {
  expect(outcomeOf(object, changes)).toMatchObject({ deny: reason });
});

test.each(guarded)("a guard sends requests to %s: %s", (...[, upstream, pod, changes]: Row) => {
  expect(JSON.stringify(outcomeOf(pod, changes))).toContain(`{"name":"GUARD_UPSTREAM","value":"${upstream}"}`);
});

test("every reason has a case here", () => {
  expect(new Set(left.map(([, reason]) => reason))).toEqual(new Set(Object.keys(skipReasons)));
  expect(new Set(denied.map(([, reason]) => reason))).toEqual(new Set(Object.keys(denials)));
});

test("a refusal says what is wrong, where, and what to do, and is no longer than a screen", () => {
  const outcomes = denied.map(([, , object, changes]) => outcomeOf(object, changes));
  for (const outcome of outcomes) {
    if (!("deny" in outcome)) throw new Error("it was not refused");
    expect(outcome.message).toMatch(/^[A-Z].{20,300}\.$/);
  }
  const long = outcomeOf(withPort("9".repeat(100_000)));
  expect("message" in long && long.message?.length).toBeLessThan(300);
  expect(outcomeOf(podOf({ spec: { containers: [{ name: "a", ports: [{ containerPort: "x" }] }] } }))).toEqual({
    deny: "unreadable",
    message:
      "The pod cannot be read: spec.containers.0.ports.0.containerPort: Invalid input: expected number, received string.",
  });
});
