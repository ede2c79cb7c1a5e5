/**
 * How V8 is told to run, to be set before anything else is done.
 *
 * Most of what a request leaves is garbage at once. V8 begins with little room for that, and whether it grows is left to
 * chance: a process in three stayed with little, collected many times as often, and took 15 % longer for each request. So
 * that room grows at once to its largest.
 *
 * While it was little, V8 could learn from the requests under way that they live long, and put all later ones beside what
 * does, where minor collections then took 6 ms instead of 0.6: it learns no more.
 *
 * When little is asked, it looks for memory to give back, in a pause of 12 ms in the middle of answers: of a heap as small
 * as this one mostly is nothing came of it, so that it looks in larger ones only.
 *
 * The rest of the heap may double before it is collected. When little was asked at the last collection, V8 would have it
 * collected again some megabytes later, up to three times a minute: on one core its marking threads then take 15 to 20 ms
 * from the answers, and the pause at the end 5 to 15.
 */
export const V8_FLAGS = [
  '--semi-space-growth-factor=16',
  '--no-allocation-site-pretenuring',
  '--no-memory-reducer-for-small-heaps',
  '--heap-growing-percent=100',
] as const;
