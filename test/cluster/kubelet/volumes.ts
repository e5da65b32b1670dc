import { lstat, mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pause } from "../../../gateway/runtime/pause.ts";
import type { Container, Pod, Volume } from "../objects.ts";
import type { Files } from "./sources.ts";

/** Rewrites a text that names mounted paths. */
export type Rewrite = (text: string) => string;

export type PodVolumes = {
  /**
   * Makes those volumes of a container that these texts name the mount path of. Throws while one of them cannot be made.
   */
  mount(container: Container, texts: readonly string[]): Promise<Rewrite>;
  /** Ends the refreshing and takes the folders away. */
  close(): Promise<void>;
};

/**
 * Volumes of a pod whose containers see this machine's file system: each is a folder, and where a variable, an argument or a
 * command names a path below a mount path, it gets the path in that folder. A program that knows its path by itself does not
 * find it. ConfigMaps and Secrets are refreshed as a kubelet does it: all files of a volume change at once.
 */
export function podVolumes(options: {
  pod: Pod;
  directory: string;
  refreshMs: number;
  filesOf: (volume: Volume) => Promise<Files>;
}): PodVolumes {
  const { pod, directory, filesOf } = options;
  const closing = new AbortController();
  const shownByName = new Map<string, string>();
  let refreshing: Promise<void> | undefined;

  async function make(volume: Volume): Promise<void> {
    const folder = join(directory, volume.name);
    await mkdir(folder, { recursive: true });
    if (volume.emptyDir) return;
    const files = await filesOf(volume);
    const shown = JSON.stringify([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString("base64")]));
    if (shownByName.get(volume.name) === shown) return;
    await writeAtOnce(folder, files);
    shownByName.set(volume.name, shown);
  }

  async function refresh(): Promise<void> {
    while (!closing.signal.aborted) {
      await pause(options.refreshMs, closing.signal);
      for (const volume of pod.spec.volumes ?? []) {
        // A token is new each time it is asked for, and lives longer than a test.
        const changes = shownByName.has(volume.name) && !JSON.stringify(volume).includes("serviceAccountToken");
        // What is gone meanwhile stays as it was.
        if (changes && !closing.signal.aborted) await make(volume).catch(() => {});
      }
    }
  }

  return {
    async mount(container, texts) {
      const mounts = (container.volumeMounts ?? [])
        .map((mount) => ({ ...mount, pattern: patternOf(mount.mountPath) }))
        .filter(({ pattern }) => texts.some((text) => text.search(pattern) >= 0))
        .toSorted((one, other) => other.mountPath.length - one.mountPath.length);
      for (const { name } of mounts) {
        const volume = pod.spec.volumes?.find((each) => each.name === name);
        if (volume) await make(volume);
      }
      if (mounts.length > 0) refreshing ??= refresh();
      return (text) =>
        mounts.reduce(
          (done, { pattern, name, subPath = "" }) => done.replaceAll(pattern, join(directory, name, subPath)),
          text,
        );
    },
    async close() {
      closing.abort();
      await refreshing;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A mount path as a whole, alone or with something below it, wherever it stands in a text. */
function patternOf(mountPath: string): RegExp {
  const path = mountPath.replace(/\/+$/, "").replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\w./-])${path}(?![\\w.-])`, "g");
}

/** A reader sees the files all as they were or all as they are now. */
async function writeAtOnce(folder: string, files: Files): Promise<void> {
  const fresh = await mkdtemp(join(folder, "..fresh-"));
  for (const [path, bytes] of files) {
    await mkdir(join(fresh, dirname(path)), { recursive: true });
    await writeFile(join(fresh, path), bytes);
  }
  const data = join(folder, "..data");
  const before = await readlink(data).catch(() => undefined);
  await symlink(basename(fresh), join(folder, "..next"));
  await rename(join(folder, "..next"), data);
  for (const top of new Set([...files.keys()].map((path) => path.split("/")[0] ?? path))) {
    const link = join(folder, top);
    if ((await lstat(link).catch(() => undefined)) === undefined) await symlink(join("..data", top), link);
  }
  if (before) await rm(join(folder, before), { recursive: true });
}
