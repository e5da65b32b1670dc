import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/server";
import { readLines } from "../../local/lines.ts";
import { pause } from "../../pause.ts";
import { endingOf } from "../../restart.ts";
import type { Served } from "../sessions.ts";
import { heldMessages } from "./held-messages.ts";
import { pendingRequests } from "./pending-requests.ts";
import { withTraceContext } from "./trace-context.ts";

export type StdioLimits = {
  /** Of one message from the server, in characters. */
  readonly messageLength: number;
  /** What may wait for a server that does not read its input. */
  readonly unreadLength: number;
  /** What waits for a client that has not opened the session's own stream yet. */
  readonly held: { readonly messages: number; readonly length: number };
  /** After its input was closed, and again after SIGTERM. */
  readonly graceMs: number;
};

export const stdioLimits: StdioLimits = {
  messageLength: 16_777_216,
  unreadLength: 33_554_432,
  held: { messages: 100, length: 1_048_576 },
  graceMs: 2_000,
};

const logLineLength = 8_192;
const serverEnded = -32000;
const cancelled = -32000;

/**
 * Runs a stdio server of one session's own and carries messages between it and the session's transport, as they are but for the
 * trace that the server is told. When the server ends, pending requests are answered with an error and `onEnd` is called.
 *
 * @throws when the command cannot be started
 */
export function stdioSession(options: {
  command: readonly string[];
  environment: Record<string, string>;
  transport: Transport;
  limits: StdioLimits;
  log: (line: string) => void;
  /** Ends what the server had started itself and did not end. */
  endLeftovers: () => Promise<void>;
  onEnd: () => void;
}): Served {
  const { transport, limits, log } = options;
  const pending = pendingRequests();
  const held = heldMessages(limits.held);
  const over = new AbortController();
  let unread = 0;
  let sending = Promise.resolve();
  let closing: Promise<void> | undefined;

  const child = Bun.spawn({
    cmd: [...options.command],
    env: options.environment,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    // A group of its own: `npx` and its kind start the server as a child of theirs.
    detached: true,
    onExit: () => over.abort(),
  });

  transport.onmessage = (message, extra) => {
    pending.add(message);
    write(withTraceContext(message, extra?.request?.headers));
    if ("method" in message && message.method === "notifications/cancelled") forget(message.params?.requestId);
  };

  function write(message: JSONRPCMessage): void {
    if (closing !== undefined || over.signal.aborted) return;
    const line = `${JSON.stringify(message)}\n`;
    unread += line.length;
    if (unread > limits.unreadLength) {
      void close("does not read its input");
      return;
    }
    void writeLine(line);
  }

  async function writeLine(line: string): Promise<void> {
    try {
      child.stdin.write(line);
      await child.stdin.flush();
      unread -= line.length;
    } catch {
      // It has ended, or closed its input and will.
    }
  }

  /** A server does not answer what was cancelled, and the stream of that request would stay open for good. */
  function forget(id: unknown): void {
    if ((typeof id !== "string" && typeof id !== "number") || !pending.take(id)) return;
    send({ jsonrpc: "2.0", id, error: { code: cancelled, message: "Request cancelled" } });
  }

  function receive(line: string): void {
    if (line.trim() === "") return;
    const message = parse(line);
    if (message === undefined) log(`not a message: ${line.slice(0, logLineLength)}`);
    else if (Array.isArray(message)) for (const each of message) pass(each);
    else pass(message);
  }

  function pass(message: JSONRPCMessage): void {
    if ("method" in message) {
      const id = pending.relatedTo(message);
      if (id !== undefined || held.passes(message)) send(message, id);
    } else if (message.id !== undefined && pending.take(message.id)) send(message);
  }

  /** One after the other, or a stream might be closed by the answer before the last notification is on it. */
  function send(message: JSONRPCMessage, relatedRequestId?: string | number): void {
    const options = relatedRequestId === undefined ? undefined : { relatedRequestId };
    sending = sending
      .then(() => transport.send(message, options))
      .catch((error: unknown) => log(`not delivered: ${error instanceof Error ? error.message : error}`));
  }

  async function readMessages(): Promise<void> {
    for await (const line of messagesOf(child.stdout, limits.messageLength)) receive(line);
  }

  /** Pending requests are answered, then the transport is closed and the process ended: input, SIGTERM, SIGKILL. */
  function close(reason: string): Promise<void> {
    closing ??= (async () => {
      for (const id of pending.ids()) {
        pending.take(id);
        send({ jsonrpc: "2.0", id, error: { code: serverEnded, message: `The MCP server ${reason}` } });
      }
      await sending;
      await transport.close();
      options.onEnd();
      await endChild();
      await options.endLeftovers();
      log(`session over: ${reason}`);
    })();
    return closing;
  }

  async function endChild(): Promise<void> {
    try {
      await child.stdin.end();
    } catch {
      // It has ended.
    }
    await pause(Math.min(limits.graceMs, 250), over.signal);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (over.signal.aborted) break;
      signalGroup(child.pid, signal);
      await pause(limits.graceMs, over.signal);
    }
  }

  const output = readMessages().catch((error: unknown) =>
    close(error instanceof Error ? error.message : String(error)),
  );
  const errors = readLines(child.stderr, logLineLength, log);
  void child.exited.then(async () => {
    // Its last answers may still be in the pipe.
    await Promise.race([Promise.all([output, errors]), pause(limits.graceMs, new AbortController().signal)]);
    await close(endingOf({ code: child.exitCode, signal: child.signalCode }));
  });

  const listening = () => {
    for (const message of held.release()) send(message);
  };
  return { pending: pending.count, listening, end: () => close("was ended with its session") };
}

function parse(line: string): JSONRPCMessage | JSONRPCMessage[] | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? (parsed as JSONRPCMessage | JSONRPCMessage[]) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws when a line is longer than `maxLength` characters: a part of a message is none */
async function* messagesOf(bytes: ReadableStream<Uint8Array>, maxLength: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    const texts = decoder.decode(chunk, { stream: true }).split("\n");
    for (const [at, text] of texts.entries()) {
      length += text.length;
      if (length > maxLength) throw new Error(`sent a message of more than ${maxLength} characters`);
      parts.push(text);
      if (at === texts.length - 1) break;
      yield parts.join("");
      parts = [];
      length = 0;
    }
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended just now.
  }
}
