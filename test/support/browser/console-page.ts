import type { Locator, Page } from 'playwright-core';
import type { OpenedPage, PageOptions, TestBrowser } from './browser.ts';

/** What is put into the form; what is absent stays as it is. */
export interface FormValues {
  readonly image?: string;
  readonly prompt?: string;
}

/** The console in a page of its own. */
export class ConsolePage implements AsyncDisposable {
  readonly page: Page;
  readonly opened: OpenedPage;
  /** What the page asked of the gateway that changes something: uploads and jobs. */
  readonly mutations: readonly string[];

  /** @param opened not yet at the console, or else its first mutations are missed */
  constructor(opened: OpenedPage) {
    this.opened = opened;
    this.page = opened.page;
    this.mutations = noteMutations(opened.page);
  }

  /** Opens a page of the console and waits until it is live. */
  static async open(browser: TestBrowser, url: string, options: PageOptions = {}): Promise<ConsolePage> {
    const console = await ConsolePage.openAnyhow(browser, url, options);
    await console.live();
    return console;
  }

  /** Opens a page of the console, live or not. */
  static async openAnyhow(
    browser: TestBrowser,
    url: string,
    options: PageOptions = {},
  ): Promise<ConsolePage> {
    const console = new ConsolePage(await browser.open(options));
    await console.page.goto(url);
    return console;
  }

  /** Another tab, which shares the first one's origin and nothing else. */
  static async openTab(first: ConsolePage, url: string): Promise<Page> {
    const page = await first.page.context().newPage();
    await page.goto(url);
    return page;
  }

  get imageField(): Locator {
    return this.page.getByRole('group', { name: 'Image', exact: true });
  }

  get generateButton(): Locator {
    return this.page.locator('.new-job button[type=submit]');
  }

  /** What the form says below its button. */
  get note(): Locator {
    return this.page.locator('.form-note');
  }

  get cards(): Locator {
    return this.page.getByRole('article');
  }

  /** The card of the job with this prompt. */
  card(prompt: string): Locator {
    return this.page.getByRole('article', { name: prompt, exact: true });
  }

  /** Chooses the settings of the smallest video, which is ready soonest. */
  async chooseSmallest(): Promise<void> {
    await this.page.getByText('More settings').click();
    await this.page.getByRole('radio', { name: '360' }).check();
    await this.page.getByLabel('Length').fill('1');
  }

  /** Submits the form for the smallest video. @param image a URL; null: the image is chosen already */
  async submitSmall(prompt: string, image: string | null = 'https://example.com/cat.png'): Promise<Locator> {
    await this.fillIn(image === null ? { prompt } : { prompt, image });
    await this.chooseSmallest();
    await this.generate();
    return this.card(prompt);
  }

  /** Waits until the page is connected. */
  async live(): Promise<void> {
    await this.connection('Live');
  }

  /** Waits until the page says this of its connection. */
  async connection(words: string): Promise<void> {
    await this.page.getByRole('status', { name: 'Connection' }).filter({ hasText: words }).waitFor();
  }

  async fillIn({ image, prompt }: FormValues): Promise<void> {
    if (image !== undefined) await this.page.getByLabel('or an image URL').fill(image);
    if (prompt !== undefined) await this.page.getByLabel('Prompt', { exact: true }).fill(prompt);
  }

  async generate(): Promise<void> {
    await this.generateButton.click();
  }

  /** Clicks again at the very moment at which the form says this: before any time that counts has gone by. */
  async generateWhenNoteSays(words: string): Promise<void> {
    await this.page.evaluate(`new Promise((done) => {
      const note = document.querySelector('.form-note');
      const look = () => {
        if (!note.textContent.includes(${JSON.stringify(words)})) return;
        observer.disconnect();
        document.querySelector('form button[type=submit]').click();
        done();
      };
      const observer = new MutationObserver(look);
      observer.observe(note, { childList: true, subtree: true, characterData: true });
      look();
    })`);
  }

  /** The job's id, by the link of its card. */
  async idOf(prompt: string): Promise<string> {
    const href = await this.card(prompt).getByRole('link').getAttribute('href');
    return href?.replace('/jobs/', '') ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opened[Symbol.asyncDispose]();
  }
}

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
