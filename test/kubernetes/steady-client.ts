import { type McpSession, openMcpSession } from "../support/mcp-session.ts";

/** A client as SDKs are: it calls on and on, and opens another session when it hears that its own is over (404). */
export type SteadyClient = AsyncDisposable & {
  readonly seen: {
    /** Calls that were answered. */
    calls: number;
    /** Sessions that were over, and others opened for them. */
    renewed: number;
    /** Whatever else happened, in words. */
    readonly wrong: string[];
  };
};

const pauseMs = 20;

export async function steadyClient(url: URL): Promise<SteadyClient> {
  const seen: SteadyClient["seen"] = { calls: 0, renewed: 0, wrong: [] };
  let over = false;
  let session: McpSession | undefined = await openMcpSession(url, "dev");
  const running = run();
  return {
    seen,
    async [Symbol.asyncDispose]() {
      over = true;
      await running;
    },
  };

  async function run(): Promise<void> {
    while (!over) {
      await step().catch((error: unknown) => void seen.wrong.push(String(error)));
      await Bun.sleep(pauseMs);
    }
  }

  async function step(): Promise<void> {
    if (session === undefined) {
      session = await openMcpSession(url, "dev");
      seen.renewed += 1;
    }
    const status = await session.statusOf("counter");
    if (status === 200) seen.calls += 1;
    else if (status === 404) session = undefined;
    else seen.wrong.push(`call: ${status}`);
  }
}

/** Several of them. */
export async function steadyClients(url: URL, count: number) {
  const clients = await Promise.all(Array.from({ length: count }, () => steadyClient(url)));
  return {
    clients,
    wrong: () => clients.flatMap(({ seen }) => seen.wrong),
    calls: () => clients.map(({ seen }) => seen.calls),
    renewed: () => clients.map(({ seen }) => seen.renewed),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  };
}
