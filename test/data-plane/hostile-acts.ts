import { type Peer, send, sendEndlessly, sendLast } from "./raw-server.ts";

export const mine = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nmine";
export const stolen = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\nstolen";
export const chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

export const isBroken =
  '502 {"jsonrpc":"2.0","error":{"code":-32603,"message":"The MCP server broke off before it answered"},"id":null}';
const large = 100 * 1024;

/** What it does with a request, and what its client gets. */
export const hostile: readonly (readonly [what: string, act: (peer: Peer) => void, outcome: string])[] = [
  ["sends garbage", (peer) => sendLast(peer, "\0\x01SSH-2.0\r\n\xff".repeat(99)), isBroken],
  ["greets in another protocol and waits", (peer) => send(peer, "SSH-2.0-x\r\n"), isBroken],
  ["speaks HTTP/2", (peer) => send(peer, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), isBroken],
  ["sends half a status line and ends", (peer) => sendLast(peer, "HTTP/1.1 20"), isBroken],
  ["ends at once", (peer) => sendLast(peer, ""), isBroken],
  ["resets at once", ({ socket }) => socket.terminate(), isBroken],
  [
    "sends half a head and resets",
    (peer) => inTwo(peer, "HTTP/1.1 200 OK\r\nX: ", ({ socket }) => socket.terminate()),
    isBroken,
  ],
  ["sends 100 MB of one header", (peer) => sendMegabytes(peer, "HTTP/1.1 200 OK\r\nX: ", "x"), isBroken],
  ["sends 100 MB of headers", (peer) => sendMegabytes(peer, "HTTP/1.1 200 OK\r\n", "X: a\r\n"), isBroken],
  [
    "sends interim answers for ever",
    (peer) => sendMegabytes(peer, "", "HTTP/1.1 103 Early Hints\r\nX: a\r\n\r\n"),
    isBroken,
  ],
  ["switches protocols", (peer) => send(peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), isBroken],
  ["gives two lengths", (peer) => send(peer, mine.replace("\r\n\r\n", "\r\nContent-Length: 6\r\n\r\n")), isBroken],
  [
    "gives length and chunks",
    (peer) => send(peer, chunked.replace("\r\n\r\n", "\r\nContent-Length: 6\r\n\r\n")),
    isBroken,
  ],
  ["says more than it announced", (peer) => send(peer, `${mine}${"x".repeat(large)}`), "200 mine"],
  ["sends two answers", (peer) => send(peer, mine + stolen), "200 mine"],
  ["sends less than it announced", (peer) => sendLast(peer, mine.replace(": 4", ": 5")), isBroken],
  [
    "sends much less than it announced",
    (peer) => sendLast(peer, mine.replace(": 4", ": 999999999999999")),
    "200 broke off",
  ],
  ["announces a chunk of 4 GiB and ends", (peer) => sendLast(peer, `${chunked}ffffffff\r\n{}`), "200 broke off"],
  ["announces a chunk of 64 GiB", (peer) => send(peer, `${chunked}fffffffff\r\n{}`), isBroken],
  [
    "sends nonsense for a chunk",
    (peer) => inTwo(peer, `${chunked}2\r\n{}\r\n`, () => send(peer, "nonsense")),
    "200 broke off",
  ],
  [
    "sends trailers for ever",
    (peer) => inTwo(peer, `${chunked}2\r\n{}\r\n`, () => sendMegabytes(peer, "0\r\n", "X: a\r\n")),
    "200 broke off",
  ],
  ["sends a chunk's extension for ever", (peer) => sendMegabytes(peer, `${chunked}2;`, "x"), isBroken],
  ["ends in the middle of a chunk", (peer) => sendLast(peer, `${chunked}5\r\n{}`), "200 broke off"],
  [
    "resets in the middle of a stream",
    (peer) => inTwo(peer, `${chunked}2\r\n{}\r\n`, ({ socket }) => socket.terminate()),
    "200 broke off",
  ],
];

/** First this, and once that is there, the rest. */
function inTwo(peer: Peer, first: string, rest: (peer: Peer) => void): void {
  send(peer, first);
  setTimeout(rest, 20, peer);
}

export const mebibyte = 1024 * 1024;

function sendMegabytes(peer: Peer, first: string, piece: string): void {
  send(peer, first);
  sendEndlessly(peer, piece.repeat((64 * 1024) / piece.length), 100 * mebibyte);
}
