import { afterEach, beforeEach, expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import { errorIn, toolStand } from "./tool-stand.ts";

/** What a tool's server knows of one connection. */
type Peer = { socket: Bun.Socket<Peer>; received: string; sentBytes: number; isEndless: boolean };

let stack: DisposableStack;
let peers: Set<Peer>;

beforeEach(() => {
  stack = new DisposableStack();
  peers = new Set();
});
afterEach(() => stack.dispose());

/** A server that answers each request by hand. */
function serverThat(answer: (peer: Peer) => void): string {
  const listener = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { socket, received: "", sentBytes: 0, isEndless: false };
        peers.add(socket.data);
      },
      data({ data: peer }, bytes) {
        peer.received += bytes.toString("latin1");
        if (!peer.received.endsWith("{}")) return;
        peer.received = "";
        answer(peer);
      },
      drain: ({ data: peer }) => void (peer.isEndless && flood(peer)),
      close: ({ data }) => void peers.delete(data),
      error: ({ data }) => void peers.delete(data),
    },
  });
  stack.defer(() => listener.stop(true));
  return `http://127.0.0.1:${listener.port}`;
}

const piece = new Uint8Array(64 * 1024).fill(0x20);

/** As much as the other side takes, again and again; the rest when it has drained. */
function flood(peer: Peer): void {
  peer.isEndless = true;
  for (;;) {
    const sent = peer.socket.write(piece);
    if (sent > 0) peer.sentBytes += sent;
    if (sent < piece.length) return;
  }
}

const head = (length: string) => `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${length}\r\n`;

test("an answer without end is cut off: its connection ends and next to nothing of it is held", async () => {
  using stand = toolStand({ maxAnswerBytes: 256 * 1024 });
  for (const length of ["", "Content-Length: 52428800\r\n"]) {
    let peer: Peer | undefined;
    const url = serverThat((asking) => {
      peer = asking;
      asking.socket.write(head(length));
      flood(asking);
    });
    stand.setReplicas(url);
    expect(errorIn(await stand.call())).toBe("Error: The tool's answer is larger than 262144 bytes.");
    await until("the server has lost the connection", () => peers.size === 0);
    // What the sockets between hold counts as sent, a few MB.
    expect(peer?.sentBytes).toBeLessThan(16 * 1024 * 1024);
    expect(stand.connections).toBe(0);
  }
});

