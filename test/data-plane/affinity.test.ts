import { expect, test } from "bun:test";
import { place, ranked } from "../../gateway/data-plane/affinity.ts";
import type { Endpoint } from "../../gateway/runtime/runtime.ts";

const endpoints = (count: number): Endpoint[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `id-${i}`,
    name: `w-${i}`,
    origin: `http://127.0.0.1:${i}`,
    state: "ready",
  }));
const keys = Array.from({ length: 30_000 }, (_, i) => `key ${i}`);

test("keys spread evenly over replicas", () => {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const name = place(endpoints(3), key)?.name ?? "";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  expect(counts.size).toBe(3);
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(400);
});

test("scaling from 3 to 4 moves only the keys that the new replica wins", () => {
  const moved = keys.filter((key) => place(endpoints(3), key)?.name !== place(endpoints(4), key)?.name);
  expect(moved.every((key) => place(endpoints(4), key)?.name === "w-3")).toBe(true);
  expect(Math.abs(moved.length - 7_500)).toBeLessThan(400);
});

test("the order of the list changes nothing, and a restarted replica gets its keys back", () => {
  const before = place(endpoints(3), "somebody")?.name;
  const restarted = endpoints(3)
    .reverse()
    .map((endpoint) => ({ ...endpoint, id: `new ${endpoint.id}` }));
  expect(place(restarted, "somebody")?.name).toBe(before);
});

test("draining replicas take nothing new", () => {
  const draining = endpoints(3).map((endpoint, i) =>
    i === 1 ? endpoint : { ...endpoint, state: "draining" as const },
  );
  expect(place(draining, "anything")?.name).toBe("w-1");
  expect(place([], "anything")).toBeUndefined();
});

test("the ranking begins with the placement and names each ready replica once", () => {
  const order = ranked(endpoints(5), "somebody");
  expect(order[0]).toEqual(place(endpoints(5), "somebody") as Endpoint);
  expect(new Set(order.map(({ name }) => name)).size).toBe(5);
});
