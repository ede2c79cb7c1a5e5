/** One part of the benchmark, measured. */
export interface Part {
  readonly title: string;
  /** Markdown. */
  readonly text: string;
  readonly aims: readonly Aim[];
}

/** Something that was aimed at, and what it came to. */
export interface Aim {
  readonly what: string;
  readonly aim: string;
  readonly measured: string;
  readonly met: boolean;
  /** What the bare thing came to in the same run, where there is one: no server can do much better. */
  readonly bare?: string;
}
