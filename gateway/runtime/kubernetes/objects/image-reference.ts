const unknown = { imageName: "unknown", imageVersion: "unknown" } as const;
const usualVersion = "latest";

/**
 * An image as the gateway's records have it: its name without the registry, and its digest or else its tag. `ours` is the
 * gateway's own registry, which may have a path; of any other one the host goes.
 */
export function imageParts(image: string, ours: string): { imageName: string; imageVersion: string } {
  const [reference = "", digest] = image.split("@", 2);
  const tagAt = reference.indexOf(":", reference.lastIndexOf("/") + 1);
  const path = tagAt < 0 ? reference : reference.slice(0, tagAt);
  const tag = tagAt < 0 ? usualVersion : reference.slice(tagAt + 1);
  if (path === "") return unknown;
  return { imageName: withoutRegistry(path, ours), imageVersion: digest ?? tag };
}

function withoutRegistry(path: string, ours: string): string {
  if (ours !== "" && path.startsWith(`${ours}/`)) return path.slice(ours.length + 1);
  const [host = "", ...rest] = path.split("/");
  // As container runtimes tell a host from a first folder.
  const isHost = rest.length > 0 && (/[.:]/.test(host) || host === "localhost");
  return isHost ? rest.join("/") : path;
}
