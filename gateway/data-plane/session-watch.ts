import type { Events } from "../observe/events.ts";
import type { Call } from "./exchange.ts";
import { type LiveSessions, sessionName } from "./live-sessions.ts";
import type { LostReason, Route } from "./route.ts";

export type SessionWatch = ReturnType<typeof sessionWatch>;

/** Tells of sessions what requests and answers show: that they are opened, in use, ended, lost. */
export function sessionWatch({
  sessions,
  events,
}: {
  sessions: LiveSessions;
  events: Pick<Events, "sessionOpened" | "sessionClosed" | "sessionRefused">;
}) {
  return { opened, used, answered, lost };

  function opened({ adapter, seen }: Call, sealed: string, replica: string): void {
    events.sessionOpened({ adapter, replica });
    seen.inSession(sessions.used(sealed, adapter, replica));
  }

  function used({ adapter, seen }: Call, { sealed, endpoint }: Route & { state: "pinned" }): void {
    seen.inSession(sessions.used(sealed, adapter, endpoint.name));
  }

  /** The server's answer to a request of a session. */
  function answered(call: Call, { sealed }: Route & { state: "pinned" }, httpMethod: string, status: number): void {
    if (status === 404) {
      lost(call, sealed, "forgotten");
    } else if (httpMethod === "DELETE" && status < 300) {
      sessions.ended(sealed);
      events.sessionClosed(call.adapter);
    }
  }

  function lost({ adapter, requestId, seen }: Call, sealed: string, reason: LostReason): void {
    sessions.ended(sealed);
    seen.inSession(sessionName(sealed));
    events.sessionRefused({ requestId, adapter, reason });
  }
}
