import { expect, test } from "bun:test";
import { openLine } from "./line.ts";

/** Answers by the path: whole, half and then nothing, half and then an end, nothing. */
function server() {
  const half = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab";
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        const path = bytes.toString().split(" ")[1];
        if (path === "/whole") socket.write(`${half}cd`);
        if (path === "/half" || path === "/end") socket.write(half);
        if (path === "/end") socket.end();
      },
    },
  });
  return { origin: `http://127.0.0.1:${listener.port}`, [Symbol.dispose]: () => listener.stop(true) };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test("answers come whole, one after the other on one connection", async () => {
  using at = server();
  const line = await openLine(at.origin);
  const whole = { state: "whole", status: 200, head: "HTTP/1.1 200 OK\r\nContent-Length: 4", body: "abcd" } as const;
  expect(await line.ask(get("/whole"))).toEqual(whole);
  expect(await line.ask(get("/whole"))).toEqual(whole);
  expect(line.isOpen()).toBe(true);
  line.leave();
  expect(line.isOpen()).toBe(false);
});

test("an answer that ends too soon is cut, and so is the connection", async () => {
  using at = server();
  const line = await openLine(at.origin);
  expect(await line.ask(get("/end"))).toEqual({ state: "cut" });
  expect(line.isOpen()).toBe(false);
  expect(await line.ask(get("/whole"))).toEqual({ state: "cut" });
});

test("who waits in vain gives up, and who leaves is told so", async () => {
  using at = server();
  const patient = await openLine(at.origin);
  expect(await patient.ask(get("/never"), {}, 20)).toEqual({ state: "silent" });
  expect(patient.isOpen()).toBe(false);
  const leaving = await openLine(at.origin);
  const pieces: string[] = [];
  const piece = (bytes: Buffer) => {
    pieces.push(bytes.toString());
    leaving.leave("reset");
  };
  expect(await leaving.ask(get("/half"), { piece })).toEqual({ state: "left" });
  expect(pieces).toEqual(["ab"]);
});

test("a line that is paused reads on when it is resumed", async () => {
  using at = server();
  const [paused, other] = [await openLine(at.origin), await openLine(at.origin)];
  paused.pause();
  let isThere = false;
  const answer = paused.ask(get("/whole")).finally(() => {
    isThere = true;
  });
  for (let i = 0; i < 3; i++) expect((await other.ask(get("/whole"))).state).toBe("whole");
  expect(isThere).toBe(false);
  paused.resume();
  expect((await answer).state).toBe("whole");
  for (const line of [paused, other]) line.leave();
});
