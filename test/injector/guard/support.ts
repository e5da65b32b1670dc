import { sign as signBytes } from "node:crypto";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertionIssuer, assertionType, audienceOf, type Claims } from "../../../gateway/assertion/assertion.ts";
import { jwksOf } from "../../../gateway/assertion/jwks.ts";
import { type SigningKey, signingKeyFrom } from "../../../gateway/assertion/keys.ts";
import { temporaryDirectory } from "../../support/process.ts";
import { until } from "../../support/until.ts";

const guardProgram = fileURLToPath(new URL("../../../injector/guard/main.ts", import.meta.url));

export const audience = audienceOf("adapter", "weather");
export const podUid = "5f0c2d1e-pod";
export const gatewayKey = signingKeyFrom("the gateway's key");

/** A guard as a process of its own, as a pod starts it. */
export type GuardProcess = AsyncDisposable & {
  readonly url: string;
  readonly healthUrl: string;
  readonly pid: number;
  readonly exited: Promise<number>;
  log(): string;
  /** Sends the signal and waits for the end; gives the exit code, or the signal's name. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | string>;
  /** The samples of a metric: `name{labels}` to value. */
  metrics(): Promise<Map<string, number>>;
};

/** The server's ConfigMap volume: `publish` changes what is in its file as the kubelet does, by a symbolic link above it. */
export type KeyVolume = AsyncDisposable & {
  readonly file: string;
  publish(keys: readonly SigningKey[] | string): Promise<void>;
};

export async function keyVolume(): Promise<KeyVolume> {
  const directory = await temporaryDirectory();
  const { path } = directory;
  let writes = 0;
  await symlink("..data/jwks.json", join(path, "jwks.json"));
  return {
    file: join(path, "jwks.json"),
    async publish(keys) {
      const name = `..${++writes}`;
      const text = typeof keys === "string" ? keys : jwksOf(keys.map(({ kid, x }) => ({ kid, x, sinceMs: 0 })));
      await mkdir(join(path, name));
      await writeFile(join(path, name, "jwks.json"), text);
      await symlink(name, join(path, "..data_tmp"));
      await rename(join(path, "..data_tmp"), join(path, "..data"));
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** Starts a guard before `upstream`, and waits until it listens. Throws with its words if it does not start. `program`: which one. */
export async function startGuard(
  upstream: string,
  keyFile: string,
  environment: Record<string, string> = {},
  program = guardProgram,
): Promise<GuardProcess> {
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([process.execPath, program], {
    env: {
      PATH,
      HOME,
      HOST: "127.0.0.1",
      GUARD_PORT: "0",
      GUARD_HEALTH_PORT: "0",
      GUARD_ADAPTER: "weather",
      GUARD_NAMESPACE: "adapter",
      GUARD_POD_UID: podUid,
      GUARD_UPSTREAM: upstream,
      GUARD_JWKS: keyFile,
      ...environment,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let log = "";
  const reading = Promise.all([child.stdout, child.stderr].map(read));
  const listening = await until("the guard listens", () => {
    if (child.exitCode !== null) return "ended";
    return /"url":"([^"]+)","health":"([^"]+)"/.exec(log);
  });
  if (listening === "ended") {
    await reading;
    throw new Error(log.trim());
  }
  const [, url = "", healthUrl = ""] = listening;
  return {
    url,
    healthUrl,
    pid: child.pid,
    exited: child.exited,
    log: () => log,
    async end(signal) {
      child.kill(signal);
      await child.exited;
      return child.signalCode ?? (child.exitCode as number);
    },
    async metrics() {
      const text = await (await fetch(`${healthUrl}/metrics`)).text();
      const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      return new Map(
        samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
      );
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };

  async function read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) log += decoder.decode(bytes, { stream: true });
  }
}

/** What the gateway asserts now, with these changes; undefined takes a claim away. */
export function claims(changes: Partial<Record<keyof Claims, unknown>> = {}): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1000);
  const sub = "ada";
  return { iss: assertionIssuer, aud: audience, sub, roles: ["mcp.dev"], iat, exp: iat + 60, ...changes };
}

/** A compact JWS as the gateway makes it, with these changes of its header. */
export function jws(payload: Record<string, unknown>, header: Record<string, unknown> = {}, key = gatewayKey): string {
  const text = unsigned({ alg: "EdDSA", typ: assertionType, kid: key.kid, ...header }, payload);
  return `${text}.${signBytes(null, Buffer.from(text), key.privateKey).toString("base64url")}`;
}

export function unsigned(header: unknown, payload: unknown): string {
  return [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

/** The headers of a request that the gateway vouches for. */
export function vouched(changes: Partial<Record<keyof Claims, unknown>> = {}): Record<string, string> {
  const session: Record<string, string> = changes.sid === undefined ? {} : { "mcp-session-id": String(changes.sid) };
  return { "mcp-gateway-assertion": jws(claims(changes)), ...session };
}
