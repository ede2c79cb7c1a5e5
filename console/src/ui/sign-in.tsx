import { type SubmitEvent, useEffect, useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { readToken, saveToken } from '../gateway/token.ts';

/** A form for the bearer token. The rest of the page keeps its state, and gets the focus back. */
export function SignIn() {
  const { connection } = useGateway().client;
  const [refused] = useState(readToken() !== null);
  const [before] = useState(() => document.activeElement);
  useEffect(() => () => void (before instanceof HTMLElement && before.focus()), [before]);
  const signIn = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    if (typeof token !== 'string' || token.trim() === '') return;
    saveToken(token.trim().replace(/^bearer\s+/i, ''));
    connection.reconnect();
  };
  return (
    <main className="page">
      <form className="sign-in" onSubmit={signIn}>
        <h1>Sign in</h1>
        <p>This gateway requires a bearer token. It is stored in this tab only.</p>
        {refused && (
          <p role="alert" className="field-error">
            The gateway refused the token: it is wrong or has expired.
          </p>
        )}
        <div className="field">
          <label htmlFor="token">Token</label>
          <input
            id="token"
            type="password"
            name="token"
            autoComplete="off"
            spellCheck={false}
            required
            autoFocus
          />
        </div>
        <button type="submit" className="button primary">
          Sign in
        </button>
      </form>
    </main>
  );
}
