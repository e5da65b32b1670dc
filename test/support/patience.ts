import { expect } from "bun:test";
import type { RawClient } from "./raw-client.ts";
import { until } from "./until.ts";
import type { WaitingServer } from "./waiting-server.ts";

export type NamedClient = readonly [name: string, client: RawClient];

/** For the head of a connection's first request Bun has 10 s, whatever it was told. */
const allGoneMs = 25_000;

/** Whoever asks for nothing, or half of it, is let go, and none who waits for an answer; then the server goes on, and all hear the rest. */
export async function expectPatience(
  idle: readonly NamedClient[],
  waiting: readonly NamedClient[],
  server: Pick<WaitingServer, "goOn">,
): Promise<void> {
  const left = () => idle.filter(([, client]) => client.isOpen());
  await until("the idle are let go", () => left().length === 0, allGoneMs).catch(() => {});
  expect(namesOf(left())).toEqual([]);
  expect(namesOf(waiting.filter(([, client]) => !client.isOpen()))).toEqual([]);
  server.goOn();
  const unanswered = () => waiting.filter(([, client]) => !client.heard().includes("after"));
  await until("the rest has come", () => unanswered().length === 0).catch(() => {});
  expect(namesOf(unanswered())).toEqual([]);
}

const namesOf = (clients: readonly NamedClient[]) => clients.map(([name]) => name);
