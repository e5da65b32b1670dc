import { expect, test } from "bun:test";
import { kubeClient } from "../../../../gateway/runtime/kubernetes/api/client.ts";
import { services } from "../../../../gateway/runtime/kubernetes/api/resources.ts";
import { certificates } from "./certificates.ts";
import { clusterAt, fakeApi, service } from "./fake-api.ts";

const { ca, otherCa, server, named, client, foreignClient } = await certificates();
const weather = { namespace: "adapter", name: "weather" };
const answer = () => Response.json(service("weather", "1"));

/** Takes nobody without a certificate of the CA. */
const strict = () => fakeApi(answer, { ...server, ca, requestCert: true, rejectUnauthorized: true });

test("the server is known by the cluster's CA, and we by our certificate", async () => {
  await using api = strict();
  const kube = kubeClient(clusterAt(api.origin, { ca, ...client }));
  expect((await kube.get(services, weather)).state).toBe("ok");
});

test("a server of another CA is refused, also after the right one was used and whatever the process trusts", async () => {
  await using api = strict();
  const right = kubeClient(clusterAt(api.origin, { ca, ...client }));
  const wrong = kubeClient(clusterAt(api.origin, { ca: otherCa, ...client }));
  const publicOnly = kubeClient(clusterAt(api.origin, { ...client }));
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    expect((await right.get(services, weather)).state).toBe("ok");
    for (const kube of [wrong, publicOnly]) {
      const refused = await kube.get(services, weather);
      expect(refused.state).toBe("unreachable");
      expect(refused.state === "unreachable" && refused.message).toMatch(
        /^https:\/\/127\.0\.0\.1:\d+: .*certificate.*\((SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)\)$/,
      );
    }
  } finally {
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  }
  expect(api.asked).toHaveLength(1);
});

test("without a client certificate, or with another CA's, nothing reaches the server", async () => {
  await using api = strict();
  for (const who of [{}, foreignClient]) {
    const kube = kubeClient(clusterAt(api.origin, { ca, ...who }));
    expect((await kube.get(services, weather)).state).toBe("unreachable");
  }
  expect(api.asked).toHaveLength(0);
});

test("tls-server-name is the name that the server's certificate must have", async () => {
  await using api = fakeApi(answer, named);
  const stateWith = async (serverName?: string) =>
    (await kubeClient(clusterAt(api.origin, { ca, serverName })).get(services, weather)).state;
  expect(await stateWith("kubernetes.example")).toBe("ok");
  expect(await stateWith("other.example")).toBe("unreachable");
  expect(await stateWith()).toBe("unreachable");
});
