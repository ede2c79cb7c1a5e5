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
