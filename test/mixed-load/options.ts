import { parseArgs } from "node:util";

export type Options = {
  /** How long the load goes on. May be a fraction. */
  minutes: number;
  /** Calls a second, of all clients together; streams and what they carry come on top. */
  rate: number;
  /** Event streams that are held open. */
  streams: number;
  /** Clients that keep a session and call tools in it. */
  sessions: number;
  /** Of each adapter, to begin with. */
  replicas: number;
  /** From one blow to the next, on average. */
  chaosSeconds: number;
  /** The same blows in the same order for the same seed. */
  seed: number;
  /** A guard stands before each replica. */
  guard: boolean;
};

/** Command line to options. Throws an Error that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help) return "help";
  return {
    minutes: number("minutes", values.minutes),
    rate: number("rate", values.rate),
    streams: number("streams", values.streams),
    sessions: number("sessions", values.sessions),
    replicas: number("replicas", values.replicas),
    chaosSeconds: number("chaos-seconds", values["chaos-seconds"]),
    seed: number("seed", values.seed),
    guard: values.guard,
  };
}

export const usage = `Usage: npm run mixed-load -- [options]

Calls, streams, clients that leave, killed replicas and changes of scale, all at once at one gateway, which may lose no session
that has a living replica. Says at once what was lost, sums up at the end, and exits with 1 if anything was.

  --minutes M        how long (20); fractions are fine
  --rate N           calls a second, of all clients together (200)
  --streams N        event streams that are held open (300)
  --sessions N       clients that keep a session and call tools in it (120)
  --replicas N       of each adapter, to begin with (3)
  --chaos-seconds S  from one blow to the next, on average (10)
  --seed N           which blows in which order (1)
  --guard            a guard before each replica
`;

const flags = {
  minutes: { type: "string", default: "20" },
  rate: { type: "string", default: "200" },
  streams: { type: "string", default: "300" },
  sessions: { type: "string", default: "120" },
  replicas: { type: "string", default: "3" },
  "chaos-seconds": { type: "string", default: "10" },
  seed: { type: "string", default: "1" },
  guard: { type: "boolean", default: false },
  help: { type: "boolean", short: "h" },
} as const;

function number(flag: keyof typeof limits, text: string): number {
  const value = Number(text);
  const { min, max, whole } = limits[flag];
  if (text === "" || !(value >= min && value <= max) || (whole && !Number.isInteger(value)))
    throw new Error(`--${flag} is ${whole ? "a whole number" : "a number"} from ${min} to ${max}`);
  return value;
}

const limits = {
  minutes: { min: 0.01, max: 10_000, whole: false },
  rate: { min: 1, max: 2000, whole: false },
  // Each takes two descriptors of the gateway; a reference server takes 1000 sessions.
  streams: { min: 4, max: 2000, whole: true },
  sessions: { min: 8, max: 1000, whole: true },
  // One may be killed, and the others go on.
  replicas: { min: 2, max: 8, whole: true },
  "chaos-seconds": { min: 0.5, max: 3600, whole: false },
  seed: { min: 0, max: 2 ** 32 - 1, whole: true },
} as const;
