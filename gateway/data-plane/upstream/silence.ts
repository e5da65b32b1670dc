/**
 * How long Bun lets a client's connection be silent on which no whole request is being answered: behind an answer, or in the middle of
 * a request, of which 16 KiB a second have to come after that. For the head of a connection's first request it has 10 s of its own.
 * Load balancers keep their connections for 60 s, and it is they who should close.
 */
export const usualIdleSeconds = 75;

/** Bun's server. What it is told of a request's connection holds until the head of the next request on it. */
type Timeouts = { timeout(request: Request, seconds: number): void };

/**
 * The silence of one request's connection: allowed without limit from when the request is whole until the last of its answer goes out,
 * since MCP streams are silent for hours, and calls may be. A class, since there is one for each request.
 */
export class Silence {
  readonly #timeouts: Timeouts;
  readonly #request: Request;
  readonly #idleSeconds: number;
  /** Some of the answer is still to come. */
  #isOpen = false;
  #isAnswered = false;

  constructor(timeouts: Timeouts, request: Request, idleSeconds = usualIdleSeconds) {
    this.#timeouts = timeouts;
    this.#request = request;
    this.#idleSeconds = idleSeconds;
  }

  /** The request is whole: now it is our turn. Of one with a body Bun knows that by itself. */
  whole(): void {
    this.#timeouts.timeout(this.#request, 0);
  }

  /** There is an answer that goes on after it has begun. */
  goesOn(): void {
    this.#isOpen = true;
    this.#timeouts.timeout(this.#request, 0);
  }

  /** That is over. To be told before its end is sent: afterwards Bun does not know the connection any more. */
  ends(): void {
    this.#isOpen = false;
    if (this.#isAnswered) this.#end();
  }

  /** The answer is given to Bun. */
  answered(): void {
    this.#isAnswered = true;
    if (!this.#isOpen) this.#end();
  }

  #end(): void {
    this.#timeouts.timeout(this.#request, this.#idleSeconds);
  }
}
