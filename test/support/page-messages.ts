import type { Page } from 'playwright-core';

/** Notes what a page asks for that changes something: uploads and jobs. To be called before the page is loaded anew. */
export function noteMutations(page: Page): readonly string[] {
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(request.url());
  });
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const text = String(payload);
      if (text.includes('mutation')) sent.push(text);
    }),
  );
  return sent;
}
