import { portAnnotation } from "./names.ts";
import type { Pod } from "./shapes.ts";

/** Where a pod's MCP server listens. `unknown`: several ports, or several containers, and nothing says which. */
export type ServerPort =
  | { readonly state: "known"; readonly port: number }
  | { readonly state: "invalid"; readonly annotation: string }
  | { readonly state: "unknown" };

/** Of a port in a pod's containers: it is the server's. */
export const serverPortName = "mcp";
/** Where one is looked for that declares none. */
const usualPort = 8000;

/** The annotation says it, else a port's name, else there is only one, declared or not. */
export function serverPortOf({ metadata, spec }: Pod): ServerPort {
  const annotation = metadata?.annotations?.[portAnnotation];
  if (annotation !== undefined) return annotated(annotation);
  const containers = spec?.containers ?? [];
  const declared = containers.flatMap(({ ports = [] }) => ports.filter(({ protocol = "TCP" }) => protocol === "TCP"));
  const named = declared.filter(({ name }) => name === serverPortName);
  const candidates = new Set((named.length > 0 ? named : declared).map(({ containerPort }) => containerPort));
  const [port, another] = candidates;
  if (port === undefined && containers.length === 1) return { state: "known", port: usualPort };
  return port === undefined || another !== undefined ? { state: "unknown" } : { state: "known", port };
}

function annotated(annotation: string): ServerPort {
  const port = Number(annotation);
  const isPort = /^[1-9]\d{0,4}$/.test(annotation) && port <= 65_535;
  return isPort ? { state: "known", port } : { state: "invalid", annotation };
}