test("an answer that is of no use is not fetched", async () => {
  using stand = toolStand();
  const cases: [string, string, string][] = [
    ["200 OK", "text/html", "The tool answered text/html instead of JSON."],
    ["500 Internal Server Error", "application/json", "Inference server returned InternalServerError"],
    ["400 Bad Request", "text/html", "Inference server returned BadRequest"],
    ["400 Bad Request", "text/plain", "Inference server returned BadRequest"],
  ];
  for (const [status, type, words] of cases) {
    let peer: Peer | undefined;
    const url = serverThat((asking) => {
      peer = asking;
      asking.socket.write(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\n\r\n`);
      flood(asking);
    });
    stand.setReplicas(url);
    expect(errorIn(await stand.call())).toBe(`Error: ${words}`);
    await until("the server has lost the connection", () => peers.size === 0);
    expect(peer?.sentBytes).toBeLessThan(16 * 1024 * 1024);
  }
});

test("100 answers of 50 MiB leave the memory as it was", async () => {
  using stand = toolStand();
  stand.setReplicas(
    serverThat((peer) => {
      peer.socket.write(head("Content-Length: 52428800\r\n"));
      flood(peer);
    }),
  );
  const call = async () =>
    expect(errorIn(await stand.call())).toBe("Error: The tool's answer is larger than 4194304 bytes.");
  for (let i = 0; i < 20; i++) await call();
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 100; i++) await call();
  Bun.gc(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
});

test("a tool that says nothing is given up after the time it has, and its connection ends", async () => {
  using stand = toolStand({ toolTimeoutMs: 100 });
  stand.setReplicas(serverThat(() => {}));
  expect(errorIn(await stand.call())).toBe("Error: The tool did not answer within 0.1 seconds.");
  await until("the server has lost the connection", () => peers.size === 0);
});

test("a tool that goes on and on slowly is given up too", async () => {
  using stand = toolStand({ toolTimeoutMs: 150 });
  let ticks = 0;
  stand.setReplicas(
    serverThat(({ socket }) => {
      socket.write(head("Transfer-Encoding: chunked\r\n"));
      const ticking = setInterval(() => {
        ticks++;
        socket.write("1\r\n \r\n");
      }, 10);
      stack.defer(() => clearInterval(ticking));
    }),
  );
  expect(errorIn(await stand.call())).toBe("Error: The tool did not answer within 0.15 seconds.");
  expect(ticks).toBeGreaterThan(0);
  await until("the server has lost the connection", () => peers.size === 0);
});

test("when the client goes, the tool sees it, before it has answered and in the middle of its answer", async () => {
  using stand = toolStand();
  for (const beginning of ["", `${head("Transfer-Encoding: chunked\r\n")}1\r\n{\r\n`]) {
    let isAsked = false;
    stand.setReplicas(
      serverThat(({ socket }) => {
        socket.write(beginning);
        isAsked = true;
      }),
    );
    const client = new AbortController();
    const calling = stand.call({}, { caller: { signal: client.signal } });
    await until("the tool is asked", () => isAsked);
    client.abort();
    expect(errorIn(await calling)).toBe("Error: The call was cancelled.");
    await until("the server has lost the connection", () => peers.size === 0);
  }
  const gone = AbortSignal.abort();
  expect(errorIn(await stand.call({}, { caller: { signal: gone } }))).toBe("Error: The call was cancelled.");
  expect(peers.size).toBe(0);
});

test("a tool that dies is an error, wherever it was", async () => {
  using stand = toolStand();
  const cases: [string, string][] = [
    ["", "The tool gave no answer: it ended before its answer did."],
    [`${head("Content-Length: 9\r\n")}{`, "The tool gave no answer: it ended before its answer did."],
    [`${head("Content-Length: 90000\r\n")}{`, "The tool broke off in the middle of its answer."],
    [`${head("Transfer-Encoding: chunked\r\n")}1\r\n{\r\n`, "The tool broke off in the middle of its answer."],
    [`${head("Transfer-Encoding: chunked\r\n")}1\r\n{\r\nZZ`, "The tool gave no answer: its answer is malformed: "],
    ["SSH-2.0-OpenSSH\r\n\r\n", "The tool gave no answer: its answer is malformed: "],
  ];
  for (const [sent, words] of cases) {
    stand.setReplicas(
      serverThat(({ socket }) => {
        socket.write(sent);
        socket.end();
      }),
    );
    expect(errorIn(await stand.call())).toStartWith(`Error: ${words}`);
  }
});

test("replicas that refuse connections, none that is ready, and none at all are told apart", async () => {
  using stand = toolStand();
  const closed = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = closed;
  closed.stop(true);
  stand.setReplicas(`http://127.0.0.1:${port}`);
  const failed = "Error: Failed to connect to inference server - ";
  expect(errorIn(await stand.call())).toBe(`${failed}every replica refuses connections. Try again in 2 seconds.`);
  stand.setReplicas();
  expect(errorIn(await stand.call())).toBe(`${failed}no replica of the tool is ready. Try again in 2 seconds.`);
  expect(stand.told).toEqual(["weather: none ready", "weather: none ready"]);
  expect(errorIn(await stand.call({}, { replicaCount: 0 }))).toBe(
    "Error: The tool is switched off: it has no replicas.",
  );
});

test("a call waits for a replica, and goes to another when one refuses", async () => {
  using stand = toolStand({ holdMs: 10_000 });
  const url = serverThat(({ socket }) => void socket.write(`${head("Content-Length: 2\r\n")}{}`));
  const calling = stand.call();
  using impatient = toolStand({ holdMs: 0 });
  expect(errorIn(await impatient.call())).toContain("no replica of the tool is ready");
  stand.setReplicas(url);
  const answered = { content: [{ type: "text" as const, text: "{}" }] };
  expect(await calling).toEqual(answered);
  const closed = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const refusing = `http://127.0.0.1:${closed.port}`;
  closed.stop(true);
  stand.setReplicas(refusing, url);
  for (let call = 0; call < 20; call++) expect(await stand.call()).toEqual(answered);
});
