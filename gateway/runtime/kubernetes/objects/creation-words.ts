import { shortText } from "./short-text.ts";

/**
 * Why the API server did not let an object be created, in words: from its own message, or from a FailedCreate event
 * (`Create Pod x-0 in StatefulSet x failed error: …`).
 */
export function creationWords(message: string): string {
  const said = message.replace(/^Create Pod \S+ in StatefulSet \S+ failed error: /, "");
  const reason = said.replace(/^(?:\S+ )?"[^"]*" is forbidden: /, "");
  const isForbidden = reason !== said;

  const quota = /^exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)$/s.exec(reason);
  if (quota) {
    const [, name = "", requested, used, limited] = quota;
    return shortText(
      `the namespace's quota "${name}" is exceeded: ${requested} requested, ${used} used, ${limited} allowed`,
    );
  }
  const unset = /^failed quota: ([^:]+): (.+)$/s.exec(reason);
  if (unset) return shortText(`the namespace's quota "${unset[1]}" does not allow it: ${unset[2]}`);

  const account = /serviceaccount "([^"]+)" not found/.exec(reason);
  if (account) return shortText(`the service account "${account[1]}" does not exist`);

  const webhook = /failed calling webhook "([^"]+)": (.+)$/s.exec(reason);
  if (webhook) return shortText(`the cluster's webhook "${webhook[1]}" does not answer: ${webhook[2]}`);

  const denied = /^admission webhook "([^"]+)" denied the request: (.+)$/s.exec(reason);
  if (denied) return shortText(`the cluster's webhook "${denied[1]}" does not allow it: ${denied[2]}`);

  return shortText(isForbidden ? `the cluster does not allow it: ${reason}` : `it cannot be created: ${reason}`);
}
