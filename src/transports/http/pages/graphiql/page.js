/* Starts GraphiQL with the bearer token of this tab, which the console uses too (console/src/gateway/token.ts). Asks for a missing one. */
const KEY = 'reelgate-token';
const { settings, signIn } = JSON.parse(document.querySelector('#options').textContent);

self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_module, label) => `graphiql/${label}.js`,
};

// Pages over plain http have no `navigator.clipboard`, except on localhost. The deprecated API works there.
const writeText = async (text) => {
  const copy = (event) => {
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
  };
  document.addEventListener('copy', copy, { capture: true, once: true });
  document.execCommand('copy');
};
if (navigator.clipboard === undefined)
  Object.defineProperty(navigator, 'clipboard', { value: { writeText } });

/** Asks for an image. Rejects when none is chosen. */
const chooseFile = (signal) =>
  new Promise((resolve, reject) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = 'image/png,image/jpeg,image/webp';
    input.addEventListener('change', () => resolve(input.files[0]));
    input.addEventListener('cancel', () => reject(new Error('No file was chosen, so nothing was sent.')));
    // Browsers open no file chooser long after the press of the run button. The stop button ends the wait.
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    input.click();
  });

// Variables are JSON, which has no files: a variable of type File gets its value from a file chooser.
const FILE_VARIABLE = /\$(\w+)\s*:\s*File\b/;
const send = self.fetch.bind(self);
self.fetch = async (resource, init) => {
  const operation = typeof init?.body === 'string' ? JSON.parse(init.body) : {};
  const name = FILE_VARIABLE.exec(operation.query ?? '')?.[1];
  if (name === undefined) return send(resource, init);
  const file = await chooseFile(init.signal);
  const body = new FormData();
  const variables = { ...operation.variables, [name]: null };
  body.set('operations', JSON.stringify({ ...operation, variables }));
  body.set('map', JSON.stringify({ 0: [`variables.${name}`] }));
  body.set('0', file);
  // The browser writes the content type with the boundary.
  const { 'content-type': _, ...others } = Object.fromEntries(new Headers(init.headers));
  return send(resource, { ...init, headers: others, body });
};

const readToken = () => sessionStorage.getItem(KEY);

/** The authorization header, unless the headers tab has one. */
const headers = (request) => {
  const token = readToken();
  const names = Object.keys(request.extensions?.headers ?? {});
  const isInTab = names.some((name) => name.toLowerCase() === 'authorization');
  return token === null || isInTab ? {} : { authorization: `Bearer ${token}` };
};

const render = () => {
  document.querySelector('#sign-in').hidden = true;
  document.querySelector('#sign-out').hidden = readToken() === null;
  self.YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
    ...settings,
    additionalHeaders: headers,
    connectionParams: () => headers({}),
  });
};

const askForToken = (wasRefused) => {
  document.querySelector('#sign-in').hidden = false;
  document.querySelector('#refused').hidden = !wasRefused;
  document.querySelector('#sign-in input').focus();
};

/** Whether the gateway refuses the token. GraphiQL itself shows other errors. */
const isRefused = async () => {
  const answer = await fetch(location.pathname, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers({}) },
    body: JSON.stringify({ query: '{ __typename }' }),
  }).catch(() => null);
  return answer?.status === 401;
};

const start = async () => {
  if (!signIn) render();
  else if (readToken() === null) askForToken(false);
  else if (await isRefused()) askForToken(true);
  else render();
};

document.querySelector('#sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = new FormData(event.currentTarget)
    .get('token')
    .trim()
    .replace(/^bearer\s+/i, '');
  if (token === '') return;
  sessionStorage.setItem(KEY, token);
  void start();
});
document.querySelector('#skip').addEventListener('click', () => {
  sessionStorage.removeItem(KEY);
  render();
});
document.querySelector('#sign-out').addEventListener('click', () => {
  sessionStorage.removeItem(KEY);
  location.reload();
});
void start();
