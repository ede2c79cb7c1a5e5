let count = 0;

/** How many subscriptions have been asked for, to be told to the parent. */
export const subscribers = {
  add: () => {
    count += 1;
  },
  count: () => count,
};
