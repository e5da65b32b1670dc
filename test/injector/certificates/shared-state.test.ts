import { expect, test } from "bun:test";
import { sharedState } from "../../../injector/certificates/shared-state.ts";
import { kubeClient } from "../../../gateway/runtime/kubernetes/api/client.ts";
import { type Asked, clusterAt, fakeApi, status } from "../../runtime/kubernetes/api/fake-api.ts";

const secretPath = "/api/v1/namespaces/adapter/secrets/certificates";
const configurationPath = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/guards";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const secret = {
  kind: "Secret",
  metadata: { name: "certificates", uid: "1", resourceVersion: "7" },
  data: { "ca.crt": base64("CA é") },
};
const service = (name: string, namespace = "adapter") => ({
  clientConfig: { service: { name, namespace }, caBundle: base64("old") },
});
const configuration = {
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "guards", uid: "2", resourceVersion: "9" },
  webhooks: [
    service("other"),
    service("injector"),
    service("injector", "other"),
    { clientConfig: { service: { name: "injector", namespace: "adapter" } } },
  ],
};

function stateAt(answer: (asked: Asked) => Response) {
  const api = fakeApi(answer);
  const names = { namespace: "adapter", secret: "certificates", service: "injector", configuration: "guards" };
  const state = sharedState({
    client: kubeClient(clusterAt(api.origin)),
    signal: new AbortController().signal,
    ...names,
  });
  return { state, asked: api.asked, [Symbol.asyncDispose]: api[Symbol.asyncDispose] };
}

const both = ({ url }: Asked) => Response.json(url.pathname === secretPath ? secret : configuration);

test("the configuration is read before the Secret, and only those of its webhooks count that ask the injectors", async () => {
  await using api = stateAt(both);
  expect(await api.state.read()).toEqual({
    state: "seen",
    seen: {
      texts: { "ca.crt": "CA é" },
      secretVersion: "7",
      configuration: {
        state: "known",
        version: "9",
        bundles: [
          { index: 1, pem: "old" },
          { index: 3, pem: "" },
        ],
      },
    },
  });
  expect(api.asked.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
    `GET ${configurationPath}`,
    `GET ${secretPath}`,
  ]);
});

test("a write to the Secret goes by the version that was read, and touches what it names", async () => {
  await using api = stateAt(both);
  const read = await api.state.read();
  if (read.state !== "seen") throw new Error(read.why);
  expect(await api.state.writeSecret(read.seen, { "ca.crt": "new", "ca.key": null })).toEqual({ state: "written" });
  const { method, url, headers, body } = api.asked[2] as Asked;
  expect([method, url.pathname, headers.get("content-type")]).toEqual([
    "PATCH",
    secretPath,
    "application/merge-patch+json",
  ]);
  expect(JSON.parse(body)).toEqual({
    metadata: { resourceVersion: "7" },
    data: { "ca.crt": base64("new"), "ca.key": null },
  });
});

test("what is published goes into the bundles of those webhooks, and nowhere else", async () => {
  await using api = stateAt(both);
  const read = await api.state.read();
  if (read.state !== "seen") throw new Error(read.why);
  expect(await api.state.publish(read.seen, "CA")).toEqual({ state: "written" });
  const { method, url, headers, body } = api.asked[2] as Asked;
  expect([method, url.pathname, headers.get("content-type")]).toEqual([
    "PATCH",
    configurationPath,
    "application/json-patch+json",
  ]);
  expect(JSON.parse(body)).toEqual([
    { op: "replace", path: "/metadata/resourceVersion", value: "9" },
    { op: "add", path: "/webhooks/1/clientConfig/caBundle", value: base64("CA") },
    { op: "add", path: "/webhooks/3/clientConfig/caBundle", value: base64("CA") },
  ]);
});

test("without a configuration the Secret is seen all the same, and it is said why", async () => {
  const missing = () => status(404, "NotFound", "there is none");
  await using api = stateAt(({ url }) => (url.pathname === secretPath ? Response.json(secret) : missing()));
  expect(await api.state.read()).toMatchObject({
    state: "seen",
    seen: {
      configuration: { state: "unknown", why: "MutatingWebhookConfiguration guards: 404 NotFound: there is none" },
    },
  });
});

test("a configuration without a webhook that asks the injectors is told of", async () => {
  const foreign = { ...configuration, webhooks: [service("other")] };
  await using api = stateAt(({ url }) => Response.json(url.pathname === secretPath ? secret : foreign));
  expect(await api.state.read()).toMatchObject({
    seen: {
      configuration: {
        why: "MutatingWebhookConfiguration guards: none of its webhooks asks the Service adapter/injector",
      },
    },
  });
});

test("what an API server says to a reading or a write is told in words, but for a conflict", async () => {
  let refusal = () => status(409, "Conflict", "it has been modified");
  await using api = stateAt((asked) => (asked.method === "PATCH" ? refusal() : both(asked)));
  const read = await api.state.read();
  if (read.state !== "seen") throw new Error(read.why);
  expect(await api.state.writeSecret(read.seen, {})).toEqual({ state: "conflict" });
  expect(await api.state.publish(read.seen, "CA")).toEqual({ state: "conflict" });
  refusal = () => status(403, "Forbidden", "no right");
  expect(await api.state.writeSecret(read.seen, {})).toEqual({
    state: "failed",
    why: "Secret certificates: 403 Forbidden: no right",
  });
  expect(await api.state.publish(read.seen, "CA")).toEqual({
    state: "failed",
    why: "MutatingWebhookConfiguration guards: 403 Forbidden: no right",
  });
  await using gone = stateAt(() => status(404, "NotFound", "there is none"));
  expect(await gone.state.read()).toEqual({ state: "failed", why: "Secret certificates: 404 NotFound: there is none" });
});
