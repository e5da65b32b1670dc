import { pause } from "../../../gateway/runtime/pause.ts";
import type { Container, HttpGet, Probe } from "../objects.ts";

/** Asks a container how it is, once. */
export type Ask = (probe: Probe, signal: AbortSignal) => Promise<boolean>;

/** A container that is not well yet is asked this often, so that tests need not wait for a period. */
const eagerMs = 200;

/**
 * Asks again and again, and yields each change of the verdict: true after `successThreshold` good answers in a row, false after
 * `failureThreshold` bad ones. However often it asks, one bad answer counts per period.
 */
export async function* verdicts(probe: Probe, ask: Ask, signal: AbortSignal): AsyncGenerator<boolean> {
  const periodMs = (probe.periodSeconds ?? 10) * 1_000;
  let verdict: boolean | undefined;
  let successes = 0;
  let failures = 0;
  let nextFailureMs = 0;
  await pause((probe.initialDelaySeconds ?? 0) * 1_000, signal);
  while (!signal.aborted) {
    const well = await ask(probe, signal);
    if (signal.aborted) return;
    if (well) {
      failures = 0;
      successes += 1;
    } else {
      successes = 0;
      if (performance.now() >= nextFailureMs) {
        failures += 1;
        nextFailureMs = performance.now() + periodMs;
      }
    }
    const next = verdictOf(probe, successes, failures);
    if (next !== undefined && next !== verdict) {
      verdict = next;
      yield verdict;
    }
    await pause(verdict === true ? periodMs : Math.min(eagerMs, periodMs), signal);
  }
}

function verdictOf(probe: Probe, successes: number, failures: number): boolean | undefined {
  if (successes >= (probe.successThreshold ?? 1)) return true;
  return failures >= (probe.failureThreshold ?? 3) ? false : undefined;
}

/** Asks at the pod's address; `run` executes a command as the container would. */
export function askAt(
  container: Container,
  podIP: string,
  run: (command: readonly string[], signal: AbortSignal) => Promise<number>,
): Ask {
  return async (probe, signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout((probe.timeoutSeconds ?? 1) * 1_000)]);
    try {
      if (probe.httpGet) return await answersHttp(probe.httpGet, container, podIP, limit);
      if (probe.tcpSocket) {
        return await accepts(probe.tcpSocket.host ?? podIP, portOf(probe.tcpSocket.port, container), limit);
      }
      if (probe.exec) return (await run(probe.exec.command, limit)) === 0;
      return false;
    } catch {
      return false;
    }
  };
}

export async function answersHttp(
  get: HttpGet,
  container: Container,
  podIP: string,
  signal: AbortSignal,
): Promise<boolean> {
  const scheme = (get.scheme ?? "HTTP").toLowerCase();
  const url = `${scheme}://${get.host ?? podIP}:${portOf(get.port, container)}${get.path ?? "/"}`;
  const headers = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  // As in Kubernetes: who it is does not matter, only that it answers.
  const tls = { rejectUnauthorized: false };
  const response = await fetch(url, { headers, signal, tls, redirect: "manual", keepalive: false });
  await response.body?.cancel();
  return response.status >= 200 && response.status < 400;
}

async function accepts(hostname: string, port: number, signal: AbortSignal): Promise<boolean> {
  const connecting = Bun.connect({ hostname, port, socket: { data() {} } }).then((socket) => {
    socket.end();
    return true;
  });
  const late = new Promise<boolean>((resolve) =>
    signal.addEventListener("abort", () => resolve(false), { once: true }),
  );
  return await Promise.race([connecting, late]);
}

function portOf(port: number | string, container: Container): number {
  if (typeof port === "number") return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  if (named === undefined) throw new Error(`container ${container.name} has no port named ${port}`);
  return named;
}
