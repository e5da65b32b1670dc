import { isDeepStrictEqual } from "node:util";
import type { PodSettings } from "../../openapi/pod.ts";
import { type Refusal, refused } from "./refusal.ts";

type Pod = PodSettings | null;

/**
 * A template can undo every safeguard of a replica, so it is the admins' to write. Others may write back what is there, in
 * whatever order of fields, but not leave it out: it may be what holds the replica back.
 */
export function templateRefusal(written: Pod, stored: Pod, isAdmin: boolean): Refusal | undefined {
  if (isAdmin || isDeepStrictEqual(written?.template, stored?.template)) return undefined;
  const sentence = "You do not have permission to write pod.template: admins may.";
  const hint = stored?.template === undefined ? "Leave it out." : "Write it back as you read it.";
  return refused("forbidden", `${sentence} ${hint}`);
}
