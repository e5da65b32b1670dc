import { podRangeIsLocal } from "./pod-addresses.ts";
import { clusterAvailable, startCluster } from "./cluster.ts";

/**
 * `bun test/cluster/main.ts [IMAGE=PROGRAM…]` keeps a cluster until Ctrl-C, for a person with kubectl. An image is given as the
 * program it stands for: `registry.test/web:1="bun server.ts"`.
 */
const images = Object.fromEntries(
  process.argv.slice(2).map((each) => {
    const [image = "", program = ""] = each.split(/=(.*)/s);
    return [image, program.split(" ").filter((word) => word !== "")];
  }),
);

process.exitCode = podRangeIsLocal() ? await keepCluster() : await again();

/** The same in a network of its own. */
async function again(): Promise<number> {
  if (process.env["MCP_GATEWAY_CLUSTER_ISOLATED"]) throw new Error("no network of its own was made");
  const child = Bun.spawn(
    [process.execPath, `${import.meta.dir}/isolated.ts`, process.execPath, ...process.argv.slice(1)],
    {
      env: { ...process.env, KUBECONFIG: undefined, MCP_GATEWAY_CLUSTER_ISOLATED: "yes" },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    },
  );
  // A terminal sends Ctrl-C to all of them; this one waits for the others.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill("SIGTERM"));
  return await child.exited;
}

async function keepCluster(): Promise<number> {
  const stopped = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopped.resolve());
  const available = await clusterAvailable();
  if (available.state === "missing") {
    console.error(available.why);
    return 1;
  }
  await using cluster = await startCluster({ images });
  console.log(`KUBECONFIG=${cluster.kubeconfig}`);
  if (process.env["MCP_GATEWAY_CLUSTER_ISOLATED"]) {
    const user = process.getuid?.() === 0 ? "" : "--user --preserve-credentials ";
    console.log(`in a network of its own; a shell there: nsenter ${user}--net --target ${process.pid} $SHELL`);
  }
  await stopped.promise;
  return 0;
}
