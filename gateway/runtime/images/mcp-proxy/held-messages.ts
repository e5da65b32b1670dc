import type { JSONRPCMessage } from "@modelcontextprotocol/server";

/**
 * Servers speak up as soon as they are initialized, a moment before a client can have opened the stream to hear it. Those messages
 * wait here; beyond the limits the oldest are forgotten, for some clients never open that stream.
 */
export function heldMessages(limits: { readonly messages: number; readonly length: number }) {
  let held: { message: JSONRPCMessage; length: number }[] | undefined = [];
  let length = 0;

  return {
    /** @returns whether the message can be sent now; otherwise it is kept */
    passes(message: JSONRPCMessage): boolean {
      if (held === undefined) return true;
      const own = JSON.stringify(message).length;
      held.push({ message, length: own });
      length += own;
      while (held.length > limits.messages || length > limits.length) length -= held.shift()?.length ?? length;
      return false;
    },
    /** What was kept, in order; from now on everything passes. */
    release(): JSONRPCMessage[] {
      const released = held ?? [];
      held = undefined;
      return released.map(({ message }) => message);
    },
  };
}
