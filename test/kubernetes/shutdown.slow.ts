import { expect } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as api from "../../openapi/client/index.ts";
import { devHeaders } from "../support/gateway.ts";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  adapterOf,
  clusterOfFile,
  kubectl,
  podLimitMs,
  podsOf,
  register,
  startGatewayOn,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("the end of a gateway");

const holder = () => kubectl(cluster(), "get", "lease", "mcp-gateway", "-o=jsonpath={.spec.holderIdentity}");

clusterTest(
  "at SIGTERM a call in flight gets its answer, and then the Lease is free for the next one",
  async () => {
    await using directory = await temporaryDirectory();
    await using data = await temporaryDirectory();
    await using gateway = await startGatewayOn(cluster(), data.path, { DRAIN_SECONDS: "3600" });
    const environmentVariables = { DIRECTORY: directory.path };
    await register(gateway.as(), adapterOf("held", { imageName: "held-call", environmentVariables }));
    await whenReady(gateway.as(), "held", 1);
    const headers = { ...devHeaders("dev"), "content-type": "application/json", connection: "close" };
    const answer = fetch(gateway.mcpUrl("held"), { method: "POST", headers, body: "{}" }).then((got) => got.json());
    await until("the call is in flight", () => Bun.file(join(directory.path, "called")).exists());

    const ended = gateway.end("SIGTERM");
    await until("it drains", () => gateway.log().includes('"draining"'));
    // Whoever takes the lead now would work while this one still does.
    expect(await holder()).toStartWith("gateway-0_");
    await writeFile(join(directory.path, "let-go"), "");
    expect(await answer).toEqual({ answer: 42 });
    expect(await ended).toBe(0);
    expect(await holder()).toBe("");

    await using successor = await startGatewayOn(cluster(), data.path, { POD_NAME: "gateway-1" });
    await until("the successor leads", () => successor.log().includes('"leading":true'));
    expect(await holder()).toStartWith("gateway-1_");
  },
  podLimitMs * 2,
);

clusterTest(
  "a replica that is slow to end does not keep a gateway from ending; the next one sees it through",
  async () => {
    await using data = await temporaryDirectory();
    {
      await using gateway = await startGatewayOn(cluster(), data.path);
      const client = gateway.as();
      const pod = { terminationGracePeriodSeconds: 3600 };
      await register(client, adapterOf("slow", { imageName: "held-call", pod }));
      await whenReady(client, "slow", 1);
      api.deleteAdapter({ client, path: { name: "slow" } }).catch(() => undefined);
      await until("it has to end", async () => (await podsOf(cluster(), "slow"))[0]?.metadata.deletionTimestamp);
      expect(await gateway.end("SIGTERM")).toBe(0);
      expect(await holder()).toBe("");
    }
    await using next = await startGatewayOn(cluster(), data.path);
    const create = async () =>
      (await api.createAdapter({ client: next.as(), body: adapterOf("slow") })).response?.status;
    expect(await create()).toBe(409);
    await kubectl(cluster(), "delete", "pod", "slow-0", "--grace-period=0", "--force", "--wait=false");
    await until("its name is free", async () => (await create()) === 201, podLimitMs);
  },
  podLimitMs * 2,
);
