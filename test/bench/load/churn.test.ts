import { expect, test } from "bun:test";
import { listen } from "../upstream/listen.ts";
import { driveChurn } from "./churn.ts";

const here = { hostname: "127.0.0.1", port: 0 };
const orderTo = (port: number, upstreamPorts: number[]) => ({
  door: { origins: [`http://127.0.0.1:${port}`], path: "/mcp" },
  ...({ shape: "json", connections: 2, warmupMs: 0, measureMs: 200 } as const),
  ...{ proxyPids: [], upstreamPorts },
});

test("every call has a connection of its own", async () => {
  using upstream = listen(here);
  const { requests, failed, upstreamConnects } = await driveChurn(orderTo(upstream.port, [upstream.port]));
  expect(requests).toBeGreaterThan(10);
  expect(failed).toBe(0);
  expect(upstreamConnects).toBeGreaterThanOrEqual(requests - 2);
});

test("a call that is not answered, or not with what belongs to it, counts as failed", async () => {
  for (const body of ["", '{"jsonrpc":"2.0","id":1,"result":{}}']) {
    using broken = Bun.serve({
      ...here,
      fetch: async (request) =>
        (await request.text()).includes("initialize")
          ? new Response("{}", { headers: { "mcp-session-id": "s" } })
          : new Response(body),
    });
    const { requests, failed } = await driveChurn(orderTo(broken.port ?? 0, []));
    expect(requests).toBe(0);
    expect(failed).toBeGreaterThan(0);
  }
});
