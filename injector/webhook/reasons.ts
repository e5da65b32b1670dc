import { adapterLabel, guardHealthPort, guardPort, injectLabel, portAnnotation } from "../pod/names.ts";
import { serverPortName } from "../pod/server-port.ts";

/** Why a pod is left as it is: these words are in log lines and metrics. */
export const skipReasons = {
  "not-a-pod": "Another kind of object, or a part of a pod, such as its ephemeral containers.",
  "not-a-creation": "A pod that is there already: containers cannot be added to it any more.",
  "other-namespace": "Not where adapters are looked for.",
  "not-labelled": "No replica of an adapter.",
  "opted-out": "Its label says that it wants no guard.",
  "already-guarded": "The gateway made it, it was exported from a cluster, or this is the second look at it.",
} as const;
export type SkipReason = keyof typeof skipReasons;

const elsewhere = `or set the label ${injectLabel}: "false", and the gateway leaves it alone`;

/** Why a pod is refused, and what its author is told: what is wrong, and what to do. */
export const denials = {
  unreadable: (what: string) => `The pod cannot be read: ${what}.`,
  "invalid-name": (label: string) =>
    `The label ${adapterLabel} is ${quoted(label)}, which can be no adapter's name: use lowercase letters, digits and dashes, at most 52 of them.`,
  windows: () => `The guard runs on Linux only: schedule the pod there, ${elsewhere}.`,
  "host-network": () =>
    `On the node's network the guard's ports would be the node's: take hostNetwork out of the pod, ${elsewhere}.`,
  "no-container": () => "The pod has no container: add the one that is the MCP server.",
  "name-taken": (what: string) => `${what} has a name that belongs to the guard: rename it, ${elsewhere}.`,
  "port-taken": (port: number) =>
    `Port ${port} belongs to the guard: let the server listen on another one than ${guardPort} and ${guardHealthPort}, ${elsewhere}.`,
  "host-port": (port: number) => `The hostPort of port ${port} would lead past the guard: take it out, ${elsewhere}.`,
  "invalid-port": (annotation: string) =>
    `The annotation ${portAnnotation} is ${quoted(annotation)}, which is no port: write a number from 1 to 65535.`,
  "port-unknown": () =>
    `Which port is the MCP server's cannot be told: name it "${serverPortName}" in its container, or write it into the annotation ${portAnnotation}.`,
} as const;
export type DenyReason = keyof typeof denials;

/** A label may be long, and an annotation may be anything. */
const maxQuoted = 80;

function quoted(text: string): string {
  return JSON.stringify(text.length > maxQuoted ? `${text.slice(0, maxQuoted)}…` : text);
}
