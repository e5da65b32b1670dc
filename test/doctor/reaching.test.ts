import { expect, test } from "bun:test";
import type { Certificate, Handshake, Network } from "../../gateway/doctor/client/network.ts";
import { type ClientParts, targetAt } from "../../gateway/doctor/client/parts.ts";
import { reachingSteps } from "../../gateway/doctor/client/reaching.ts";
import { takenSteps } from "../../gateway/doctor/diagnosis.ts";
import type { Known } from "../../gateway/doctor/known.ts";
import { faults, quickLimits } from "./examine.ts";

const nowMs = Date.parse("2026-11-23T09:00:00Z");
const days = (count: number) => nowMs + count * 24 * 60 * 60 * 1000;
const certificate: Certificate = {
  problem: undefined,
  isForHost: true,
  names: "DNS:mcp.example.com",
  issuer: "An Authority",
  validFromMs: days(-30),
  validToMs: days(60),
};
const secure = (changed: Partial<Certificate> = {}): Handshake => ({
  state: "secure",
  protocol: "TLSv1.3",
  certificate: { ...certificate, ...changed },
});

const fine: Network = {
  addressesOf: async () => ["192.0.2.1", "192.0.2.2"],
  connect: async () => "connected",
  handshake: async () => secure(),
};

async function looked(network: Partial<Network>, vantage: ClientParts["vantage"] = "outside") {
  const parts = { target: targetAt(new URL("https://mcp.example.com/mcp")), network: { ...fine, ...network }, vantage };
  const steps = reachingSteps({ ...parts, limits: quickLimits, now: () => nowMs } as ClientParts);
  const { signal } = new AbortController();
  return { steps: await Array.fromAsync(takenSteps<Known>(steps, {}, { now: () => 0, hide: (text) => text, signal })) };
}

test.each<[string, Partial<Network>, string[]]>([
  ["all is well", {}, []],
  ["nobody has the name", { addressesOf: async () => [] }, ["dns: name-unresolved"]],
  ["nobody listens", { connect: async () => "refused" }, ["tcp: connection-refused"]],
  ["packets are dropped", { connect: async () => "timeout" }, ["tcp: connection-timeout"]],
  [
    "one of two addresses is dead",
    { connect: async (address) => (address === "192.0.2.1" ? "timeout" : "connected") },
    ["tcp: address-unreachable?"],
  ],
  [
    "one of two addresses refuses, which nobody notices",
    { connect: async (address) => (address === "192.0.2.1" ? "refused" : "connected") },
    [],
  ],
  ["the handshake hangs", { handshake: async () => ({ state: "timeout" }) }, ["tls: tls-failed"]],
  [
    "the handshake is refused",
    { handshake: async () => ({ state: "failed", code: "ECONNRESET" }) },
    ["tls: tls-failed"],
  ],
  [
    "there is no TLS",
    { handshake: async () => ({ state: "failed", code: "ERR_SSL_WRONG_VERSION_NUMBER" }) },
    ["tls: plain-http"],
  ],
  [
    "nobody trusts the authority",
    { handshake: async () => secure({ problem: "SELF_SIGNED_CERT_IN_CHAIN" }) },
    ["tls: certificate-untrusted"],
  ],
  [
    "an ingress shows the certificate that it has for nobody",
    {
      handshake: async () =>
        secure({ problem: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", isForHost: false, names: "DNS:ingress.local" }),
    },
    ["tls: certificate-wrong-name"],
  ],
  [
    "it has expired, too",
    { handshake: async () => secure({ isForHost: false, validToMs: days(-1) }) },
    ["tls: certificate-expired"],
  ],
  ["it ends in two weeks", { handshake: async () => secure({ validToMs: days(13) }) }, ["tls: certificate-expiring?"]],
])("%s", async (_what, network, expected) => {
  expect(faults(await looked(network))).toEqual(expected);
});

test("from inside the gateway a closed door is a warning, and the steps go on", async () => {
  const { steps } = await looked({ connect: async () => "timeout" }, "inside");
  expect(faults({ steps })).toEqual(["tcp: connection-timeout?"]);
  expect(steps.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "warning", "ok"]);
  expect(steps[2]?.got).toStartWith("From the gateway itself: 192.0.2.1 port 443: timeout;");
});

test("no more addresses than a few are tried", async () => {
  const tried: string[] = [];
  const many = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`);
  await looked({
    addressesOf: async () => many,
    async connect(address) {
      tried.push(address);
      return "connected";
    },
  });
  expect(tried).toEqual(["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
});
