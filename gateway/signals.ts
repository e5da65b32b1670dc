export type Signal = "SIGTERM" | "SIGINT";

/** Ctrl-C under npm comes twice, from the terminal and from npm. */
const echoMs = 500;

/** In the order in which signals ask for them: let calls finish, wait for them no longer, and leave everything as it is. */
const wishes = ["finish", "hurry", "exit"] as const;

/** What each signal asks for, by those that came before it. */
export function signalsBy(now: () => number): (signal: Signal) => (typeof wishes)[number] | "nothing" {
  let heeded = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  return (signal) => {
    if (signal === "SIGINT" && now() - lastMs < echoMs) return "nothing";
    lastMs = now();
    return wishes[heeded++] ?? "exit";
  };
}
