/* Starts GraphiQL with the token that the console keeps for this tab (console/src/gateway/token.ts); asks for one first. */
const KEY = 'reelgate-token';
const { settings, signIn } = JSON.parse(document.querySelector('#options').textContent);

self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_module, label) => `graphiql/${label}.js`,
};

// Pages over plain http have no clipboard, except on this machine; the older way works there.
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

/** What the headers tab says wins. */
const headers = (request) => {
  const token = readToken();
  const written = Object.keys(request.extensions?.headers ?? {});
  const isWritten = written.some((name) => name.toLowerCase() === 'authorization');
  return token === null || isWritten ? {} : { authorization: `Bearer ${token}` };
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

/** Whether the endpoint takes the token; a gateway that cannot tell is GraphiQL's to show. */
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
