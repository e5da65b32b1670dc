import type { Variables } from "../../runtime.ts";

/** Which of a Secret's values a reference without a key means. */
const defaultSecretKey = "value";

type EnvVar =
  { name: string; value: string } | { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } };

/**
 * A container's variables, sorted, so that the same settings are the same pod. Beside what is declared there is a PORT, unless
 * it is declared. Secret values are refused before (`refusalOf`). HOST is left to the image: in a container, programs listen on every address, of whatever IP family.
 */
export function environmentOf(variables: Variables, port: number): EnvVar[] {
  const all: Variables = { PORT: String(port), ...variables };
  return Object.entries(all)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, variable]) => {
      if (typeof variable === "string") return { name, value: literal(variable) };
      if ("secret" in variable) throw new Error(`${name}: a secret value has no place in a pod`);
      const { name: secret, key = defaultSecretKey } = variable.secretRef;
      return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
    });
}

/** The kubelet replaces $(NAME) and halves $$; doubled dollars arrive as they were written. */
function literal(value: string): string {
  return value.replace(/\$(?=[$(])/g, "$$$$");
}
