import { authoritiesIn } from "../../../injector/certificates/certificate.ts";
import type { Configuration, SharedState, Written } from "../../../injector/certificates/shared-state.ts";

/** Secret and configuration in memory, with versions as an API server keeps them. */
export function sharedSecret() {
  const state = {
    texts: {} as Record<string, string>,
    /** Undefined: there is no configuration. */
    bundle: "" as string | undefined,
    writes: [] as string[],
    /** Called before each reading and writing. */
    between: async (): Promise<void> => undefined,
    away: false,
  };
  let secretVersion = 1;
  let configurationVersion = 1;

  const shared: SharedState = {
    async read() {
      await state.between();
      if (state.away) return { state: "failed", why: "away" };
      // As the real one: the configuration first.
      const configuration = configurationNow();
      await state.between();
      return { state: "seen", seen: { texts: { ...state.texts }, secretVersion: `${secretVersion}`, configuration } };
    },
    async writeSecret(seen, texts) {
      await state.between();
      if (state.away) return { state: "failed", why: "away" };
      if (seen.secretVersion !== `${secretVersion}`) return conflict();
      for (const [name, text] of Object.entries(texts)) {
        if (text === null) delete state.texts[name];
        else state.texts[name] = text;
      }
      secretVersion += 1;
      return written("secret");
    },
    async publish({ configuration }, pem) {
      await state.between();
      if (state.away || configuration.state === "unknown") return { state: "failed", why: "away" };
      if (configuration.version !== `${configurationVersion}`) return conflict();
      state.bundle = pem;
      configurationVersion += 1;
      return written("configuration");
    },
  };
  return Object.assign(state, {
    shared,
    trusted: () => authoritiesIn(state.bundle ?? ""),
    /** Somebody else changes the Secret. */
    set(texts: Record<string, string>) {
      state.texts = texts;
      secretVersion += 1;
    },
  });

  function configurationNow(): Configuration {
    if (state.bundle === undefined) return { state: "unknown", why: "there is none" };
    return { state: "known", version: `${configurationVersion}`, bundles: [{ index: 0, pem: state.bundle }] };
  }

  function written(what: string): Written {
    state.writes.push(what);
    return { state: "written" };
  }

  function conflict(): Written {
    state.writes.push("conflict");
    return { state: "conflict" };
  }
}

export type SharedSecret = ReturnType<typeof sharedSecret>;
