import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { childGuardVariables } from "../../../injector/pod/guard-variables.ts";
import { jwksOf, keysIn } from "../../assertion/jwks.ts";
import type { PublishedKey } from "../../assertion/keys.ts";
import { root } from "../../root.ts";
import type { KeyBoard } from "../runtime.ts";
import { replicaEnvironment } from "./environment.ts";
import type { LocalLimits } from "./limits.ts";
import { readLines } from "./lines.ts";
import { answers } from "./readiness.ts";
import { signalGroup } from "./signal-group.ts";

/** In the place of a namespace: on a laptop there is none. */
export const localNamespace = "local";

const program = resolve(root, "injector/guard/main.ts");
const maxLineLength = 2_048;

/** Where requests come in to a replica. */
export type Door = {
  /** For the log. */
  readonly shown: { readonly guardPid?: number };
  /** Fires when nothing comes in any more, though the replica may run. */
  readonly ended: AbortSignal;
  /** Whether it lets requests in, as soon as it does. */
  answers(over: AbortSignal): Promise<boolean>;
  close(): void;
};

/** The replica's own port. */
export const ownDoor: Door = {
  shown: {},
  ended: new AbortController().signal,
  answers: async () => true,
  close: () => undefined,
};

/** A guard as it stands in a pod, before one replica: a process of its own, on a port of its own. */
export function guardBefore(
  {
    gatewayEnvironment,
    owner,
    limits,
  }: {
    readonly gatewayEnvironment: Readonly<Record<string, string | undefined>>;
    readonly owner: string;
    readonly limits: LocalLimits;
  },
  guarded: {
    readonly replicaId: string;
    readonly replicaName: string;
    readonly adapter: string;
    /** Where the guard listens, and where the replica does. */
    readonly port: number;
    readonly replicaPort: number;
    readonly jwksFile: string;
    /** What the guard has to say. */
    readonly say: (line: string) => void;
  },
): Door {
  const { replicaId, replicaName, adapter, port, replicaPort, jwksFile, say } = guarded;
  const ended = new AbortController();
  const declared = {
    LOG_LEVEL: "warn",
    ...childGuardVariables(gatewayEnvironment),
    GUARD_ADAPTER: adapter,
    GUARD_NAMESPACE: localNamespace,
    GUARD_POD_UID: replicaId,
    GUARD_UPSTREAM: `http://127.0.0.1:${replicaPort}`,
    GUARD_JWKS: jwksFile,
    GUARD_PORT: String(port),
    GUARD_HEALTH_PORT: "0",
  };
  const child = Bun.spawn({
    cmd: [process.execPath, "--no-env-file", program],
    env: replicaEnvironment({ gateway: gatewayEnvironment, owner, image: {}, declared, port, replicaId, replicaName }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
    onExit: () => ended.abort(),
  });
  for (const output of [child.stdout, child.stderr]) {
    void readLines(output, maxLineLength, (line) => say(`guard: ${line}`));
  }
  return {
    shown: { guardPid: child.pid },
    ended: ended.signal,
    answers: (over) => answers(port, limits, over),
    // Nobody is left for whom it could finish anything.
    close: () => (ended.signal.aborted ? undefined : signalGroup(child.pid, "SIGKILL")),
  };
}

/** Keys in a file of the data directory, which one gateway has for itself. */
export async function keyFile(path: string): Promise<KeyBoard> {
  let published: readonly PublishedKey[] = keysIn(await readFile(path, "utf8").catch(() => "")) ?? [];
  return {
    published: () => published,
    async publish(keys) {
      await mkdir(dirname(path), { recursive: true });
      // A guard that reads it meanwhile has the old keys or the new ones.
      await writeFile(`${path}.new`, jwksOf(keys));
      await rename(`${path}.new`, path);
      published = keys;
    },
  };
}
