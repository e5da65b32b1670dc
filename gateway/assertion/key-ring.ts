import type { KeyBoard, Leadership } from "../runtime/runtime.ts";
import { type PublishedKey, type SigningKey, signingKeyFrom } from "./keys.ts";
import { type Rotation, rotationOf, type RotationLimits } from "./rotation.ts";

export type KeyRing = AsyncDisposable & {
  /** What assertions are signed with now. */
  signing(): SigningKey;
};

export type KeyRingEvents = {
  guardKeysPublished(what: { keys: number }): unknown;
  guardKeyChanged(what: { signing: string }): unknown;
  guardKeysNotPublished(reason: string): unknown;
};

const lookEveryMs = 1000;
const retryEveryMs = 10_000;

/**
 * Keeps the published keys as the settings want them, and changes to a new key when guards know it. Every gateway follows; the
 * one that leads publishes, as soon as it does: the guards of whatever it makes read them when they start. Resolves when the keys were published once, or could not be.
 */
export async function openKeyRing({
  secrets,
  board,
  leadership,
  limits,
  now,
  events,
  every = everyOf,
}: {
  /** Gateway keys, current first: the same list until they change. */
  secrets: () => readonly string[];
  board: KeyBoard;
  leadership: Leadership;
  limits: RotationLimits;
  now: () => number;
  events: KeyRingEvents;
  /** Calls again and again, until what it returns is called. */
  every?: (ms: number, look: () => unknown) => () => void;
}): Promise<KeyRing> {
  let known = keysOf(secrets(), []);
  let from = secrets();
  let rotation = turn();
  let failedMs: number | undefined;
  let publishing: Promise<void> | undefined;
  await look();
  const stop = every(lookEveryMs, look);
  const unsubscribe = leadership.onChange(() => void look());

  return {
    signing: () => rotation.signing,
    async [Symbol.asyncDispose]() {
      stop();
      unsubscribe();
      await publishing;
    },
  };

  function look(): Promise<void> | undefined {
    if (secrets() !== from) {
      from = secrets();
      known = keysOf(from, known);
    }
    const before = rotation.signing.kid;
    rotation = turn();
    const { forgotten, signing } = rotation;
    if (signing.kid !== before) events.guardKeyChanged({ signing: signing.kid });
    if (forgotten.length > 0) {
      known = keysOf(
        from,
        known.filter((key) => !forgotten.includes(key)),
      );
    }
    const isDue = failedMs === undefined || now() - failedMs >= retryEveryMs;
    if (publishing || !isDue || !leadership.leading() || !differs(rotation.wanted, board.published()))
      return publishing;
    publishing = publish(rotation.wanted).finally(() => {
      publishing = undefined;
    });
    return publishing;
  }

  async function publish(wanted: readonly PublishedKey[]): Promise<void> {
    try {
      await board.publish(wanted);
      failedMs = undefined;
      events.guardKeysPublished({ keys: wanted.length });
    } catch (error) {
      failedMs = now();
      events.guardKeysNotPublished(error instanceof Error ? error.message : String(error));
    }
  }

  function turn(): Rotation {
    return rotationOf(known, from.length, board.published(), limits, now());
  }
}

function everyOf(ms: number, look: () => unknown): () => void {
  const timer = setInterval(look, ms);
  timer.unref();
  return () => clearInterval(timer);
}

type Known = readonly [SigningKey, ...SigningKey[]];

/** Those of the settings, and behind them those that were: what is gone from a file may still be what guards know. */
function keysOf(secrets: readonly string[], before: readonly SigningKey[]): Known {
  const configured = secrets.map(signingKeyFrom);
  const kids = new Set(configured.map(({ kid }) => kid));
  const [first, ...rest] = [...configured, ...before.filter(({ kid }) => !kids.has(kid))];
  if (!first) throw new Error("at least one gateway key is needed");
  return [first, ...rest];
}

function differs(wanted: readonly PublishedKey[], published: readonly PublishedKey[]): boolean {
  const kids = (keys: readonly PublishedKey[]) =>
    keys
      .map(({ kid }) => kid)
      .toSorted()
      .join();
  return kids(wanted) !== kids(published);
}
