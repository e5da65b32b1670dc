import { join } from "node:path";
import { audienceOf } from "../../assertion/assertion.ts";
import type { Events } from "../../observe/events.ts";
import { type Guarding, nothingFound, type Runtime, type Workload, type WorkloadRefusal } from "../runtime.ts";
import { bundledImages } from "../images/bundled-images.ts";
import { type Catalogue, type Images, openCatalogue } from "./catalogue.ts";
import { endpointBook } from "./endpoint-book.ts";
import { replicaVariable } from "./environment.ts";
import { keyFile, localNamespace } from "./guard.ts";
import { leftoversOf } from "./leftovers.ts";
import { laptopLimits, type LocalLimits } from "./limits.ts";
import { endOrphans } from "./orphans.ts";
import { ownerOf } from "./owner.ts";
import type { ReplicaHost, Template } from "./replica.ts";
import { localSecrets, type Secrets } from "./secrets.ts";
import { type LocalWorkload, localWorkload, unstarted } from "./workload.ts";

/**
 * Runs workloads as child processes of the gateway. First it ends those that a killed gateway left behind on the same data
 * directory: the caller holds the lock on it. Disposing the runtime ends all of them, without draining.
 *
 * @throws Error when the catalogue's file is not as it should be
 */
export async function localRuntime(options: {
  events: Events;
  /** Keeps the owner id that marks every process. */
  dataDirectory: string;
  /** The user's images, beside the bundled ones. */
  catalogueFile: string;
  /** Whether a missing catalogue is an error: it is when the user has named the file. */
  catalogueRequired?: boolean;
  bundled?: Images;
  /** Where secrets are kept, a file each. */
  secretsDirectory?: string;
  /** Whether a guard stands before each replica of an adapter. */
  guarded?: boolean;
  /** The gateway's own, of which replicas get only the harmless part. */
  gatewayEnvironment?: Readonly<Record<string, string | undefined>>;
  limits?: Partial<LocalLimits>;
}): Promise<Runtime> {
  const { events, catalogueFile, catalogueRequired = false, bundled = bundledImages } = options;
  // biome-ignore lint/style/noProcessEnv: not a setting; replicas need its PATH, HOME and the like
  const gatewayEnvironment = options.gatewayEnvironment ?? process.env;
  const limits = { ...laptopLimits, ...options.limits };
  const catalogue = openCatalogue({ bundled, file: catalogueFile, required: catalogueRequired });
  const secrets = localSecrets({
    directory: options.secretsDirectory ?? "./secrets",
    environment: gatewayEnvironment,
  });
  const owner = await ownerOf(options.dataDirectory);
  const orphans = await endOrphans({ owner, graceMs: limits.graceMs });
  if (orphans > 0) events.orphansEnded(orphans);

  const jwksFile = join(options.dataDirectory, "jwks.json");
  const guarding = options.guarded ? await guardingBy(jwksFile) : undefined;
  const endpoints = endpointBook();
  const workloads = new Map<string, LocalWorkload>();
  const portsTaken = new Set<number>();
  const endLeftovers = leftoversOf(replicaVariable, limits.graceMs);
  const host: ReplicaHost = { owner, gatewayEnvironment, events, limits, portsTaken, endLeftovers };
  let disposed = false;

  async function remove(name: string): Promise<void> {
    const workload = workloads.get(name);
    if (workload === undefined) return;
    await workload.end();
    if (!workload.wanted() && workloads.get(name) === workload) workloads.delete(name);
  }

  return {
    endpoints,
    guarding,
    refusal(workload): WorkloadRefusal | undefined {
      const detail = whyUnrunnable(workload, catalogue, secrets, limits);
      return detail === undefined ? undefined : { why: "unrunnable", detail };
    },

    async apply(workload) {
      if (disposed) throw new Error("the runtime is shutting down");
      const problem = whyUnrunnable(workload, catalogue, secrets, limits);
      if (problem !== undefined) throw new Error(problem);
      const running = workloads.get(workload.name) ?? localWorkload(workload.name, host, endpoints);
      workloads.set(workload.name, running);
      const guard = guarding && workload.kind === "adapter" ? { adapter: workload.name, jwksFile } : undefined;
      running.apply(workload, { ...templateOf(workload, catalogue, secrets), guard });
    },

    remove,
    names: async () => [...workloads.keys()],

    async status(workload) {
      // Its image or a secret may be gone since it was registered: replicas run on, but no reconciling brings it up again.
      const problem = whyUnrunnable(workload, catalogue, secrets, limits);
      const running = workloads.get(workload.name);
      if (running !== undefined) return running.status(workload, problem ?? null);
      return problem === undefined ? undefined : unstarted(workload, problem);
    },

    async logs(name, request) {
      const workload = workloads.get(name);
      const log = workload?.log(request.instance);
      if (workload === undefined || log === undefined) return { state: "absent" };
      if (!workload.launched(request.instance)) return { state: "starting" };
      return { state: "open", lines: request.previous ? log.readPrevious(request) : log.read(request) };
    },

    found: nothingFound,
    // Nobody else can get at them.
    onDrift: () => () => undefined,

    async [Symbol.asyncDispose]() {
      disposed = true;
      await Promise.all([...workloads.keys()].map(remove));
    },
  };
}

async function guardingBy(jwksFile: string): Promise<Guarding> {
  return {
    keys: await keyFile(jwksFile),
    audienceOf: (adapter) => audienceOf(localNamespace, adapter),
    podOf: ({ id }) => id,
  };
}

function whyUnrunnable(
  workload: Workload,
  catalogue: Catalogue,
  secrets: Secrets,
  limits: LocalLimits,
): string | undefined {
  if (workload.replicaCount > limits.replicasPerWorkload) {
    return `At most ${limits.replicasPerWorkload} replicas run on a laptop, ${workload.replicaCount} are wanted.`;
  }
  try {
    const images = catalogue.images();
    if (!Object.hasOwn(images, workload.imageName)) {
      const known = Object.keys(images).sort().join(", ");
      return `Unknown image "${workload.imageName}". Known images: ${known}. Add it to ${catalogue.file}.`;
    }
    const environment = secrets.resolve(workload.environment);
    return images[workload.imageName]?.refusal?.(environment);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A recreated workload is another one even if it looks the same, and a changed secret makes another one of it too. */
function templateOf(workload: Workload, catalogue: Catalogue, secrets: Secrets): Omit<Template, "guard"> {
  const image = catalogue.images()[workload.imageName];
  if (image === undefined) throw new Error(`unknown image ${workload.imageName}`);
  const { uid, imageName, imageVersion } = workload;
  const environment = secrets.resolve(workload.environment);
  const sorted = Object.entries(environment).sort(([one], [other]) => (one < other ? -1 : 1));
  const key = JSON.stringify([uid, imageName, imageVersion, sorted, image]);
  return { key, image, environment };
}
