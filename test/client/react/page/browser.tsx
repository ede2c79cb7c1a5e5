import { createReelgate } from '@reelgate/client';
import { StrictMode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { App, type AppProps } from './app.tsx';

interface PageSettings extends Omit<AppProps, 'client'> {
  readonly url: string;
  readonly token?: string;
  readonly isHydrated?: boolean;
}

const settings: PageSettings = JSON.parse(document.querySelector('#settings')?.textContent ?? '{}');
const { url, isHydrated = false, token = null, ...view } = settings;
const app = (
  <StrictMode>
    <App client={createReelgate({ url, token })} {...view} />
  </StrictMode>
);
const root = document.querySelector('#root');
if (root === null) throw new Error('The page has no root.');
if (isHydrated) hydrateRoot(root, app);
else createRoot(root).render(app);
