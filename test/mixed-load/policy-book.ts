/** Which tools may be used, as far as it can be known while policies change. */
export type PolicyBook = ReturnType<typeof policyBook>;

/** How long the news of a changed policy may take to every process of the gateway. */
const newsMs = 500;

type Change = { tools: ReadonlySet<string>; fromMs: number; knownMs: number };

/** `now` in milliseconds. */
export function policyBook(tools: readonly string[], now: () => number) {
  const changes: Change[] = [
    { tools: new Set(tools), fromMs: Number.NEGATIVE_INFINITY, knownMs: Number.NEGATIVE_INFINITY },
  ];

  return {
    /** Before the gateway is told. Call what it returns once the gateway has said yes. */
    change(to: readonly string[]): () => void {
      const change = { tools: new Set(to), fromMs: now(), knownMs: Number.POSITIVE_INFINITY };
      changes.push(change);
      return () => {
        change.knownMs = now() + newsMs;
      };
    },

    /** Whether a call that lasted so long could use a tool. */
    allows(tool: string, fromMs: number, untilMs: number): "yes" | "no" | "either" {
      const last = changes.findLastIndex(({ knownMs }) => knownMs < fromMs);
      const inForce = changes.filter((change, i) => i >= last && change.fromMs <= untilMs);
      const answers = new Set(inForce.map((change) => change.tools.has(tool)));
      if (answers.size > 1) return "either";
      return answers.has(true) ? "yes" : "no";
    },
  };
}
