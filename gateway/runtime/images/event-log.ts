import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";

export type EventLogLimits = { readonly events: number; readonly length: number };

type Event = {
  readonly number: number;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly length: number;
};

/**
 * What one session has sent, so that a client that lost a stream can go on where it was. The oldest events are forgotten at the
 * limits; a client that comes back for those gets what is left. An id is the event's number and its stream.
 */
export function eventLog(limits: EventLogLimits): EventStore {
  const events: Event[] = [];
  let length = 0;
  let count = 0;

  return {
    async storeEvent(streamId, message) {
      const event = { number: ++count, streamId, message, length: JSON.stringify(message).length };
      events.push(event);
      length += event.length;
      while (events.length > limits.events || length > limits.length) length -= events.shift()?.length ?? length;
      return `${event.number}~${streamId}`;
    },
    async getStreamIdForEventId(eventId) {
      const { number, streamId } = parse(eventId);
      return number <= count ? streamId : undefined;
    },
    async replayEventsAfter(lastEventId, { send }) {
      const after = parse(lastEventId);
      for (const { number, streamId, message } of events) {
        // The event that only announces the stream holds no message.
        if (streamId !== after.streamId || number <= after.number || !("jsonrpc" in message)) continue;
        await send(`${number}~${streamId}`, message);
      }
      return after.streamId;
    },
  };
}

function parse(eventId: string): { number: number; streamId: string } {
  const [, number, streamId] = /^(\d{1,15})~([\w-]{1,64})$/.exec(eventId) ?? [];
  return number === undefined || streamId === undefined
    ? { number: Number.POSITIVE_INFINITY, streamId: "" }
    : { number: Number(number), streamId };
}
