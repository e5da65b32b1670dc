import { startFetch } from "./targets/fetch.ts";
import { startGateway } from "./targets/gateway.ts";
import { startHaproxy } from "./targets/haproxy.ts";
import { startNginx } from "./targets/nginx.ts";
import { type Site, type Target, type TargetName, upstreamPath } from "./targets/target.ts";
import { portsOf, startUpstreams, type Upstream } from "./upstreams.ts";

/** A target, and the upstreams it leads to. */
export type Measured = Target & { upstreams: readonly Upstream[] };

/** All that is measured, running side by side in front of the same upstreams. */
export type Stand = AsyncDisposable & { targets: Measured[] };

/** Targets come in the order they were asked for. A gateway runs the upstreams itself, so it is started first. */
export async function startStand(site: Site, names: readonly TargetName[]): Promise<Stand> {
  await using starting = new AsyncDisposableStack();
  const gateway = names.includes("gateway") ? starting.use(await startGateway(site, "gateway")) : undefined;
  const { upstreams } = gateway ?? starting.use(await startUpstreams(site));
  const ports = portsOf(upstreams);
  const targets: Measured[] = [];
  for (const name of names) {
    const target = gateway?.name === name ? gateway : starting.use(await start(name));
    targets.push({ upstreams, ...target });
  }
  const started = starting.move();
  return { targets, [Symbol.asyncDispose]: () => started.disposeAsync() };

  function start(name: TargetName): Promise<Target> | Target {
    switch (name) {
      case "direct":
        return direct(ports);
      case "nginx":
        return startNginx(site, ports);
      case "haproxy":
        return startHaproxy(site, ports);
      case "fetch":
        return startFetch(site, ports);
      case "quiet":
      case "guarded":
        return startGateway(site, name);
      case "gateway":
        throw new Error("the gateway was started above");
    }
  }
}

/** No proxy: how fast the load generator and the upstreams are by themselves. */
const direct = (ports: readonly number[]): Target => ({
  name: "direct",
  door: { origins: ports.map((port) => `http://127.0.0.1:${port}`), path: upstreamPath },
  pids: [],
  [Symbol.asyncDispose]: async () => {},
});
