import { LogLevel } from "./config/environment.ts";
import { type Every, everyOf, watchSecretFile } from "./config/watched-file.ts";
import type { Events } from "./observe/events.ts";
import type { Log } from "./observe/logs/log.ts";

/**
 * Keeps the log at the level whose word is in a file, such as a mounted ConfigMap's key. A file that is not there, and a word
 * that is none, leave the level as it is. Resolves when the file has been looked at once.
 */
export async function followLogLevel({
  file,
  log,
  events,
  every = everyOf,
}: {
  file: string;
  log: Pick<Log, "level">;
  events: Pick<Events, "logLevelChanged" | "logLevelUnreadable" | "logLevelUnusable">;
  every?: Every;
}): Promise<Disposable> {
  let first: Promise<void> | undefined;
  const watch = watchSecretFile({
    path: file,
    every(ms, look) {
      first = look();
      return every(ms, look);
    },
    onText: take,
    onUnreadable: (reason) => events.logLevelUnreadable({ reason, kept: log.level }),
  });
  await first;
  return watch;

  function take(text: string): void {
    const read = LogLevel.safeParse(text.trim().toLowerCase());
    const kept = log.level;
    if (!read.success) events.logLevelUnusable({ file, reason: read.error.issues[0]?.message ?? "no level", kept });
    else if (read.data !== kept) change(kept, read.data);
  }

  /** Whatever the levels are, the log says when it changed from one to the other. */
  function change(from: string, to: string): void {
    log.level = "info";
    events.logLevelChanged({ file, from, to });
    log.level = to;
  }
}
