import { expect, test } from "bun:test";
import { openSession } from "../load/session.ts";
import { acceptedBy } from "./figures.ts";
import { listen } from "./listen.ts";

test("connections are counted over all upstreams, without those that ask for the count", async () => {
  using one = listen({ hostname: "127.0.0.1", port: 0 });
  using two = listen({ hostname: "127.0.0.1", port: 0 });
  const ports = [one.port, two.port];
  expect(await acceptedBy(ports)).toBe(0);
  const sessions = await Promise.all(
    [one.port, one.port, two.port].map((port) => openSession(`http://127.0.0.1:${port}`, "/mcp", () => {})),
  );
  expect(await acceptedBy(ports)).toBe(3);
  for (const session of sessions) session.close();
  expect(await acceptedBy(ports)).toBe(3);
});
