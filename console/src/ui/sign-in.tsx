import type { SubmitEvent } from 'react';
import { saveToken } from '../gateway/token.ts';

/** Asks for the token that the gateway wants. */
export function SignIn() {
  return (
    <main className="page">
      <form className="sign-in" onSubmit={signIn}>
        <h1>Sign in</h1>
        <p>This gateway asks who you are. Paste a bearer token of yours; it is kept in this tab only.</p>
        <div className="field">
          <label htmlFor="token">Token</label>
          <input id="token" type="password" name="token" autoComplete="off" spellCheck={false} required />
        </div>
        <button type="submit" className="button primary">
          Sign in
        </button>
      </form>
    </main>
  );
}

function signIn(event: SubmitEvent<HTMLFormElement>): void {
  event.preventDefault();
  const token = new FormData(event.currentTarget).get('token');
  if (typeof token !== 'string') return;
  saveToken(token.trim());
  location.reload();
}
