/** The result of one part of the benchmark. */
export interface Part {
  readonly title: string;
  /** Markdown. */
  readonly text: string;
  readonly aims: readonly Aim[];
}

/** A target and its result. */
export interface Aim {
  readonly what: string;
  readonly aim: string;
  readonly measured: string;
  readonly met: boolean;
  /** The result of the bare server in the same run, if there is one: the ceiling. */
  readonly bare?: string;
}
