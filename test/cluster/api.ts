import type { ClientTls } from "./keys.ts";

/** An answer of the API server that is no 2xx. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(`${status}: ${message}`);
    this.status = status;
  }
}

export type WatchEvent<Item> =
  | { type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; object: Item }
  | { type: "ERROR"; object: { code: number; message: string } };

/** As much of the Kubernetes API as the kubelet and these tests speak. Bodies are JSON; failures are `ApiError`s. */
export type Api = {
  get<Answer>(path: string): Promise<Answer>;
  text(path: string): Promise<string>;
  create(path: string, body: object): Promise<void>;
  /** For those that answer with something. */
  post<Answer>(path: string, body: object): Promise<Answer>;
  /** A strategic merge patch: lists with a merge key, such as conditions, keep what is not named. */
  patch(path: string, body: object): Promise<void>;
  delete(path: string, options?: object): Promise<void>;
  /** The lines of an answer as they come, such as those of a log that is followed. */
  lines(path: string, signal: AbortSignal): AsyncGenerator<string>;
  watch<Item>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<Item>>;
};

const requestLimitMs = 10_000;

export function apiAt(server: string, tls: ClientTls): Api {
  async function request(method: string, path: string, body?: object, type = "application/json"): Promise<Response> {
    const response = await fetch(new URL(path, server), {
      method,
      tls,
      signal: AbortSignal.timeout(requestLimitMs),
      ...(body && { body: JSON.stringify(body), headers: { "Content-Type": type } }),
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }
  async function send(method: string, path: string, body?: object, type?: string): Promise<void> {
    await (await request(method, path, body, type)).arrayBuffer();
  }

  return {
    get: async <Answer>(path: string) => (await (await request("GET", path)).json()) as Answer,
    text: async (path) => await (await request("GET", path)).text(),
    create: (path, body) => send("POST", path, body),
    post: async <Answer>(path: string, body: object) => (await (await request("POST", path, body)).json()) as Answer,
    patch: (path, body) => send("PATCH", path, body, "application/strategic-merge-patch+json"),
    delete: (path, options) => send("DELETE", path, options),
    lines,
    async *watch<Item>(path: string, signal: AbortSignal) {
      for await (const line of lines(path, signal)) yield JSON.parse(line) as WatchEvent<Item>;
    },
  };

  async function* lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await fetch(new URL(path, server), { tls, signal, timeout: false } as RequestInit);
    if (!response.ok) throw await errorOf(response);
    yield* linesOf(response);
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    return new ApiError(response.status, (JSON.parse(text) as { message: string }).message);
  } catch {
    return new ApiError(response.status, text);
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body ?? []) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
