/** What an upstream tells of itself. */
export type UpstreamFigures = {
  /** Connections accepted so far, those of who asks for figures aside. */
  accepted: number;
  /** Event streams open now. */
  openStreams: number;
  /** Requests held, by id: when their client was seen to leave, in microseconds on the shared clock; null: not yet. */
  left: Record<string, number | null>;
};

export const figuresPath = "/figures";

/** Of the upstreams on these ports, in their order. */
export const upstreamFigures = (ports: readonly number[]): Promise<UpstreamFigures[]> =>
  Promise.all(
    ports.map(
      async (port) => (await fetch(`http://127.0.0.1:${port}${figuresPath}`)).json() as Promise<UpstreamFigures>,
    ),
  );

/** Connections they have accepted so far, all together. */
export const acceptedBy = async (ports: readonly number[]): Promise<number> =>
  (await upstreamFigures(ports)).reduce((total, { accepted }) => total + accepted, 0);
