import type { Locator, Page } from 'playwright-core';
import type { OpenedPage, PageOptions, TestBrowser } from './browser.ts';

/** The image that each URL of example.com has for the page. */
const EXAMPLE_IMAGE = 'console/src/assets/sample.png';

/** Values of form fields. Absent fields stay unchanged. */
export interface FormValues {
  readonly image?: string;
  readonly prompt?: string;
}

/** The console in a page of its own. */
export class ConsolePage implements AsyncDisposable {
  readonly page: Page;
  readonly opened: OpenedPage;
  /** The mutations that the page sent: uploads and jobs. */
  readonly mutations: readonly string[];

  /** @param opened a page that has not loaded the console yet, so that no mutation is missed */
  constructor(opened: OpenedPage) {
    this.opened = opened;
    this.page = opened.page;
    this.mutations = noteMutations(opened.page);
  }

  /** Opens a page of the console and waits until it is live. */
  static async open(browser: TestBrowser, url: string, options: PageOptions = {}): Promise<ConsolePage> {
    const console = await ConsolePage.openWithoutWaiting(browser, url, options);
    await console.live();
    return console;
  }

  /** Opens a page of the console, whether it becomes live or not. */
  static async openWithoutWaiting(
    browser: TestBrowser,
    url: string,
    options: PageOptions = {},
  ): Promise<ConsolePage> {
    const console = new ConsolePage(await browser.open(options));
    // The form tries image URLs before it sends them.
    await console.page.route('https://example.com/**', (route) => route.fulfill({ path: EXAMPLE_IMAGE }));
    await console.page.goto(url);
    return console;
  }

  /** Opens another tab in the context of the first. */
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

  /** The note below the form's button. */
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

  /** Cards of failed jobs have a button whose name contains "seed". */
  get seedField(): Locator {
    return this.page.getByLabel('Seed', { exact: true });
  }

  /** The message about the last action. */
  get notice(): Locator {
    return this.page.getByRole('region', { name: 'Message' });
  }

  /** Chooses an entry of a card's menu. */
  async choose(prompt: string, entry: string): Promise<void> {
    const card = this.card(prompt);
    await card.getByRole('button', { name: `More actions: ${prompt}` }).click();
    await card.getByRole('button', { name: entry, exact: true }).click();
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

  /** Waits until the connection status contains these words. */
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

  /** Clicks again in the moment in which the form's note contains these words. */
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

  /** The job's id, taken from the link of its card. */
  async idOf(prompt: string): Promise<string> {
    const href = await this.card(prompt).getByRole('link').getAttribute('href');
    return href?.replace('/jobs/', '') ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opened[Symbol.asyncDispose]();
  }
}

/** An upload, in the list of a page's mutations. */
export const UPLOAD = 'upload';

/** Records the mutations of a page: uploads and jobs. Must be called before the page is loaded. */
export function noteMutations(page: Page): readonly string[] {
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'POST') return;
    const isUpload = request.headers()['content-type']?.startsWith('multipart/') === true;
    if (isUpload) sent.push(UPLOAD);
    else if (request.postData()?.includes('mutation') === true) sent.push(request.postData() ?? '');
  });
  return sent;
}
