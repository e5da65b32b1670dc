/** What takes minutes in a real kubelet and should not in a test. */
export type KubeletLimits = {
  /** The first restart is immediate; then the pause doubles from `backOffFirstMs` to `backOffCapMs`. */
  readonly backOffFirstMs: number;
  readonly backOffCapMs: number;
  /** A run as long as this forgets the failures before it. */
  readonly stableMs: number;
  /** How often an image, a Secret or an API server that is not there is looked for again. */
  readonly retryMs: number;
  readonly heartbeatMs: number;
  /** How often mounted ConfigMaps and Secrets are read again: a minute or two in a real one. */
  readonly volumeRefreshMs: number;
};

export const kubeletLimits: KubeletLimits = {
  backOffFirstMs: 500,
  backOffCapMs: 5_000,
  stableMs: 10_000,
  retryMs: 300,
  heartbeatMs: 2_000,
  volumeRefreshMs: 1_000,
};
