let count = 0;

/** Counts subscriptions for the parent process. */
export const subscribers = {
  add: () => {
    count += 1;
  },
  count: () => count,
};
