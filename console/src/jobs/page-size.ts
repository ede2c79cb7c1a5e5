/** Jobs per page of the list. */
export const PAGE = 24;
